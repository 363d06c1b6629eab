// The people who work with the system, and the groups that give them rights.
import { html, useState } from "../../lib/html.js";
import { phone, roleName } from "../../lib/format.js";
import { useEvents, usePages, useSettled } from "../../lib/load.js";
import { navigate } from "../../lib/router.js";
import { may } from "../../lib/session.js";
import { Avatar, Button, Tag } from "../../components/controls.js";
import { Card, Filter, Page, Row, Rows, SearchBox, Sections } from "../../components/page.js";
import { departments, departmentsById, nameOf } from "../../store/people.js";
import { LABELS, presences } from "../../store/presence.js";
import { GroupPage, Groups } from "./groups.js";
import { PersonPage } from "./person.js";

const PATH = "/pessoas";
export const ROLES = ["atendente", "supervisor", "gerente", "admin"];
const SECTIONS = [[PATH, "Pessoas"], [`${PATH}/grupos`, "Grupos e permissões"]];

export default function PeoplePage({ params: { section, id } }) {
  if (section === "grupos" && !may("accounts.manage_auth")) return html`<${People} />`;
  if (section === "grupos") return id ? html`<${GroupPage} key=${id} id=${id === "novo" ? null : Number(id)} />` : html`<${Frame} current=${SECTIONS[1][0]} actions=${html`<${Button} kind="primary" icon="plus" onClick=${() => navigate(`${PATH}/grupos/novo`)}>Novo grupo<//>`}><${Groups} /><//>`;
  if (section) return html`<${PersonPage} key=${section} id=${section === "novo" ? null : Number(section)} />`;
  return html`<${People} />`;
}

const Frame = ({ current, actions, children }) => html`<${Page} title="Pessoas" lead="Quem entra no sistema e o que pode fazer. Ninguém é excluído: quem sai é desativado." actions=${actions}>
  ${may("accounts.manage_auth") && html`<${Sections} label="Pessoas" items=${SECTIONS} current=${current} />`}${children}<//>`;

function People() {
  const [term, setTerm] = useState("");
  const [filters, setFilters] = useState({ role: "", departamento: "", is_active: "true" });
  const search = useSettled(term);
  const list = usePages("agents/", { search, ...filters });
  useEvents(["agent_presence_changed"], ({ agent_id: id, status }) => list.set((rows) => rows.map((row) => (row.id === id ? { ...row, presence: status } : row))));
  const choose = (name) => (value) => setFilters({ ...filters, [name]: value });
  const places = (row) => row.departamentos.map((id) => departmentsById.value.get(id)?.nome).filter(Boolean).join(", ");
  return html`<${Frame} current=${PATH} actions=${html`<${Button} kind="primary" icon="user-plus" onClick=${() => navigate(`${PATH}/novo`)}>Nova pessoa<//>`}>
    <div class="filters"><${SearchBox} value=${term} onInput=${setTerm} label="Buscar por nome, usuário ou e-mail" />
      <${Filter} label="Papel" value=${filters.role} onChange=${choose("role")} options=${[["", "Todos os papéis"], ...ROLES.map((role) => [role, roleName(role)])]} />
      <${Filter} label="Departamento" value=${filters.departamento} onChange=${choose("departamento")} options=${[["", "Todos os departamentos"], ...departments.value.map((row) => [row.id, row.nome])]} />
      <${Filter} label="Situação" value=${filters.is_active} onChange=${choose("is_active")} options=${[["true", "Ativas"], ["false", "Desativadas"], ["", "Todas"]]} /></div>
    <${Card}><${Rows} list=${list} label="Pessoas" empty=${{ icon: "users", title: "Ninguém encontrado", children: "Mude a busca ou os filtros." }}
      row=${(row) => {
        const status = presences.value.get(row.id)?.status ?? row.presence;
        return html`<${Row} href=${`${PATH}/${row.id}`} dim=${!row.is_active} mark=${html`<${Avatar} name=${nameOf(row)} presence=${row.is_active ? status : undefined} />`} title=${nameOf(row)} hint=${[`@${row.username}`, places(row), phone(row.phone_number)].filter(Boolean).join(" · ")}>
          ${row.is_active ? html`<${Tag} kind=${status === "online" ? "ok" : ""}>${LABELS[status]}<//>` : html`<${Tag}>Desativada<//>`}<${Tag} kind=${row.role === "atendente" ? "" : "accent"}>${roleName(row.role)}<//><//>`;
      }} /><//>
  <//>`;
}
