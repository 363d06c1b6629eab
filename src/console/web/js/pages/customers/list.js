// All customers that one may see.
import { html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { number } from "../../lib/format.js";
import { useEvents, useLoaded, usePages, useSettled } from "../../lib/load.js";
import { navigate } from "../../lib/router.js";
import { Avatar, Button, Tag } from "../../components/controls.js";
import { Card, Filter, Row, Rows, SearchBox } from "../../components/page.js";
import { agents, agentsById, nameOf } from "../../store/people.js";
import { numberOf, options, PERSONS, STATUSES, StatusTag } from "./words.js";

const FRESH = { status: "", tipo_pessoa: "", agente_responsavel: "", grupo_empresa: "", ordering: "razao_social" };
const ORDERS = [["razao_social", "Por nome"], ["-created_at", "Mais novos"], ["-updated_at", "Alterados há pouco"]];

export function Customers({ frame }) {
  const [term, setTerm] = useState("");
  const [filters, setFilters] = useState(FRESH);
  const search = useSettled(term);
  const list = usePages("clientes/", { search, ...filters });
  const groups = useLoaded(() => api.all("grupos-empresa/"));
  // Who writes for the first time becomes a customer.
  useEvents(["new_chat"], list.reload);
  const choose = (name) => (value) => setFilters({ ...filters, [name]: value });
  const isNarrowed = Boolean(term) || JSON.stringify({ ...filters, ordering: "" }) !== JSON.stringify({ ...FRESH, ordering: "" });
  return frame(html`<${Button} kind="primary" icon="user-plus" onClick=${() => navigate("/clientes/novo")}>Novo cliente<//>`, html`
    <div class="filters"><${SearchBox} value=${term} onInput=${setTerm} label="Nome, CNPJ, CPF, telefone, e-mail, cidade…" />
      <${Filter} label="Situação" value=${filters.status} onChange=${choose("status")} options=${[["", "Todas as situações"], ...options(STATUSES)]} />
      <${Filter} label="Tipo" value=${filters.tipo_pessoa} onChange=${choose("tipo_pessoa")} options=${[["", "Todos os tipos"], ...options(PERSONS)]} />
      <${Filter} label="Responsável" value=${filters.agente_responsavel} onChange=${choose("agente_responsavel")} options=${[["", "Todos os responsáveis"], ...agents.value.map((agent) => [agent.id, nameOf(agent)])]} />
      ${groups.data?.length > 0 && html`<${Filter} label="Grupo" value=${filters.grupo_empresa} onChange=${choose("grupo_empresa")} options=${[["", "Todos os grupos"], ...groups.data.map((group) => [group.id, group.nome])]} />`}
      <${Filter} label="Ordem" value=${filters.ordering} onChange=${choose("ordering")} options=${ORDERS} />
      ${isNarrowed && html`<${Button} kind="quiet" class="small" icon="x" onClick=${() => { setTerm(""); setFilters(FRESH); }}>Limpar<//>`}</div>
    <${Card}>
      ${list.rows && html`<p class="soft list-count" role="status">${number(list.count)} ${list.count === 1 ? "cliente" : "clientes"}</p>`}
      <${Rows} list=${list} label="Clientes" empty=${isNarrowed ? { icon: "search", title: "Nenhum cliente assim", children: "Mude a busca ou os filtros." } : { icon: "contact-round", title: "Nenhum cliente", children: "Quem escreve pela primeira vez entra aqui; também se cadastra à mão." }}
        row=${(row) => html`<${Row} href=${`/clientes/${row.id}`} dim=${row.status !== "ativo"} mark=${html`<${Avatar} name=${row.nome_display} />`} title=${row.nome_display} hint=${[row.documento_formatado, numberOf(row), row.email, [row.cidade, row.estado].filter(Boolean).join("/")].filter(Boolean).join(" · ")}>
          ${row.documento_valido === false && html`<${Tag} kind="warn">Conferir documento<//>`}${row.agente_responsavel && html`<${Tag} icon="user">${nameOf(agentsById.value.get(row.agente_responsavel))}<//>`}${row.status !== "ativo" && html`<${StatusTag} status=${row.status} />`}<//>`} />
    <//>`);
}
