// What a supervisor watches: who waits in which queue, what came during the last hours, how much everybody has to do. Alive
// only while somebody looks: `watch()`.
import { computed, signal } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { now } from "../../lib/now.js";
import { isAtLeast, me, onSignOut } from "../../lib/session.js";
import { onEvent, onSnapshot } from "../../lib/socket.js";
import { agentsById, departments, reloadPeople } from "../../store/people.js";
import { reloadPresences } from "../../store/presence.js";

export const TREND_HOURS = 6;
export const BUCKET_MS = 15 * 60_000;
const TREND_MS = TREND_HOURS * 3_600_000;
const BUCKETS = TREND_MS / BUCKET_MS;
/** Of the last hours; of busier ones the plot begins later. Ten requests. */
const PLACES_MAX = 1000;
const PAGE = 100;
/** A queue is asked for at once, then at most so often: four changes a second are told, nobody reads that fast. */
const QUEUE_FIRST_MS = 150;
const QUEUE_PAUSE_MS = 1500;
const LOADS_PAUSE_MS = 2000;

/** Rows of `GET atendimento/filas/`, by id: all who wait, and those who came during the last hours. */
export const places = signal(new Map());
/** `"loading"`, `"ready"`, or the `ApiError` of the first load. */
export const boardState = signal("loading");
/** From when on `places` knows everybody who came. */
const knownSince = signal(0);

export const isWaiting = (place) => !place.atribuido_em && !place.removido_em;
/** Before every priority stands whom a supervisor put first; the rest is the hub's own order. */
const inOrder = (a, b) => (a.posicao ?? Infinity) - (b.posicao ?? Infinity) || (a.entrou_na_fila_em > b.entrou_na_fila_em ? 1 : -1);

/** Those who wait, by department, in the order of service. */
export const queues = computed(() => {
  const found = new Map();
  for (const place of places.value.values()) {
    if (!isWaiting(place)) continue;
    if (!found.has(place.departamento)) found.set(place.departamento, []);
    found.get(place.departamento).push(place);
  }
  for (const queue of found.values()) queue.sort(inOrder);
  return found;
});

/** The departments that the person answers for. */
export const ownDepartments = computed(() => {
  const mine = agentsById.value.get(me.value?.id)?.departamentos ?? [];
  return departments.value
    .filter((row) => (isAtLeast("gerente") || mine.includes(row.id)) && (row.ativo || queues.value.has(row.id)))
    .sort((a, b) => a.nome.localeCompare(b.nome));
});

/** The last quarter of the response target has begun, or it is over. The hub's word, brought up to now. */
export function deadlineState(place, targetMinutes) {
  const left = Date.parse(place.prazo_em) - now.value;
  if (left <= 0) return "vencido";
  return place.estado_prazo === "vencendo" || left <= targetMinutes * 15_000 ? "vencendo" : "no_prazo";
}

/** The end of the last quarter of an hour that is drawn: changes once in a while, not each second. */
const lastBucket = computed(() => Math.ceil(now.value / BUCKET_MS) * BUCKET_MS);

/** By department: how many came in each quarter of an hour and how many waited at its end, `{ since, arrivals, waiting }`. */
export const trends = computed(() => {
  const end = lastBucket.value;
  const start = end - TREND_MS;
  const skipped = Math.max(0, Math.ceil((knownSince.value - start) / BUCKET_MS));
  const since = start + skipped * BUCKET_MS;
  const found = new Map();
  for (const place of places.value.values()) {
    const from = Date.parse(place.entrou_na_fila_em);
    const left = place.atribuido_em ?? place.removido_em;
    const to = left ? Date.parse(left) : Infinity;
    if (!found.has(place.departamento)) found.set(place.departamento, { since, arrivals: Array(BUCKETS - skipped).fill(0), waiting: Array(BUCKETS - skipped).fill(0) });
    const { arrivals, waiting } = found.get(place.departamento);
    const first = Math.floor((from - since) / BUCKET_MS);
    if (first >= 0 && first < arrivals.length) arrivals[first] += 1;
    // The last column is the present: who waits now.
    for (let index = Math.max(0, first); index < waiting.length; index += 1) {
      const at = index === waiting.length - 1 ? Infinity : since + (index + 1) * BUCKET_MS;
      if (to < at || (at === Infinity && to !== Infinity)) break;
      waiting[index] += 1;
    }
  }
  return found;
});

export const NO_TREND = { since: 0, arrivals: [], waiting: [] };

// ---- loading ----

async function load() {
  const since = Date.now() - TREND_MS;
  const found = new Map();
  let oldest = Date.now();
  for (let page = 1; page * PAGE <= PLACES_MAX; page += 1) {
    const answer = await api.get("atendimento/filas/", { ordering: "-entrou_na_fila_em", page, page_size: PAGE });
    for (const row of answer.results) found.set(row.id, row);
    oldest = answer.next ? Date.parse(answer.results.at(-1).entrou_na_fila_em) : since;
    if (oldest <= since) break;
  }
  for (const row of await api.all("atendimento/filas/", { aguardando: true })) found.set(row.id, row);
  knownSince.value = Math.max(since, oldest);
  places.value = found;
}

/** Loads all anew by hand, or after a gap. */
export async function reloadBoard() {
  try {
    await Promise.all([load(), reloadPeople(), reloadPresences()]);
    boardState.value = "ready";
  } catch (error) {
    if (boardState.value !== "ready") boardState.value = error;
    throw error;
  }
}

async function loadQueue(departamento) {
  const [waiting, latest] = await Promise.all([
    api.all("atendimento/filas/", { departamento, aguardando: true }),
    // Whoever was served within a blink was in no list of those who wait.
    api.get("atendimento/filas/", { departamento, ordering: "-entrou_na_fila_em", page_size: PAGE }),
  ]);
  const next = new Map(places.value);
  const present = new Set(waiting.map((row) => row.id));
  const since = Date.now() - TREND_MS;
  for (const [id, place] of next) {
    if (!isWaiting(place) && Date.parse(place.entrou_na_fila_em) < since - BUCKET_MS) next.delete(id);
    // Gone, or in another department, whose own row comes with its own news.
    else if (place.departamento === departamento && isWaiting(place) && !present.has(id)) next.set(id, { ...place, removido_em: new Date().toISOString() });
  }
  for (const row of [...latest.results, ...waiting]) next.set(row.id, row);
  places.value = next;
}

const due = new Map();

/** Asks for a queue soon; calls that come meanwhile are one. */
export function refreshQueue(departamento) {
  if (watchers === 0 || !departamento) return;
  const known = due.get(departamento);
  if (known) {
    known.isAgain = true;
    return;
  }
  const state = { isAgain: false };
  due.set(departamento, state);
  setTimeout(async () => {
    state.isAgain = false;
    // What failed is made up for by the next change, or by the snapshot after the line broke.
    await loadQueue(departamento).catch(() => {});
    setTimeout(() => {
      due.delete(departamento);
      if (state.isAgain) refreshQueue(departamento);
    }, QUEUE_PAUSE_MS);
  }, QUEUE_FIRST_MS);
}

let loadsTimer = 0;

export function refreshLoads() {
  if (watchers === 0 || loadsTimer) return;
  loadsTimer = setTimeout(async () => {
    await reloadPresences().catch(() => {});
    loadsTimer = 0;
  }, LOADS_PAUSE_MS);
}

// ---- events ----

let watchers = 0;

/** Keeps the board alive until what it returns is called. */
export function watch() {
  watchers += 1;
  if (watchers === 1) reloadBoard().catch(() => {});
  return () => (watchers -= 1);
}

onSnapshot(() => (watchers > 0 ? reloadBoard() : undefined));

onEvent("queue_changed", (data) => refreshQueue(data.departamento_id));
onEvent("new_chat", (data) => refreshQueue(data.departamento_id));
for (const name of ["chat_assigned", "chat_accepted", "chat_offered", "chat_offer_ended", "chat_requeued", "chat_overflowed", "chat_transferred", "chat_closed", "chat_auto_closed"]) {
  onEvent(name, (data) => {
    refreshLoads();
    for (const department of [data.departamento_id, data.departamento_origem_id, data.departamento_destino_id]) refreshQueue(department);
  });
}

onSignOut(() => {
  places.value = new Map();
  boardState.value = "loading";
});
