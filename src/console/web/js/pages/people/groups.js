// Groups: people and the rights that they have by them. The three built-in ones are the roles.
import { html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { plural } from "../../lib/format.js";
import { useLoaded } from "../../lib/load.js";
import { navigate } from "../../lib/router.js";
import { Confirm } from "../../components/confirm.js";
import { Button, Tag } from "../../components/controls.js";
import { changesOf, ChoicesField, SaveBar, TextField, useForm } from "../../components/form.js";
import { Card, Mark, Page, Row, Rows } from "../../components/page.js";
import { Failure, Skeleton } from "../../components/states.js";
import { toast } from "../../components/toast.js";

const PATH = "/pessoas/grupos";
const BACK = [PATH, "Grupos e permissões"];
const BUILT_IN = new Set(["Atendente", "Supervisor", "Gerente"]);
const PARTS = { core: "Configurações", accounts: "Pessoas", whatsapp: "WhatsApp", clientes: "Clientes", atendimento: "Atendimento", integracoes: "Integrações" };

export function Groups() {
  const list = useLoaded(() => api.get("authz/groups/"));
  return html`<${Card}><${Rows} list=${list} label="Grupos" empty=${{ icon: "shield", title: "Nenhum grupo" }}
    row=${(row) => html`<${Row} href=${`${PATH}/${row.id}`} mark=${html`<${Mark} icon="shield" />`} title=${row.name} hint=${plural(row.permissions.length, "direito", "direitos")}>${BUILT_IN.has(row.name) && html`<${Tag}>Papel<//>`}<//>`} /><//>`;
}

export function GroupPage({ id }) {
  const { data, error, reload } = useLoaded(async () => {
    const [rights, row] = await Promise.all([api.get("authz/permissions/"), id ? api.get(`authz/groups/${id}/`) : { name: "", permissions: [] }]);
    return { rights, row };
  }, [id]);
  if (error && !data) return html`<${Page} title="Grupo" back=${BACK}><${Failure} error=${error} onRetry=${reload} /><//>`;
  if (!data) return html`<${Page} title="Grupo" back=${BACK}><${Skeleton} rows=${6} kind="row" /><//>`;
  return html`<${Group} ...${data} onSaved=${reload} />`;
}

function Group({ rights, row, onSaved }) {
  const parts = Object.keys(PARTS).map((label) => [label, rights.filter((right) => right.app_label === label)]).filter(([, found]) => found.length);
  // One field for each part of the product; together they are the rights of the group.
  const form = useForm({ name: row.name, ...Object.fromEntries(parts.map(([label, found]) => [label, found.map((right) => right.id).filter((right) => row.permissions.includes(right))])) });
  const [isAsked, setAsked] = useState(false);
  const isBuiltIn = BUILT_IN.has(row.name);
  const save = async (event) => {
    event.preventDefault();
    const saved = await form.submit(({ name, ...chosen }) => {
      const permissions = Object.values(chosen).flat();
      if (!row.id) return api.post("authz/groups/", { name, permissions });
      return api.patch(`authz/groups/${row.id}/`, { ...("name" in changesOf(form) && { name }), permissions });
    });
    if (!saved) return;
    toast("Grupo salvo.", { kind: "ok" });
    if (row.id) onSaved();
    else navigate(`${PATH}/${saved.id}`, { replace: true });
  };
  const destroy = async () => {
    await api.remove(`authz/groups/${row.id}/`);
    toast("Grupo excluído.", { kind: "ok" });
    navigate(PATH);
  };
  return html`<${Page} size="medium" title=${row.id ? row.name : "Novo grupo"} back=${BACK} aside=${isBuiltIn && html`<${Tag}>Papel<//>`} actions=${row.id && !isBuiltIn && html`<${Button} icon="trash" onClick=${() => setAsked(true)}>Excluir<//>`}>
    <form class="stack" onSubmit=${save} noValidate>
      ${!isBuiltIn && html`<${Card} title="Grupo"><${TextField} form=${form} name="name" label="Nome" maxlength="150" required /><//>`}
      <${Card} title="Direitos" lead=${isBuiltIn ? "Valem para todas as pessoas com este papel." : "Somam-se aos do papel de cada pessoa do grupo."}>
        ${parts.map(([label, found]) => html`<${ChoicesField} key=${label} form=${form} name=${label} label=${PARTS[label]} options=${found.map((right) => [right.id, right.name])} />`)}
      <//>
      <${SaveBar} form=${form} label=${row.id ? "Salvar" : "Criar grupo"} />
    </form>
    ${isAsked && html`<${Confirm} title=${`Excluir o grupo ${row.name}?`} label="Excluir" icon="trash" run=${destroy} onClose=${() => setAsked(false)}>As pessoas dele perdem os direitos que tinham por ele.<//>`}
  <//>`;
}
