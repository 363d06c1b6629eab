// What a new hub still lacks, for its administrator. What is done is read from the hub itself, so that the way can be left and
// taken up again anywhere; only that somebody has seen or dismissed it is this browser's.
import { computed, signal } from "../lib/html.js";
import * as api from "../lib/api.js";
import { navigate, route } from "../lib/router.js";
import { isAtLeast, me, onSignOut } from "../lib/session.js";
import { onEvent, onSnapshot } from "../lib/socket.js";
import { read, write } from "../lib/storage.js";
import { numbers, reloadNumbers } from "./numbers.js";
import { agents, departments } from "./people.js";

export const PATH = "/inicio";
const HOME = "/conversas";
/** Changes of one's own row that are looked through for a new password. */
const CHANGES_MAX = 100;

/** `{ isPasswordChanged, tickets }`, once it is known. */
export const facts = signal(null);
/** What this browser remembers: `{ seen, dismissed, keepsDepartments }`. */
export const remembered = signal({});

const key = () => `first-start.${me.value.id}`;

export function remember(change) {
  remembered.value = { ...remembered.value, ...change };
  write(key(), remembered.value);
}

export const isConnected = (number) => number.is_active && number.status === "ready";
const isUntouched = (row) => row.criado_em === row.atualizado_em;

/** In their order: `{ name, isDone }`. */
export const steps = computed(() => {
  const { isPasswordChanged = false, tickets = 0 } = facts.value ?? {};
  const places = departments.value;
  return [
    { name: "password", isDone: isPasswordChanged },
    { name: "department", isDone: places.length > 1 || places.some((row) => !isUntouched(row)) || Boolean(remembered.value.keepsDepartments) },
    { name: "person", isDone: agents.value.some((row) => row.is_active && row.id !== me.value?.id) },
    { name: "number", isDone: (numbers.value ?? []).some(isConnected) },
    { name: "test", isDone: tickets > 0 },
  ];
});

export const left = computed(() => steps.value.filter(({ isDone }) => !isDone).length);

/** Whether it stands in the bar: for an administrator of a hub that is new, until it is done or dismissed. */
export const isOffered = computed(() => {
  if (!me.value || !isAtLeast("admin") || !facts.value || remembered.value.dismissed || left.value === 0) return false;
  // A hub that works for years is not new, whatever was never changed in it.
  return Boolean(remembered.value.seen) || facts.value.tickets === 0;
});

async function loadTickets() {
  const { count } = await api.get("atendimento/atendimentos/", { page_size: 1 });
  facts.value = { ...facts.value, tickets: count };
}

export async function loadPassword() {
  const { results } = await api.get("auditoria/", { assunto: "agente", assunto_id: me.value.id, acao: "alterado", page_size: CHANGES_MAX });
  const isPasswordChanged = results.some(({ alteracoes }) => alteracoes.some(({ campo }) => campo === "password"));
  facts.value = { ...facts.value, isPasswordChanged };
}

onSnapshot(async () => {
  if (!me.value || !isAtLeast("admin")) return;
  remembered.value = read(key(), {});
  if (remembered.value.dismissed && route.value.path !== PATH) return;
  const isFirst = !facts.value;
  try {
    await reload();
  } catch {
    // Nobody's work depends on it: the page itself says what is wrong, with another try.
    return;
  }
  // The first time the administrator is led there; from then on it stands in the bar.
  if (isFirst && isOffered.value && !remembered.value.seen && route.value.path === HOME) navigate(PATH, { replace: true });
});

/** All anew, for a page that is opened after it was dismissed. */
export async function reload() {
  await Promise.all([reloadNumbers(), loadTickets(), loadPassword()]);
}

// The event tells the state only; the phone number comes with the row.
onEvent("session_status", () => facts.value && reloadNumbers().catch(() => {}));
onEvent("new_chat", () => facts.value?.tickets === 0 && loadTickets().catch(() => {}));

onSignOut(() => {
  facts.value = null;
  remembered.value = {};
});
