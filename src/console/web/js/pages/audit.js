// The audit trail: who changed what. Nothing in it is ever changed or removed.
import { html, useState } from "../lib/html.js";
import { dateTime, plural } from "../lib/format.js";
import { usePages, useSettled } from "../lib/load.js";
import { Avatar, Button, Tag } from "../components/controls.js";
import { Icon } from "../components/icon.js";
import { Card, Filter, Page, SearchBox } from "../components/page.js";
import { Empty, Failure, Skeleton } from "../components/states.js";
import { agents, nameOf } from "../store/people.js";

const ACTIONS = { criado: ["Criou", "ok"], alterado: ["Alterou", ""], excluido: ["Excluiu", "danger"], gerado: ["Gerou", "ok"], exportado: ["Exportou", "warn"], importado: ["Importou", "warn"] };
const SUBJECTS = { agente: "Pessoa", grupo: "Grupo", departamento: "Departamento", sessao: "Número", configuracao: "Configuração", cliente: "Cliente", grupo_empresa: "Grupo de empresas", contato: "Contato", documento: "Documento", nota: "Nota", resposta_rapida: "Resposta rápida" };
const SECTIONS = { company: "Empresa", chat: "Atendimento", email: "E-mail", appearance: "Aparência", whatsapp: "WhatsApp", documents: "Modelos de documento" };
const FRESH = { agente: "", acao: "", assunto: "", criado_apos: "", criado_antes: "" };
/** Parts of the settings, and `webhooks/1`. */
const subjectName = ({ assunto, assunto_nome: name }) => (assunto === "configuracao" ? (SECTIONS[name] ?? name.replace("webhooks/", "Webhook ")) : name);

/** The beginning of a day here, or of one after it. */
function midnight(day, later = 0) {
  if (!day) return "";
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}

export default function AuditPage() {
  const [term, setTerm] = useState("");
  const [filters, setFilters] = useState(FRESH);
  const search = useSettled(term);
  const { criado_apos: from, criado_antes: until, ...exact } = filters;
  const list = usePages("auditoria/", { search, ...exact, criado_apos: midnight(from), criado_antes: midnight(until, 1) });
  const choose = (name) => (value) => setFilters({ ...filters, [name]: value });
  const day = (name, label) => html`<label class="filter-day"><span>${label}</span><input class="input filter" type="date" value=${filters[name]} onChange=${(event) => choose(name)(event.currentTarget.value)} /></label>`;
  const isNarrowed = Boolean(term) || Object.values(filters).some(Boolean);
  return html`<${Page} title="Auditoria" lead="Quem mudou o quê. Nada aqui é alterado ou apagado." actions=${html`<${Button} icon="refresh-cw" isBusy=${list.isBusy} onClick=${list.reload}>Atualizar<//>`}>
    <div class="filters"><${SearchBox} value=${term} onInput=${setTerm} label="Buscar por nome ou motivo" />
      <${Filter} label="Quem" value=${filters.agente} onChange=${choose("agente")} options=${[["", "Todas as pessoas"], ...agents.value.map((agent) => [agent.id, nameOf(agent)])]} />
      <${Filter} label="Ação" value=${filters.acao} onChange=${choose("acao")} options=${[["", "Todas as ações"], ...Object.entries(ACTIONS).map(([key, [label]]) => [key, label])]} />
      <${Filter} label="Assunto" value=${filters.assunto} onChange=${choose("assunto")} options=${[["", "Todos os assuntos"], ...Object.entries(SUBJECTS)]} />
      ${day("criado_apos", "De")}${day("criado_antes", "Até")}
      ${isNarrowed && html`<${Button} kind="quiet" class="small" icon="x" onClick=${() => { setTerm(""); setFilters(FRESH); }}>Limpar<//>`}</div>
    <${Card}><${Entries} list=${list} isNarrowed=${isNarrowed} /><//>
  <//>`;
}

function Entries({ list, isNarrowed }) {
  if (list.error && !list.rows) return html`<${Failure} error=${list.error} onRetry=${list.reload} />`;
  if (!list.rows) return html`<${Skeleton} rows=${8} kind="row" />`;
  if (list.rows.length === 0) return html`<${Empty} icon=${isNarrowed ? "search" : "scroll-text"} title=${isNarrowed ? "Nada assim na trilha" : "A trilha está vazia"} />`;
  return html`<p class="soft list-count">${plural(list.count, "registro", "registros")}</p><ul class="rows" aria-label="Registros">${list.rows.map((row) => html`<li key=${row.id}><${Entry} row=${row} /></li>`)}</ul>
    ${list.hasMore && html`<div class="rows-more"><${Button} icon="chevron-down" isBusy=${list.isBusy} onClick=${list.more}>Mostrar mais<//></div>`}`;
}

function Entry({ row }) {
  const [action, kind] = ACTIONS[row.acao] ?? [row.acao, ""];
  const who = row.agente_nome ?? "O sistema";
  const head = html`<${Avatar} name=${who} size="small" /><span class="row-text"><span class="entry-title"><strong>${who}</strong><${Tag} kind=${kind}>${action}<//><span class="soft">${SUBJECTS[row.assunto] ?? row.assunto}</span><strong class="cut">${subjectName(row)}</strong></span>${row.motivo && html`<small class="cut">${row.motivo}</small>`}</span>
    <span class="row-side"><small class="numbers">${dateTime(row.em)}</small></span>`;
  if (row.alteracoes.length === 0) return html`<div class="row">${head}</div>`;
  return html`<details class="entry"><summary class="row">${head}<${Icon} name="chevron-down" size=${16} /></summary><${Changes} rows=${row.alteracoes.map(({ campo, de, para }) => [campo, de, para])} /></details>`;
}

const shown = (value) => (value === null || value === undefined || value === "" ? html`<span class="faint">vazio</span>` : String(value));

/** What was changed: rows of field, before, after. */
export const Changes = ({ rows }) => html`<dl class="changes">${rows.map(([field, before, after]) => html`<div key=${field}><dt>${field.replaceAll("_", " ")}</dt><dd><span class="before">${shown(before)}</span><${Icon} name="chevron-right" size=${14} /><span>${shown(after)}</span></dd></div>`)}</dl>`;
