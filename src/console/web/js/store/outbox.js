// Messages on their way out. Each is written down before it is sent, with an id of its own, and crossed out when
// the hub has answered: a reload, a lost network or a closed tab loses none, and none is sent twice, because the
// hub knows the id (`client_message_id`).
import { effect, signal } from "../lib/html.js";
import * as api from "../lib/api.js";
import { me, onSignOut } from "../lib/session.js";
import { connection } from "../lib/socket.js";
import { exclusively, onChange, randomId, read, write } from "../lib/storage.js";
import { put } from "./messages.js";

const RETRY_MS = 4000;
/** More than anybody writes while a line is down; beyond it the browser's storage would be at risk. */
const ENTRIES_MAX = 200;

/** `{ id, chat, to, body, at, by, error }`, in the order of writing. */
export const outbox = signal(read("outbox", []));

const keep = (entries) => {
  outbox.value = entries;
  write("outbox", entries.length ? entries : null);
};
/** What this person wrote to a chat: several people may use one browser. */
export const pendingOf = (chatId) => outbox.value.filter((entry) => entry.chat === chatId && entry.by === me.value?.id);

/** Another tab may have changed it. */
const current = () => read("outbox", []);
onChange("outbox", (entries) => {
  outbox.value = entries ?? [];
});

/** Writes a message down and sends it; whether there was room for it. `body`: as of `POST whatsapp/send/`. */
export function send(chat, body) {
  if (current().length >= ENTRIES_MAX) return false;
  const entry = { id: randomId(), chat: chat.chat_id, to: chat.chat_id, body, at: new Date().toISOString(), by: me.value.id, error: null };
  keep([...current(), entry]);
  flush();
  return true;
}

/** Tries one again that was refused. */
export function retry(id) {
  keep(current().map((entry) => (entry.id === id ? { ...entry, error: null } : entry)));
  flush();
}

export const discard = (id) => keep(current().filter((entry) => entry.id !== id));

let isFlushing = false;
let timer = 0;

/** Sends what waits, one after the other: the order of a chat is that of writing. */
export async function flush() {
  if (isFlushing || !me.value) return;
  isFlushing = true;
  clearTimeout(timer);
  try {
    // One tab at a time; the others find nothing left.
    await exclusively("outbox", async () => {
      const held = new Set();
      for (;;) {
        const next = current().find((entry) => !entry.error && entry.by === me.value?.id && !held.has(entry.id));
        if (!next) return;
        if (!(await deliver(next))) return void (timer = setTimeout(flush, RETRY_MS));
        held.add(next.id);
      }
    });
  } finally {
    isFlushing = false;
  }
}

/** Whether it is settled, this way or that. */
async function deliver(entry) {
  try {
    const answer = await api.post("whatsapp/send/", { to: entry.to, ...entry.body, client_message_id: entry.id });
    put(entry.chat, sent(entry, answer));
    keep(current().filter((other) => other.id !== entry.id));
    return true;
  } catch (error) {
    if (error.isTransient || error.status === 401) return false;
    keep(current().map((other) => (other.id === entry.id ? { ...other, error: error.message } : other)));
    return true;
  }
}

/** The row as the history will show it. */
export function sent(entry, answer) {
  const name = me.value?.display_name || me.value?.username || "";
  return {
    id: answer.database_id,
    message_id: answer.message_id,
    client_message_id: entry.id,
    direction: "outbound",
    message_type: entry.body.type ?? "text",
    chat_id: entry.chat,
    text_content: entry.body.text ?? "",
    details: entry.body.filename ? { type: "media", filename: entry.body.filename } : null,
    quoted_message_id: entry.body.quoted_message_id ?? null,
    media_file_id: entry.body.media_file_id ?? null,
    media_mime_type: null,
    media_status: entry.body.media_file_id ? "ready" : null,
    customer_reaction: "",
    company_reaction: "",
    edited_at: null,
    deleted_at: null,
    status: answer.status ?? "queued",
    is_from_me: true,
    is_from_agent: true,
    from_name: name,
    created_at: entry.at,
  };
}

// With each new connection, and once somebody is signed in.
effect(() => {
  if (connection.value.state === "online" && me.value) flush();
});
addEventListener("online", flush);
onSignOut((keepsWork) => keepsWork || keep(current().filter((entry) => entry.by !== me.value?.id)));
