// What is said of a department on its card and on its own page.
import { html } from "../../lib/html.js";
import { clock, countdown, number, plural } from "../../lib/format.js";
import { now } from "../../lib/now.js";
import { Tag } from "../../components/controls.js";
import { Trend } from "../../charts/chart.js";
import { agents, nameOf } from "../../store/people.js";
import { presences } from "../../store/presence.js";
import { BUCKET_MS, deadlineState, NO_TREND, queues, trends } from "./store.js";

const ORDER = { online: 0, busy: 1, away: 2, offline: 3 };

/** The active members of a department with presence, load and room; who can take a chat stands first. */
export function teamOf(department) {
  return agents.value
    .filter((agent) => agent.is_active && agent.departamentos.includes(department.id))
    .map((agent) => {
      const presence = presences.value.get(agent.id);
      const load = presence?.atendimentos_ativos ?? agent.atendimentos_ativos;
      return { agent, name: nameOf(agent), status: presence?.status ?? agent.presence, presence, load, room: department.max_atendimentos_simultaneos - load };
    })
    .sort((a, b) => ORDER[a.status] - ORDER[b.status] || b.room - a.room || a.name.localeCompare(b.name));
}

export function Figures({ department }) {
  const queue = queues.value.get(department.id) ?? [];
  const states = queue.map((place) => deadlineState(place, department.tempo_resposta_esperado_minutos));
  const late = states.filter((state) => state === "vencido").length;
  const closing = states.filter((state) => state === "vencendo").length;
  const oldest = queue.reduce((first, place) => (!first || place.entrou_na_fila_em < first ? place.entrou_na_fila_em : first), null);
  const team = teamOf(department);
  const online = team.filter(({ status }) => status === "online");
  const room = online.reduce((sum, one) => sum + Math.max(0, one.room), 0);
  return html`<dl class="department-figures">
    <div><dt>Esperando</dt><dd class="numbers">${number(queue.length)}</dd>
      ${late > 0 ? html`<dd><${Tag} kind="danger" icon="clock">${plural(late, "vencida", "vencidas")}<//></dd>` : closing > 0 ? html`<dd><${Tag} kind="warn" icon="clock">${closing} vencendo<//></dd>` : html`<dd class="faint">${queue.length ? "no prazo" : "fila vazia"}</dd>`}</div>
    <div><dt>Mais antiga</dt><dd class="numbers">${oldest ? countdown(now.value - Date.parse(oldest)) : "—"}</dd><dd class="faint">meta ${department.tempo_resposta_esperado_minutos} min</dd></div>
    <div><dt>Vagas</dt><dd class="numbers">${number(room)}</dd><dd class="faint">${online.length} de ${team.length} online</dd></div>
  </dl>`;
}

/** The last hours of a queue. */
export function QueueTrend({ department, height }) {
  const { since, arrivals, waiting } = trends.value.get(department.id) ?? NO_TREND;
  const total = arrivals.reduce((sum, value) => sum + value, 0);
  const hours = Math.round((arrivals.length * BUCKET_MS) / 3_600_000);
  if (total === 0 && !waiting.some((value) => value > 0)) return html`<p class="trend-none">Nada chegou nas últimas horas.</p>`;
  const arrived = plural(total, "chegou", "chegaram");
  const most = Math.max(...waiting);
  return html`<figure class="trend-figure"><${Trend} arrivals=${arrivals} waiting=${waiting} height=${height} label=${`Últimas ${hours} horas: ${arrived}, no máximo ${most} esperando ao mesmo tempo.`} />
    <figcaption><span>${clock(since)}</span><span class="trend-key"><i class="key-bar"></i>${arrived}<i class="key-line"></i>até ${most} esperando</span><span>agora</span></figcaption></figure>`;
}
