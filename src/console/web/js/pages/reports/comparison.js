// Departments or people side by side: a table that can be sorted, with bars for what is counted.
import { html, useState } from "../../lib/html.js";
import { number } from "../../lib/format.js";
import { Meter } from "../../charts/chart.js";
import { Icon } from "../../components/icon.js";
import { mean, percent, seconds } from "./units.js";

/** Below it a share of answers in time catches the eye. */
const GOOD_PERCENT = 80;
/** Key, name, value, how it is written, whether it has a bar. */
const COLUMNS = [
  ["opened", "Abertas", (row) => row.abertos, number, true],
  ["closed", "Encerradas", (row) => row.encerrados, number],
  ["given-up", "Abandonadas", (row) => row.abandonados, number],
  ["in-time", "No prazo", (row) => row.sla.percentual, percent, true],
  ["wait", "Espera (mediana)", (row) => row.espera.p50_segundos, seconds],
  ["answer", "1ª resposta (mediana)", (row) => row.primeira_resposta.p50_segundos, seconds],
  ["length", "Duração (média)", (row) => row.atendimento.media_segundos, seconds],
  ["sent", "Mensagens enviadas", (row) => row.mensagens.enviadas, number],
  ["stars", "Avaliação", (row) => row.avaliacoes.media, mean],
];

export function Comparison({ title, rows, nameOf, idOf, actions }) {
  const [sort, setSort] = useState({ key: "opened", isDown: true });
  if (rows.length === 0) return null;
  const read = COLUMNS.find(([key]) => key === sort.key)?.[2];
  const sorted = [...rows].sort((a, b) => {
    const order = read ? (read(a) ?? -1) - (read(b) ?? -1) : nameOf(a).localeCompare(nameOf(b));
    return sort.isDown ? -order : order;
  });
  const most = Math.max(1, ...rows.map((row) => row.abertos));
  const head = (key, label, kind) => {
    const isOn = sort.key === key;
    return html`<th scope="col" key=${key} class=${kind} aria-sort=${isOn ? (sort.isDown ? "descending" : "ascending") : undefined}><button type="button" class="sort" onClick=${() => setSort({ key, isDown: isOn ? !sort.isDown : key !== "name" })}>${label}${isOn && html`<${Icon} name=${sort.isDown ? "arrow-down" : "arrow-up"} size=${13} />`}</button></th>`;
  };
  return html`<section class="card" aria-label=${title}><header><h2>${title}</h2><div class="actions">${actions}</div></header>
    <div class="table-wrap" tabindex="0" role="region" aria-label=${`Tabela: ${title}`}><table class="table comparison"><thead><tr>${head("name", "Nome")}${COLUMNS.map(([key, label]) => head(key, label, "number"))}</tr></thead>
      <tbody>${sorted.map((row) => html`<tr key=${idOf(row)}><th scope="row">${nameOf(row)}</th>${COLUMNS.map(([key, , value, format, hasBar]) => html`<td class="number" key=${key}>${format(value(row))}${hasBar && value(row) !== null && html`<${Meter} value=${value(row)} max=${key === "in-time" ? 100 : most} tone=${key === "in-time" && value(row) < GOOD_PERCENT ? "warn" : "accent"} />`}</td>`)}</tr>`)}</tbody></table></div>
  </section>`;
}
