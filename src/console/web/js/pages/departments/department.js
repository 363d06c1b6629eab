// One department: its members, hours, and the rules of its queue.
import { html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { plural, roleName } from "../../lib/format.js";
import { useLoaded } from "../../lib/load.js";
import { navigate } from "../../lib/router.js";
import { may } from "../../lib/session.js";
import { Confirm } from "../../components/confirm.js";
import { Button, Switch, Tag } from "../../components/controls.js";
import { changesOf, ChoicesField, SaveBar, SelectField, SwitchField, TextField, useForm } from "../../components/form.js";
import { hoursOf, HoursField } from "../../components/hours.js";
import { Card, Page } from "../../components/page.js";
import { Failure, Skeleton } from "../../components/states.js";
import { toast } from "../../components/toast.js";
import { agents, departments, nameOf, reloadPeople } from "../../store/people.js";

const BACK = ["/departamentos", "Departamentos"];
const COLOURS = ["#3B82F6", "#10B981", "#F59E0B", "#EF4444", "#8B5CF6", "#EC4899", "#14B8A6", "#64748B"];
/** What the API fills in when a department is made without more. */
const FRESH = {
  nome: "", descricao: "", cor: COLOURS[0], ativo: true, atendentes: [], max_atendimentos_simultaneos: 5, tempo_resposta_esperado_minutos: 15, horario_atendimento: null,
  modo_atribuicao: "automatico", oferta_segundos: 30, ofertas_sem_resposta_max: 3, relaxar_competencias_segundos: [60, 180], transbordo_departamento: null, transbordo_espera_segundos: 600, transferencia_retorno_segundos: 600,
};
const COUNTS = ["max_atendimentos_simultaneos", "tempo_resposta_esperado_minutos", "oferta_segundos", "ofertas_sem_resposta_max", "transbordo_espera_segundos", "transferencia_retorno_segundos"];

export function DepartmentPage({ id }) {
  const { data, error, reload, set } = useLoaded(() => (id ? api.get(`atendimento/departamentos/${id}/`) : FRESH), [id]);
  const title = id ? (data?.nome ?? "Departamento") : "Novo departamento";
  if (error && !data) return html`<${Page} title=${title} back=${BACK}><${Failure} error=${error} onRetry=${reload} /><//>`;
  if (!data) return html`<${Page} title=${title} back=${BACK}><${Skeleton} rows=${6} kind="row" /><//>`;
  return html`<${Department} row=${data} onSaved=${set} />`;
}

/** The fields of a row as they stand in the form. */
function source(row) {
  const { horario_atendimento: hours, relaxar_competencias_segundos: waits, transbordo_departamento: overflow } = row;
  const own = Object.fromEntries(["nome", "descricao", "cor", "ativo", "atendentes", "modo_atribuicao", ...COUNTS].map((name) => [name, row[name]]));
  return { ...own, hasHours: Boolean(hours), horario_atendimento: hours && hoursOf(hours), relaxar_competencias_segundos: waits.join(", "), transbordo_departamento: overflow ?? "" };
}

function body({ hasHours, ...values }) {
  const sent = { ...values };
  for (const name of COUNTS) if (name in sent) sent[name] = sent[name] === "" ? null : Number(sent[name]);
  if ("relaxar_competencias_segundos" in sent) sent.relaxar_competencias_segundos = sent.relaxar_competencias_segundos.split(/[,; ]+/).filter(Boolean).map(Number);
  if ("transbordo_departamento" in sent) sent.transbordo_departamento = sent.transbordo_departamento ? Number(sent.transbordo_departamento) : null;
  return sent;
}

function Department({ row, onSaved }) {
  const form = useForm(source(row));
  const [dialog, setDialog] = useState(null);
  const { values } = form;
  const save = async (event) => {
    event.preventDefault();
    const saved = await form.submit(() => (row.id ? api.patch(`atendimento/departamentos/${row.id}/`, body(changesOf(form))) : api.post("atendimento/departamentos/", body(values))));
    if (!saved) return;
    toast("Departamento salvo.", { kind: "ok" });
    reloadPeople().catch(() => {});
    if (row.id) onSaved(saved);
    else navigate(`${BACK[0]}/${saved.id}`, { replace: true });
  };
  const destroy = async () => {
    await api.remove(`atendimento/departamentos/${row.id}/`);
    toast("Departamento excluído.", { kind: "ok" });
    reloadPeople().catch(() => {});
    navigate(BACK[0]);
  };
  const setHours = (isOwn) => {
    form.set("hasHours", isOwn);
    form.set("horario_atendimento", isOwn ? hoursOf(Object.fromEntries(["segunda", "terca", "quarta", "quinta", "sexta"].map((day) => [day, { inicio: "08:00", fim: "18:00" }]))) : null);
  };
  const others = departments.value.filter((other) => other.ativo && other.id !== row.id).map((other) => [other.id, other.nome]);
  const people = agents.value.filter((agent) => agent.is_active || values.atendentes.includes(agent.id)).map((agent) => [agent.id, nameOf(agent), agent.is_active ? roleName(agent.role) : "Desativado"]);
  const aside = row.id && html`${!row.ativo && html`<${Tag}>Desativado<//>`}${row.total_em_fila > 0 && html`<${Tag} kind="warn">${row.total_em_fila} na fila<//>`}`;
  return html`<${Page} title=${row.id ? row.nome : "Novo departamento"} back=${BACK} aside=${aside}
    actions=${row.id && may("atendimento.delete_departamentos") && html`<${Button} icon="trash" onClick=${() => setDialog("destroy")}>Excluir<//>`}>
    <form class="stack" onSubmit=${save} noValidate>
      <${Card} title="Departamento">
        <div class="fields"><${TextField} form=${form} name="nome" label="Nome" maxlength="100" required /><${TextField} form=${form} name="descricao" label="Descrição" hint="Só a equipe a vê." /></div>
        <${ColourField} form=${form} />
        <${SwitchField} form=${form} name="ativo" label="Ativo" hint="Desativado não recebe conversas; o histórico fica." />
      <//>
      <${Card} title="Quem atende" lead=${plural(values.atendentes.length, "pessoa", "pessoas")}>
        <${ChoicesField} form=${form} name="atendentes" label="Membros" options=${people} hint="Só membros que estão online recebem conversas." />
      <//>
      <${Card} title="Capacidade e prazo"><div class="fields">
        <${TextField} form=${form} name="max_atendimentos_simultaneos" label="Conversas por pessoa ao mesmo tempo" inputmode="numeric" />
        <${TextField} form=${form} name="tempo_resposta_esperado_minutos" label="Prazo da primeira resposta, em minutos" hint="Conta só dentro do horário." inputmode="numeric" />
      </div><//>
      <${Card} title="Distribuição">
        <div class="options" role="radiogroup" aria-label="Como a conversa chega">${[["automatico", "Entrega automática", "A conversa é dada a quem tem vaga."], ["oferta", "Oferta", "A pessoa é chamada e aceita ou recusa."]].map(([value, label, hint]) => html`<label class="option" key=${value}><input type="radio" name="modo" checked=${values.modo_atribuicao === value} onChange=${() => form.set("modo_atribuicao", value)} /><span>${label}<small>${hint}</small></span></label>`)}</div>
        ${values.modo_atribuicao === "oferta" && html`<div class="fields"><${TextField} form=${form} name="oferta_segundos" label="Segundos para aceitar" inputmode="numeric" /><${TextField} form=${form} name="ofertas_sem_resposta_max" label="Ofertas sem resposta até a pausa" hint="Depois delas a pessoa é posta em pausa." inputmode="numeric" /></div>`}
        <div class="fields">
          <${SelectField} form=${form} name="transbordo_departamento" label="Transbordo: quem espera demais vai para" options=${[["", "Nenhum: espera aqui"], ...others]} />
          ${values.transbordo_departamento !== "" && html`<${TextField} form=${form} name="transbordo_espera_segundos" label="Depois de quantos segundos" inputmode="numeric" />`}
          <${TextField} form=${form} name="transferencia_retorno_segundos" label="Transferência sem resposta volta à fila depois de (segundos)" hint="0: nunca." inputmode="numeric" />
          <${TextField} form=${form} name="relaxar_competencias_segundos" label="Relaxar competências depois de (segundos)" hint="Como 60, 180: a cada espera, uma competência a menos é exigida. Vazio: nunca." />
        </div>
      <//>
      <${Card} title="Horário de atendimento">
        <${Switch} label="Horário próprio" hint=${values.hasHours ? "Vale no lugar do horário da empresa." : "Vale o horário da empresa, das configurações."} checked=${values.hasHours} onChange=${setHours} />
        ${values.hasHours && html`<${HoursField} form=${form} name="horario_atendimento" />`}
      <//>
      <${SaveBar} form=${form} label=${row.id ? "Salvar" : "Criar departamento"} />
    </form>
    ${dialog === "destroy" && html`<${Confirm} title=${`Excluir ${row.nome}?`} label="Excluir" icon="trash" run=${destroy} onClose=${() => setDialog(null)}>Não pode ser desfeito. Um departamento que já teve conversas não pode ser excluído: desative-o.<//>`}
  <//>`;
}

function ColourField({ form }) {
  const error = form.errorOf("cor");
  const chosen = (form.values.cor ?? "").toUpperCase();
  return html`<fieldset class="choices"><legend>Cor</legend><div class="swatches">
    ${COLOURS.map((colour) => html`<button type="button" key=${colour} class="swatch" style=${{ background: colour }} aria-label=${`Cor ${colour}`} aria-pressed=${chosen === colour ? "true" : "false"} onClick=${() => form.set("cor", colour)}></button>`)}
    <input type="color" aria-label="Outra cor" value=${chosen} onInput=${(event) => form.set("cor", event.currentTarget.value.toUpperCase())} /></div>
    ${error && html`<p class="note" role="alert">${error}</p>`}</fieldset>`;
}
