// Who is there: everybody's presence, and one's own.
import { computed, signal } from "../lib/html.js";
import * as api from "../lib/api.js";
import { toast } from "../components/toast.js";
import { me, onSignOut } from "../lib/session.js";
import { onEvent, onSnapshot } from "../lib/socket.js";

export const LABELS = { online: "Online", busy: "Ocupado", away: "Em pausa", offline: "Offline" };

/** Rows of `GET presence/`, by the id of the person. */
export const presences = signal(new Map());

const NOBODY = { status: "offline", status_message: "", motivo: "" };
export const own = computed(() => presences.value.get(me.value?.id) ?? NOBODY);

const put = (row) => {
  const next = new Map(presences.value);
  next.set(row.agent, { ...next.get(row.agent), ...row });
  presences.value = next;
};

/** For each load on its way, what was told meanwhile: it may be newer than what is read. */
const loads = new Set();

/** Loads all rows anew: no event tells of `atendimentos_ativos`. */
export async function reloadPresences() {
  const told = [];
  loads.add(told);
  try {
    const rows = await api.all("presence/");
    presences.value = new Map(rows.map((row) => [row.agent, row]));
    told.forEach(put);
  } finally {
    loads.delete(told);
  }
}

onSnapshot(reloadPresences);

onEvent("agent_presence_changed", (data, { isRepeat }) => {
  const isOwn = data.agent_id === me.value?.id;
  // Somebody else, or the hub, has decided: the message says who and why.
  if (isOwn && data.message && !isRepeat && data.status !== own.value.status) toast(data.message);
  const row = { agent: data.agent_id, status: data.status, status_message: data.message, reconectando: data.reconectando, status_changed_at: data.timestamp };
  put(row);
  loads.forEach((told) => told.push(row));
});

/** Changes one's own presence; `reason` is kept in the history of pauses. */
export async function setPresence(status, reason = "") {
  await api.post("presence/set-status/", { status, motivo: reason });
  put({ agent: me.value.id, status, motivo: reason, status_message: "" });
}

onSignOut(() => (presences.value = new Map()));
