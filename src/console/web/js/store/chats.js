// The chats that the person may see, kept alive by events. Rows are those of `GET chats/`; what an event does
// not say in full is asked for again, chat by chat.
import { computed, signal } from "../lib/html.js";
import * as api from "../lib/api.js";
import { me, onSignOut, role } from "../lib/session.js";
import { onEvent, onSnapshot } from "../lib/socket.js";

/** The largest page of the API. */
const PAGE = 200;
/** More open chats than one console can be of use for. */
const PAGES_MAX = 25;
/** Events of one chat come in groups: its row is asked for once. */
const REFRESH_MS = 120;

/** By chat id. */
export const chats = signal(new Map());
/** `"loading"`, `"ready"`, or the `ApiError` that kept the first load from coming. */
export const listState = signal("loading");
/** Rows of `GET chats/{id}/` of chats that were opened, by chat id. */
export const details = signal(new Map());
/** Offers to this person: chat id → when the offer ends (milliseconds). */
export const offers = signal(new Map());
/** Who writes in a chat: chat id → `{ from, until }`. */
export const typing = signal(new Map());

export const path = (chatId, action = "") => `chats/${encodeURIComponent(chatId)}/${action}`;
export const isOpen = (row) => row.status === "aguardando" || row.status === "em_atendimento" || row.status === "pausado";
/** Nobody has it, or it is offered to somebody who has not answered. */
export const isWaiting = (row) => row.status === "aguardando";
export const isMine = (row) => row.atendente_id === me.value?.id && !offers.value.has(row.chat_id);

const open = computed(() => [...chats.value.values()].filter(isOpen));
const lastTime = (row) => row.ultima_mensagem_em ?? row.criado_em;
const newestFirst = (a, b) => (lastTime(b) > lastTime(a) ? 1 : -1);
const RANKS = { urgente: 0, alta: 1, normal: 2, baixa: 3 };
/** In the order of service, as far as a list can tell: the hub's own order is in `porque/`. */
const longestWaitFirst = (a, b) => RANKS[a.prioridade] - RANKS[b.prioridade] || (a.criado_em > b.criado_em ? 1 : -1);

export const mine = computed(() => open.value.filter(isMine).sort(newestFirst));
export const waiting = computed(() => open.value.filter((row) => isWaiting(row) && !isMine(row) && !offers.value.has(row.chat_id)).sort(longestWaitFirst));
/** What is offered to this person, the one that ends first on top. */
export const offered = computed(() => [...offers.value].sort((a, b) => a[1] - b[1]).map(([chatId, until]) => ({ row: chats.value.get(chatId), until })).filter(({ row }) => row));
export const all = computed(() => [...open.value].sort(newestFirst));
/** Messages that wait for this person to read them. */
export const unread = computed(() => mine.value.reduce((sum, row) => sum + (row.mensagens_nao_lidas > 0 ? 1 : 0), 0));

function edit(map, change) {
  const next = new Map(map.value);
  change(next);
  map.value = next;
}

export function patchRow(chatId, change) {
  const row = chats.value.get(chatId);
  if (!row) return false;
  edit(chats, (next) => next.set(chatId, { ...row, ...(typeof change === "function" ? change(row) : change) }));
  return true;
}

const drop = (chatId) => edit(chats, (next) => next.delete(chatId));

/** An agent sees the own chats and what waits; others see what they are told of. */
function maySee(row) {
  if (role.value !== "atendente") return true;
  return row.atendente_id === me.value.id || (isWaiting(row) && !row.atendente_id);
}

// ---- loading ----

async function load() {
  const rows = new Map();
  for (let page = 1; page <= PAGES_MAX; page += 1) {
    const answer = await api.raw("chats/", { size: PAGE, page });
    const part = await answer.json();
    for (const row of part) {
      const known = rows.get(row.chat_id);
      // The newest ticket of a chat, an open one first.
      if (!known || (isOpen(row) && !isOpen(known))) rows.set(row.chat_id, row);
    }
    if (page * PAGE >= Number(answer.headers.get("X-Total-Count"))) break;
    // The first page is enough to begin with.
    if (listState.value === "loading") chats.value = new Map(rows);
  }
  chats.value = rows;
  listState.value = "ready";
  details.value = new Map();
  typing.value = new Map();
  await loadOffers();
}

/** Chats that wait and already carry this person's name are offers, or were handed over. */
async function loadOffers() {
  const asked = open.value.filter((row) => isWaiting(row) && row.atendente_id === me.value?.id);
  const found = await Promise.all(
    asked.map(async (row) => [row.chat_id, (await api.get(path(row.chat_id, "porque/"))).espera?.oferecido_ate]),
  );
  offers.value = new Map(found.filter(([, until]) => until).map(([chatId, until]) => [chatId, Date.parse(until)]));
}

onSnapshot(async () => {
  try {
    await load();
  } catch (error) {
    if (listState.value !== "ready") listState.value = error;
    throw error;
  }
});

/** Loads everything anew by hand. */
export function reload() {
  listState.value = "loading";
  return load().catch((error) => (listState.value = error));
}

const due = new Map();

/** Asks for one chat anew; repeated calls within a moment are one. */
export function refresh(chatId) {
  if (!due.has(chatId)) {
    due.set(chatId, new Promise((resolve) => setTimeout(() => {
      due.delete(chatId);
      resolve(fetchOne(chatId));
    }, REFRESH_MS)));
  }
  return due.get(chatId);
}

async function fetchOne(chatId) {
  try {
    const [detail, last] = await Promise.all([api.get(path(chatId)), api.get(path(chatId, "messages/"), { limit: 1 })]);
    keepDetail(detail, last.results[0]);
  } catch (error) {
    // Closed, or no longer this person's.
    if (error.status === 404) patchRow(chatId, { status: "finalizado" });
    else if (error.status === 403) drop(chatId);
  }
}

function keepDetail(detail, last) {
  const before = chats.value.get(detail.chat_id);
  const row = {
    ...before,
    chat_id: detail.chat_id,
    numero_whatsapp: detail.numero_whatsapp,
    cliente_id: detail.cliente,
    cliente_nome: detail.cliente_nome,
    cliente_email: detail.cliente_email,
    atendimento_id: detail.id,
    status: detail.status,
    prioridade: detail.prioridade,
    atendente_id: detail.atendente,
    atendente_nome: detail.atendente_nome,
    departamento_id: detail.departamento,
    departamento_nome: detail.departamento_nome,
    total_mensagens: detail.total_mensagens,
    mensagens_nao_lidas: detail.mensagens_nao_lidas,
    etiquetas: detail.etiquetas,
    criado_em: detail.criado_em,
    atualizado_em: detail.atualizado_em,
  };
  if (last) Object.assign(row, lastMessage(last.text_content, last.message_type, last.direction, last.created_at), { last_id: last.id });
  edit(chats, (next) => next.set(row.chat_id, row));
  edit(details, (next) => next.set(row.chat_id, detail));
}

/** What only the single row tells: the 24-hour window, a hand-over that waits for an answer. */
export async function loadDetail(chatId) {
  const detail = await api.get(path(chatId));
  keepDetail(detail);
  return detail;
}

/** A chat that is closed, for whoever has its address. Nothing when there is none. */
export async function loadClosedChat(chatId) {
  const rows = await (await api.raw("chats/", { status: "finalizado", search: chatId, sort: "updated", size: 20 })).json();
  const found = rows.find((row) => row.chat_id === chatId);
  if (found && !chats.value.has(chatId)) edit(chats, (next) => next.set(chatId, found));
}

export const lastMessage = (text, type, direction, at) => ({
  ultima_mensagem_texto: text,
  ultima_mensagem_tipo: type,
  ultima_mensagem_direcao: direction,
  ultima_mensagem_em: at,
});

// ---- events ----

/** Handles an event; one that may be counted in already only makes the chat be asked for again. */
function on(name, handle) {
  onEvent(name, (data, about) => (about.isRepeat ? refresh(data.chat_id) : handle(data)));
}

on("new_chat", (data) => {
  const known = chats.value.get(data.chat_id);
  if (known && isOpen(known)) return refresh(data.chat_id);
  edit(chats, (next) => next.set(data.chat_id, {
    chat_id: data.chat_id,
    numero_whatsapp: data.numero_whatsapp,
    cliente_id: data.cliente_id,
    cliente_nome: data.cliente_nome,
    atendimento_id: data.atendimento_id,
    status: "aguardando",
    prioridade: data.prioridade,
    atendente_id: null,
    atendente_nome: null,
    departamento_id: data.departamento_id,
    departamento_nome: data.departamento_nome,
    total_mensagens: 0,
    // `message_received` follows and counts it.
    mensagens_nao_lidas: 0,
    etiquetas: [],
    criado_em: data.criado_em,
    atualizado_em: data.criado_em,
    ...lastMessage(data.mensagem_inicial, "text", "inbound", data.criado_em),
  }));
  edit(details, (next) => next.delete(data.chat_id));
});

/** Messages that went out are told of when they have left, maybe after what was said later. */
const isLatest = (row, data) => data.database_id >= (row.last_id ?? 0);

on("message_received", (data) => {
  stopTyping(data.chat_id);
  const row = chats.value.get(data.chat_id);
  if (!row || !isOpen(row)) return data.atendimento_id === row?.atendimento_id ? undefined : refresh(data.chat_id);
  patchRow(data.chat_id, {
    ...lastMessage(data.message, data.type, "inbound", data.timestamp),
    last_id: data.database_id,
    total_mensagens: row.total_mensagens + 1,
    mensagens_nao_lidas: row.mensagens_nao_lidas + 1,
  });
  const detail = details.value.get(data.chat_id);
  // The customer's message opens the window anew.
  if (detail?.janela_aberta_ate) refresh(data.chat_id);
});

on("message_sent", (data) => {
  if (data.status === "failed") return;
  patchRow(data.chat_id, (row) => ({
    ...(isLatest(row, data) && { ...lastMessage(data.message, data.type, "outbound", data.timestamp), last_id: data.database_id }),
    total_mensagens: row.total_mensagens + 1,
  }));
  // A person's first answer is a figure of the ticket.
  const detail = details.value.get(data.chat_id);
  if (detail && data.atendente_id && !detail.primeira_resposta_em) refresh(data.chat_id);
});

function give(chatId, change) {
  edit(offers, (next) => next.delete(chatId));
  edit(details, (next) => next.delete(chatId));
  if (!patchRow(chatId, change)) return refresh(chatId);
  if (!maySee(chats.value.get(chatId))) drop(chatId);
}

on("chat_assigned", (data) => give(data.chat_id, {
  atendimento_id: data.atendimento_id,
  atendente_id: data.atendente_id,
  atendente_nome: data.atendente_nome,
  departamento_id: data.departamento_id,
  departamento_nome: data.departamento,
  status: "em_atendimento",
}));

on("chat_accepted", (data) => give(data.chat_id, { atendente_id: data.atendente_id, atendente_nome: data.atendente_nome, status: data.status }));

on("chat_offered", (data) => {
  if (data.atendente_id === me.value.id) edit(offers, (next) => next.set(data.chat_id, Date.parse(data.expira_em)));
  const change = { atendente_id: data.atendente_id, atendente_nome: data.atendente_nome, status: "aguardando" };
  if (!patchRow(data.chat_id, change)) refresh(data.chat_id);
});

on("chat_offer_ended", (data) => {
  if (data.atendente_id === me.value.id) edit(offers, (next) => next.delete(data.chat_id));
  refresh(data.chat_id);
});

on("chat_transferred", (data) => {
  edit(offers, (next) => next.delete(data.chat_id));
  refresh(data.chat_id);
});
on("chat_requeued", (data) => refresh(data.chat_id));
on("chat_overflowed", (data) => refresh(data.chat_id));
on("chat_rated", (data) => details.value.has(data.chat_id) && edit(details, (next) => next.delete(data.chat_id)));
on("reply_window_closing", (data) => refresh(data.chat_id));

function closed(data) {
  edit(offers, (next) => next.delete(data.chat_id));
  const row = chats.value.get(data.chat_id);
  if (row?.atendimento_id === data.atendimento_id) patchRow(data.chat_id, { status: "finalizado", finalizado_em: data.finalizado_em ?? data.timestamp });
}
on("chat_closed", closed);
on("chat_auto_closed", closed);

on("chat_read", (data) => {
  if (data.causa === "leitura" && data.atendente_id !== me.value.id) return;
  patchRow(data.chat_id, { mensagens_nao_lidas: data.mensagens_nao_lidas });
});

on("chat_tags_changed", (data) => {
  patchRow(data.chat_id, { etiquetas: data.etiquetas });
  const detail = details.value.get(data.chat_id);
  if (detail) edit(details, (next) => next.set(data.chat_id, { ...detail, etiquetas: data.etiquetas }));
});

/** The hub always ends an indicator; this is for a line that broke before. */
const TYPING_MS = 15_000;

onEvent("typing_start", (data) => edit(typing, (next) => next.set(data.chat_id, { from: data.from, until: Date.now() + TYPING_MS })));
onEvent("typing_stop", (data) => stopTyping(data.chat_id));

function stopTyping(chatId) {
  if (typing.value.has(chatId)) edit(typing, (next) => next.delete(chatId));
}

onSignOut(() => {
  chats.value = new Map();
  details.value = new Map();
  offers.value = new Map();
  typing.value = new Map();
  listState.value = "loading";
});
