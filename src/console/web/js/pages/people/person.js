// One person: who it is, where he or she works, what may be done, the password, and the end.
import { html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { dateTime, plural, roleName } from "../../lib/format.js";
import { useLoaded } from "../../lib/load.js";
import { navigate } from "../../lib/router.js";
import { may, me, role as ownRole } from "../../lib/session.js";
import { Confirm } from "../../components/confirm.js";
import { Button, Tag } from "../../components/controls.js";
import { changesOf, ChoicesField, SaveBar, SelectField, TextField, useForm } from "../../components/form.js";
import { Card, Page, Pairs } from "../../components/page.js";
import { Failure, Skeleton } from "../../components/states.js";
import { toast } from "../../components/toast.js";
import { departments, nameOf, reloadPeople } from "../../store/people.js";
import { LABELS } from "../../store/presence.js";

const BACK = ["/pessoas", "Pessoas"];
const ROLES = ["atendente", "supervisor", "gerente", "admin"];
const RIGHTS = { atendente: "Atende as próprias conversas.", supervisor: "Acompanha os seus departamentos.", gerente: "Cuida de números, departamentos e pessoas.", admin: "Pode tudo." };
const FRESH = { username: "", display_name: "", email: "", phone_number: "", role: "atendente", departamentos: [], competencias: [], is_active: true };
const PASSWORD_CHARS_MIN = 8;

export function PersonPage({ id }) {
  const { data, error, reload, set } = useLoaded(() => (id ? api.get(`agents/${id}/`) : FRESH), [id]);
  if (error && !data) return html`<${Page} title="Pessoa" back=${BACK}><${Failure} error=${error} onRetry=${reload} /><//>`;
  if (!data) return html`<${Page} title="Pessoa" back=${BACK}><${Skeleton} rows=${6} kind="row" /><//>`;
  return html`<${Person} row=${data} onSaved=${(row) => { set(row); reloadPeople().catch(() => {}); }} />`;
}

const source = ({ username, display_name, email, phone_number, role, departamentos, competencias }) => ({ username, display_name, email, phone_number, role, departamentos, competencias: competencias.join(", "), password: "" });

function body({ competencias, ...values }) {
  return competencias === undefined ? values : { ...values, competencias: competencias.split(/[,;\n]+/).map((text) => text.trim()).filter(Boolean) };
}

function Person({ row, onSaved }) {
  const form = useForm(source(row));
  const [dialog, setDialog] = useState(null);
  const isNew = !row.id;
  const isSelf = row.id === me.value.id;
  const reach = ROLES.indexOf(ownRole.value);
  const mayChange = ROLES.indexOf(row.role) <= reach;
  const roles = ROLES.filter((role, rank) => rank <= reach || role === row.role).map((role) => [role, `${roleName(role)} – ${RIGHTS[role]}`]);
  const save = async (event) => {
    event.preventDefault();
    const saved = await form.submit((values) => (isNew ? api.post("agents/", body(values)) : api.patch(`agents/${row.id}/`, body(changesOf(form)))));
    if (!saved) return;
    toast(isNew ? `${nameOf(saved)} já pode entrar.` : "Pessoa salva.", { kind: "ok" });
    onSaved(saved);
    if (isNew) navigate(`${BACK[0]}/${saved.id}`, { replace: true });
  };
  const setActive = async (is_active) => {
    onSaved(await api.patch(`agents/${row.id}/`, { is_active }));
    toast(is_active ? "Acesso reativado." : "Acesso desativado. Os aparelhos da pessoa saíram do sistema.", { kind: "ok" });
  };
  const actions = !isNew && mayChange && html`
    <${Button} icon="key-round" onClick=${() => setDialog("password")}>Trocar a senha<//>
    ${!isSelf && html`<${Button} icon=${row.is_active ? "ban" : "check"} onClick=${() => setDialog("active")}>${row.is_active ? "Desativar" : "Reativar"}<//>`}`;
  return html`<${Page} size="medium" title=${isNew ? "Nova pessoa" : nameOf(row)} back=${BACK} actions=${actions} lead=${isNew ? undefined : `@${row.username}`}
    aside=${!isNew && html`<${Tag} kind=${row.role === "atendente" ? "" : "accent"}>${roleName(row.role)}<//>${!row.is_active && html`<${Tag} kind="danger">Desativada<//>`}`}>
    ${!mayChange && html`<p class="notice">O papel desta pessoa está acima do seu: só se pode ver.</p>`}
    <form class="stack" onSubmit=${save} noValidate><fieldset class="bare stack" disabled=${!mayChange}>
      <${Card} title="Quem é">
        ${isNew && html`<div class="fields"><${TextField} form=${form} name="username" label="Usuário" hint="Para entrar. Letras, números e @ . + - _; não muda depois." maxlength="150" required autocapitalize="none" />
          <${TextField} form=${form} name="password" label="Senha" hint=${`Pelo menos ${PASSWORD_CHARS_MIN} caracteres.`} type="password" autocomplete="new-password" required /></div>`}
        <div class="fields"><${TextField} form=${form} name="display_name" label="Nome" hint="Como os colegas e os clientes o leem." maxlength="150" /><${TextField} form=${form} name="email" label="E-mail" type="email" /><${TextField} form=${form} name="phone_number" label="Telefone" type="tel" maxlength="30" /></div>
      <//>
      <${Card} title="O que faz">
        <${SelectField} form=${form} name="role" label="Papel" options=${roles} disabled=${isSelf} hint=${isSelf ? "Ninguém muda o próprio papel." : undefined} />
        <${ChoicesField} form=${form} name="departamentos" label="Departamentos" options=${departments.value.filter((place) => place.ativo || form.values.departamentos.includes(place.id)).map((place) => [place.id, place.nome, place.descricao])} none="Ainda não há departamentos." />
        <${TextField} form=${form} name="competencias" label="Competências" hint="Separadas por vírgula, como: inglês, boleto. Conversas que as exigem vão a quem as tem." />
      <//>
      <${SaveBar} form=${form} label=${isNew ? "Criar pessoa" : "Salvar"} />
    </fieldset></form>
    ${!isNew && may("accounts.manage_auth") && html`<${GroupsOf} id=${row.id} onSaved=${() => api.get(`agents/${row.id}/`).then(onSaved)} />`}
    ${!isNew && html`<${Card} title="Agora"><${Pairs} rows=${[["Presença", LABELS[row.presence]], ["Conversas abertas", plural(row.atendimentos_ativos, "conversa", "conversas")], ["Cadastrada em", dateTime(row.created_at)], ["Alterada em", dateTime(row.updated_at)]]} /><//>`}
    ${dialog === "password" && html`<${PasswordDialog} row=${row} isSelf=${isSelf} onClose=${() => setDialog(null)} />`}
    ${dialog === "active" && html`<${Confirm} title=${row.is_active ? `Desativar ${nameOf(row)}?` : `Reativar ${nameOf(row)}?`} kind=${row.is_active ? "danger" : "primary"} label=${row.is_active ? "Desativar" : "Reativar"} run=${() => setActive(!row.is_active)} onClose=${() => setDialog(null)}>
      ${row.is_active ? `Sai do sistema na hora, em todos os aparelhos, e não recebe mais conversas.${row.atendimentos_ativos ? ` Tem ${plural(row.atendimentos_ativos, "conversa aberta", "conversas abertas")}.` : ""} O que fez continua registrado.` : "Volta a poder entrar, com a senha que tinha."}<//>`}
  <//>`;
}

function GroupsOf({ id, onSaved }) {
  const { data, error, reload, set } = useLoaded(async () => {
    const [groups, own] = await Promise.all([api.get("authz/groups/"), api.get(`authz/agents/${id}/groups/`)]);
    return { groups, own };
  }, [id]);
  const form = useForm({ group_ids: data?.own.map((group) => group.id) ?? [] });
  if (error && !data) return html`<${Card} title="Grupos"><${Failure} error=${error} onRetry=${reload} /><//>`;
  const save = async () => {
    const own = await form.submit((values) => api.patch(`authz/agents/${id}/groups/`, values));
    if (!own) return;
    set((old) => ({ ...old, own }));
    toast("Grupos salvos.", { kind: "ok" });
    onSaved();
  };
  return html`<${Card} title="Grupos" lead="O grupo mais alto entre Atendente, Supervisor e Gerente é o papel; os outros somam direitos." onSubmit=${save}>
    ${data ? html`<${ChoicesField} form=${form} name="group_ids" label="Está em" options=${data.groups.map((group) => [group.id, group.name, plural(group.permissions.length, "direito", "direitos")])} />` : html`<${Skeleton} rows=${2} />`}
    <${SaveBar} form=${form} />
  <//>`;
}

function PasswordDialog({ row, isSelf, onClose }) {
  const form = useForm({ password: "" });
  const submit = async () => {
    await api.patch(`agents/${row.id}/`, { password: form.values.password });
    toast("Senha trocada.", { kind: "ok" });
  };
  return html`<${Confirm} title="Trocar a senha" kind="primary" label="Trocar" run=${submit} onClose=${onClose}>
    <div class="stack"><p>${isSelf ? "Você sai do sistema em todos os aparelhos e entra com a nova." : "A pessoa sai do sistema em todos os aparelhos e entra com a nova."}</p>
    <${TextField} form=${form} name="password" label="Nova senha" hint=${`Pelo menos ${PASSWORD_CHARS_MIN} caracteres.`} type="password" autocomplete="new-password" required minlength=${PASSWORD_CHARS_MIN} maxlength="128" /></div>
  <//>`;
}
