// Departments: who serves what, and how its conversations find somebody.
import { html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { plural } from "../../lib/format.js";
import { useEvents, useLoaded } from "../../lib/load.js";
import { navigate } from "../../lib/router.js";
import { Button, Tag } from "../../components/controls.js";
import { Card, Filter, Page, Row, Rows, SearchBox } from "../../components/page.js";
import { plain } from "../chats/lists.js";
import { DepartmentPage } from "./department.js";

const PATH = "/departamentos";
const STATES = [["", "Todos"], ["true", "Ativos"], ["false", "Desativados"]];

export default function DepartmentsPage({ params }) {
  return params.department ? html`<${DepartmentPage} key=${params.department} id=${params.department === "novo" ? null : Number(params.department)} />` : html`<${Departments} />`;
}

function Departments() {
  const [term, setTerm] = useState("");
  const [isActive, setActive] = useState("");
  const list = useLoaded(() => api.all("atendimento/departamentos/"));
  useEvents(["queue_changed"], ({ departamento_id: id, aguardando }) => list.set((rows) => rows?.map((row) => (row.id === id ? { ...row, total_em_fila: aguardando } : row))));
  const rows = list.data?.filter((row) => (isActive === "" || String(row.ativo) === isActive) && plain(`${row.nome} ${row.descricao}`).includes(plain(term)));
  const isNarrowed = Boolean(term || isActive);
  return html`<${Page} title="Departamentos" lead="Para onde vão as conversas, quem as atende e até quando." actions=${html`<${Button} kind="primary" icon="plus" onClick=${() => navigate(`${PATH}/novo`)}>Novo departamento<//>`}>
    <div class="filters"><${SearchBox} value=${term} onInput=${setTerm} label="Buscar departamento" /><${Filter} label="Situação" value=${isActive} options=${STATES} onChange=${setActive} /></div>
    <${Card}><${Rows} list=${list} rows=${rows} label="Departamentos" empty=${isNarrowed ? { icon: "search", title: "Nenhum departamento assim" } : { icon: "layers", title: "Nenhum departamento", children: "Crie o primeiro para que as conversas tenham para onde ir." }}
      row=${(row) => html`<${Row} href=${`${PATH}/${row.id}`} dim=${!row.ativo} mark=${html`<span class="swatch" style=${{ background: row.cor }} aria-hidden="true"></span>`} title=${row.nome} hint=${row.descricao}>
        ${!row.ativo && html`<${Tag}>Desativado<//>`}${row.total_em_fila > 0 && html`<${Tag} kind="warn">${row.total_em_fila} na fila<//>`}${row.total_em_atendimento > 0 && html`<${Tag}>${row.total_em_atendimento} em atendimento<//>`}<${Tag} icon="user">${plural(row.total_atendentes, "pessoa", "pessoas")}<//><//>`} /><//>
  <//>`;
}
