// Who was there when: of one person a stripe for each day and every change; of all, what their time went into.
import { html, useEffect, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { csv, save } from "../../lib/download.js";
import { clock, dateTime, duration } from "../../lib/format.js";
import { now } from "../../lib/now.js";
import { Link } from "../../lib/router.js";
import { isAtLeast, me } from "../../lib/session.js";
import { onEvent } from "../../lib/socket.js";
import { Avatar, Button, Tag } from "../../components/controls.js";
import { Stripe } from "../../charts/chart.js";
import { Empty, Failure, Skeleton } from "../../components/states.js";
import { agentsById, nameOf } from "../../store/people.js";
import { LABELS, presences } from "../../store/presence.js";
import { begin, daysOf, end, longDay } from "./period.js";

/** Ten requests; more is for a shorter period, or for one person. */
const ROWS_MAX = 1000;
/** Changes come in groups, at the beginning of a shift: what they make is asked for once. */
const CHANGED_MS = 800;
const STATUSES = ["online", "busy", "away", "offline"];
const DOTS = { online: "online", busy: "busy", away: "away", offline: "offline" };
const KINDS = { online: "ok", busy: "danger", away: "warn" };
const CAUSES = {
  proprio: "",
  silencio: "ficou sem sinal de vida",
  forcado: "colocado por",
  ofertas: "deixou passar ofertas",
  desativado: "acesso desativado",
};

/** Why the status changed, as far as there is more to say than that the person did it. */
function cause(row) {
  const parts = [row.causa === "forcado" ? `${CAUSES.forcado} ${row.por_nome ?? "um supervisor"}` : CAUSES[row.causa], row.motivo];
  return parts.filter(Boolean).join(": ");
}

async function load({ from, to, agent }) {
  const rows = [];
  let totals = null;
  let count = 0;
  for (let page = 1; rows.length < ROWS_MAX; page += 1) {
    const answer = await api.get("presence/historico/", { de: from, ate: to, atendente: agent, page, page_size: 100 });
    rows.push(...answer.results);
    totals = answer.segundos_por_status;
    count = answer.count;
    if (!answer.next) break;
  }
  return { rows, totals, isWhole: rows.length >= count };
}

export function PresenceReport({ choice }) {
  const agent = choice.agent || (isAtLeast("supervisor") ? "" : String(me.value.id));
  const [state, setState] = useState({ data: null, error: null });
  const again = () => {
    let isGone = false;
    load({ ...choice, agent }).then((data) => isGone || setState({ data, error: null, agent }), (error) => isGone || setState({ data: null, error }));
    return () => (isGone = true);
  };
  useEffect(() => {
    const cancel = again();
    let timer = 0;
    const deaf = onEvent("agent_presence_changed", (data) => {
      if (agent && String(data.agent_id) !== agent) return;
      clearTimeout(timer);
      timer = setTimeout(again, CHANGED_MS);
    });
    return () => {
      cancel();
      clearTimeout(timer);
      deaf();
    };
  }, [choice.from, choice.to, agent]);
  const { data, error } = state;
  if (error) return html`<${Failure} error=${error} onRetry=${again} />`;
  if (!data || state.agent !== agent) return html`<${Skeleton} rows=${6} kind="row" />`;
  if (data.rows.length === 0) return html`<${Empty} icon="rotate-ccw-clock" title="Nada neste período">Ninguém mudou de presença nestes dias.<//>`;
  return html`<${Sums} totals=${data.totals} />
    ${!data.isWhole && html`<p class="notice" role="status"><span>São mostradas as ${ROWS_MAX} mudanças mais recentes. Escolha um período menor ou uma pessoa para ver todas.</span></p>`}
    ${agent ? html`<${OnePerson} rows=${data.rows} choice=${choice} agent=${Number(agent)} />` : html`<${Everybody} rows=${data.rows} choice=${choice} />`}`;
}

const Sums = ({ totals }) => html`<dl class="totals">${STATUSES.map((status) => html`<div key=${status}><dt><span class=${`dot ${DOTS[status]}`}></span> ${LABELS[status]}</dt><dd class="numbers">${hours(totals[status])}</dd></div>`)}</dl>`;

/** Seconds as hours and minutes: sums of days are compared in hours. */
function hours(seconds) {
  if (seconds < 3600) return duration(seconds * 1000);
  return `${Math.floor(seconds / 3600)} h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, "0")}`;
}

function Legend() {
  return html`<ul class="legend" aria-hidden="true">${STATUSES.map((status) => html`<li key=${status}><span class=${`dot ${DOTS[status]}`}></span>${LABELS[status]}</li>`)}</ul>`;
}

function Everybody({ rows, choice }) {
  const people = new Map();
  for (const row of rows) {
    if (!people.has(row.atendente)) people.set(row.atendente, { id: row.atendente, name: row.atendente_nome, sums: { online: 0, busy: 0, away: 0, offline: 0 } });
    people.get(row.atendente).sums[row.para] += row.segundos;
  }
  const sorted = [...people.values()].sort((a, b) => a.name.localeCompare(b.name));
  const query = new URLSearchParams({ de: choice.from, ate: choice.to });
  const table = () => save(csv([["Pessoa", ...STATUSES.map((status) => `${LABELS[status]} (s)`)], ...sorted.map(({ name, sums }) => [name, ...STATUSES.map((status) => sums[status])])]), `presenca_${choice.from}_${choice.to}.csv`);
  return html`<section class="card" aria-label="Por pessoa"><header><h2>Por pessoa</h2><div class="actions"><${Button} class="small" icon="download" aria-label="CSV da presença por pessoa" onClick=${table}>CSV<//></div></header>
    <${Legend} />
    <div class="table-wrap" tabindex="0" role="region" aria-label="Tabela: presença por pessoa"><table class="table comparison"><thead><tr><th scope="col">Nome</th><th scope="col"><span class="visually-hidden">Proporção</span></th>${STATUSES.map((status) => html`<th scope="col" class="number" key=${status}>${LABELS[status]}</th>`)}</tr></thead>
      <tbody>${sorted.map(({ id, name, sums }) => html`<tr key=${id}><th scope="row"><span class="who"><${Avatar} name=${name} size="small" presence=${presences.value.get(id)?.status} /><${Link} href=${`/relatorios/presenca?${query}&atendente=${id}`}>${name}<//></span></th><td class="presence-share"><${Share} name=${name} sums=${sums} /></td>${STATUSES.map((status) => html`<td class="number" key=${status}>${hours(sums[status])}</td>`)}</tr>`)}</tbody></table></div>
  </section>`;
}

function Share({ name, sums }) {
  const whole = STATUSES.reduce((all, status) => all + sums[status], 0) || 1;
  let at = 0;
  const stretches = STATUSES.map((status) => {
    const from = at;
    at += sums[status];
    return { from, to: at, tone: status, title: `${LABELS[status]}: ${hours(sums[status])}` };
  });
  return html`<${Stripe} stretches=${stretches} from=${0} to=${whole} height=${10} label=${`${name}: ${stretches.map((one) => one.title).join(", ")}`} />`;
}

const HOURS = [0, 3, 6, 9, 12, 15, 18, 21, 24];

function OnePerson({ rows, choice, agent }) {
  const name = nameOf(agentsById.value.get(agent)) || rows[0].atendente_nome;
  const present = Math.floor(now.value / 60_000) * 60_000;
  const days = daysOf(choice).reverse().filter((day) => begin(day) <= present);
  const table = () => save(csv([["De", "Até", "Status", "Segundos", "Causa", "Motivo"], ...rows.map((row) => [row.inicio, row.fim ?? "", LABELS[row.para], row.segundos, row.causa, row.motivo])]), `presenca_${name.replace(/\W+/g, "_")}_${choice.from}_${choice.to}.csv`);
  return html`<section class="card" aria-label="Por dia"><header><h2>${name}, dia a dia</h2></header><${Legend} />
      <div class="days"><div class="day-row day-scale" aria-hidden="true"><span></span><span class="day-hours">${HOURS.map((hour) => html`<span key=${hour}>${hour}</span>`)}</span><span></span></div>
        ${days.map((day) => html`<${DayRow} key=${day} day=${day} rows=${rows} present=${present} />`)}</div></section>
    <section class="card" aria-label="Mudanças"><header><h2>Mudanças</h2><span class="soft numbers">${rows.length}</span><div class="actions"><${Button} class="small" icon="download" aria-label="CSV das mudanças de presença" onClick=${table}>CSV<//></div></header>
      <div class="table-wrap" tabindex="0" role="region" aria-label="Tabela: mudanças"><table class="table"><thead><tr><th scope="col">Desde</th><th scope="col">Status</th><th scope="col" class="number">Durou</th><th scope="col">Por quê</th></tr></thead>
        <tbody>${rows.map((row) => html`<tr key=${row.id}><td class="numbers nowrap">${dateTime(row.inicio)}</td><td><${Tag} kind=${KINDS[row.para]}>${LABELS[row.para]}<//></td><td class="number nowrap">${row.fim ? duration(Date.parse(row.fim) - Date.parse(row.inicio)) : `há ${duration(now.value - Date.parse(row.inicio))}`}</td><td class="soft">${cause(row)}</td></tr>`)}</tbody></table></div></section>`;
}

function DayRow({ day, rows, present }) {
  const [from, to] = [begin(day), end(day)];
  const stretches = [];
  let there = 0;
  for (const row of rows) {
    const start = Math.max(from, Date.parse(row.inicio));
    const stop = Math.min(to, row.fim ? Date.parse(row.fim) : present);
    if (stop <= start) continue;
    stretches.push({ from: start, to: stop, tone: row.para, title: `${LABELS[row.para]}, ${clock(start)} a ${clock(stop)}${cause(row) ? ` (${cause(row)})` : ""}` });
    if (row.para !== "offline") there += stop - start;
  }
  const said = [...stretches].reverse().slice(0, 12).map((one) => one.title);
  return html`<div class="day-row"><span class="soft numbers">${longDay(day)}</span><${Stripe} stretches=${stretches} from=${from} to=${to} label=${said.length ? `${longDay(day)}: ${said.join("; ")}` : `${longDay(day)}: sem registro`} /><span class="numbers" title="Conectado">${there > 0 ? hours(there / 1000) : "—"}</span></div>`;
}
