// What was said in the chats that were opened: rows of `GET chats/{id}/messages/`, the oldest first, with the
// colleagues' notes between them.
import { effect, signal } from "../lib/html.js";
import * as api from "../lib/api.js";
import { onSignOut } from "../lib/session.js";
import { onEvent, onSnapshot } from "../lib/socket.js";
import { path } from "./chats.js";

const PAGE = 50;
/** Threads that are kept; the one that was not looked at for the longest goes first. */
const THREADS_MAX = 30;
/** What came to pass with messages of which this tab does not know yet, such as its own on their way. */
const EARLY_MAX = 200;
const RANK = { queued: 0, sending: 1, sent: 2, failed: 2, delivered: 3, read: 4 };

/** Chat id → `{ items, total, state, error, notes, isLoadingOlder, isStale }`. */
export const threads = signal(new Map());
/** The chat that is on the screen: loaded at once after a gap, the others when they are opened again. */
export const shownChat = signal(null);

const early = new Map();
const EMPTY = { items: [], notes: [], total: 0, state: "loading", error: null, isLoadingOlder: false };

const update = (chatId, change) => {
  const next = new Map(threads.value);
  const before = next.get(chatId) ?? EMPTY;
  // Put last: the order of the map is that of use.
  next.delete(chatId);
  next.set(chatId, { ...before, ...(typeof change === "function" ? change(before) : change) });
  if (next.size > THREADS_MAX) next.delete(next.keys().next().value);
  threads.value = next;
};

/** Lays rows over those that are known, by their ids; a state never goes back. */
function merge(items, rows) {
  const byId = new Map(items.map((item) => [item.message_id, item]));
  for (const row of rows) {
    const known = byId.get(row.message_id);
    const state = [known?.status, row.status, early.get(row.message_id)].reduce((best, status) => (status && (RANK[status] ?? 0) >= (RANK[best] ?? -1) ? status : best), row.status);
    early.delete(row.message_id);
    byId.set(row.message_id, { ...known, ...row, status: state });
  }
  return [...byId.values()].sort((a, b) => a.id - b.id);
}

export async function loadThread(chatId) {
  update(chatId, (thread) => ({ state: thread.items.length ? thread.state : "loading", error: null }));
  try {
    const [history, notes] = await Promise.all([
      api.get(path(chatId, "messages/"), { limit: PAGE }),
      api.all(path(chatId, "notas/")),
    ]);
    update(chatId, (thread) => {
      // Another ticket of the same chat begins: what was said before is not part of it.
      const isSame = thread.items.some((item) => history.results.some((row) => row.message_id === item.message_id));
      return { items: merge(isSame ? thread.items : [], history.results), notes, total: history.total, state: "ready", isStale: false };
    });
  } catch (error) {
    update(chatId, { state: "failed", error });
  }
}

export async function loadOlder(chatId) {
  const thread = threads.value.get(chatId);
  if (!thread || thread.isLoadingOlder || thread.items.length >= thread.total) return;
  update(chatId, { isLoadingOlder: true });
  try {
    const history = await api.get(path(chatId, "messages/"), { limit: PAGE, offset: thread.items.length });
    update(chatId, (now) => ({ items: merge(now.items, history.results), total: history.total, isLoadingOlder: false }));
  } catch {
    update(chatId, { isLoadingOlder: false });
  }
}

/** Asks for what came last: for what an event does not say in full. */
export async function loadLatest(chatId, limit = 10) {
  if (!threads.value.has(chatId)) return;
  const history = await api.get(path(chatId, "messages/"), { limit }).catch(() => null);
  if (history) update(chatId, (thread) => ({ items: merge(thread.items, history.results), total: history.total }));
}

/** Puts a row into its thread, if that was opened. */
export function put(chatId, row) {
  if (!threads.value.has(chatId)) return;
  update(chatId, (thread) => {
    const isNew = !thread.items.some((item) => item.message_id === row.message_id);
    return { items: merge(thread.items, [row]), total: thread.total + (isNew ? 1 : 0) };
  });
}

function change(chatId, messageId, what) {
  const thread = threads.value.get(chatId);
  if (!thread?.items.some((item) => item.message_id === messageId)) return false;
  update(chatId, (now) => ({ items: now.items.map((item) => (item.message_id === messageId ? { ...item, ...what(item) } : item)) }));
  return true;
}

/** A message that failed is tried again: its state begins anew. */
export async function retryMessage(message) {
  await api.post("whatsapp/retry/", { id: message.id });
  change(message.chat_id, message.message_id, () => ({ status: "queued" }));
  loadLatest(message.chat_id);
}

function advance(chatId, messageId, status) {
  const isKnown = change(chatId, messageId, (item) => ((RANK[status] ?? 0) > (RANK[item.status] ?? 0) ? { status } : {}));
  if (isKnown) return;
  early.set(messageId, status);
  if (early.size > EARLY_MAX) early.delete(early.keys().next().value);
}

/** Only what is on the screen is kept up to date in full; the rest is asked for when it is looked at. */
function isShown(chatId) {
  if (chatId === shownChat.peek()) return true;
  const thread = threads.value.get(chatId);
  // In its place: it was not looked at.
  if (thread) threads.value = new Map(threads.value).set(chatId, { ...thread, isStale: true });
  return false;
}

onEvent("message_received", (data) => {
  if (!isShown(data.chat_id) || !threads.value.has(data.chat_id)) return;
  if (data.type !== "text") return loadLatest(data.chat_id);
  put(data.chat_id, {
    id: data.database_id,
    message_id: data.message_id,
    direction: "inbound",
    message_type: "text",
    chat_id: data.chat_id,
    contact_number: data.from,
    contact_name: data.contact_name,
    text_content: data.message,
    quoted_message_id: null,
    media_file_id: null,
    media_status: null,
    customer_reaction: "",
    company_reaction: "",
    edited_at: null,
    deleted_at: null,
    status: "delivered",
    is_from_me: false,
    from_name: data.contact_name,
    is_from_agent: false,
    created_at: data.timestamp,
  });
  // A quote is not part of the event.
  loadLatest(data.chat_id, 3);
});

onEvent("message_sent", (data) => {
  advance(data.chat_id, data.message_id, data.status);
  const thread = threads.value.get(data.chat_id);
  if (thread && !thread.items.some((item) => item.message_id === data.message_id) && isShown(data.chat_id)) loadLatest(data.chat_id);
});
onEvent("message_status", (data) => advance(data.chat_id, data.message_id, data.status));
onEvent("message_updated", (data) => change(data.chat_id, data.message_id, (item) => ({
  text_content: data.text ?? item.text_content,
  customer_reaction: data.customer_reaction,
  company_reaction: data.company_reaction,
  edited_at: data.edited_at,
  deleted_at: data.deleted_at,
})));
onEvent("media_status", (data) => change(data.chat_id, data.message_id, () => ({ media_status: data.media_status, media_file_id: data.media_file_id, media_mime_type: data.media_type })));

onEvent("note_added", (data) => {
  if (!threads.value.has(data.chat_id)) return;
  update(data.chat_id, (thread) => (thread.notes.some((note) => note.id === data.id) ? {} : { notes: [...thread.notes, data] }));
});
onEvent("note_removed", (data) => threads.value.has(data.chat_id) && update(data.chat_id, (thread) => ({ notes: thread.notes.filter((note) => note.id !== data.id) })));

onSnapshot(async () => {
  const shown = shownChat.peek();
  threads.value = new Map([...threads.value].filter(([chatId]) => chatId === shown));
  if (shown) await loadThread(shown);
});

effect(() => {
  const shown = shownChat.value;
  const thread = threads.peek().get(shown);
  if (shown && (!thread || thread.isStale)) loadThread(shown);
});

onSignOut(() => {
  threads.value = new Map();
  shownChat.value = null;
  early.clear();
});
