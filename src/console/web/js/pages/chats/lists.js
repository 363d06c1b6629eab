// Which list is shown, narrowed by what.
import { computed, signal } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { onSignOut } from "../../lib/session.js";
import { read, write } from "../../lib/storage.js";
import { all, mine, waiting } from "../../store/chats.js";

export const address = (chatId) => `/conversas/${encodeURIComponent(chatId)}`;

export const TABS = [
  ["mine", "Minhas"],
  ["waiting", "Aguardando"],
  ["all", "Todas"],
];

export const tab = signal(read("tab", "mine"));
/** The id of a department, or null for all. */
export const department = signal(null);
export const search = signal("");
/** Rows of closed chats, once asked for: `{ rows, state, total, page }`. */
export const closed = signal(null);

const LISTS = { mine, waiting, all };

export function show(name) {
  closed.value = null;
  tab.value = name;
  write("tab", name);
}

/** A text as it is compared: without accents, case and punctuation. */
export const plain = (text) => (text ?? "").normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

const digits = (text) => text.replace(/\D/g, "");

function matches(row, terms, number) {
  const words = plain(`${row.cliente_nome} ${row.etiquetas.join(" ")}`);
  return terms.every((term) => words.includes(term)) || (number.length > 2 && row.numero_whatsapp.includes(number));
}

/** What the list shows, in its order. */
export const shownRows = computed(() => {
  const terms = plain(search.value).split(/\s+/).filter(Boolean);
  if (terms.length) {
    const number = digits(search.value);
    return all.value.filter((row) => matches(row, terms, number));
  }
  const rows = closed.value ? closed.value.rows : LISTS[tab.value].value;
  return department.value ? rows.filter((row) => row.departamento_id === department.value) : rows;
});

const PAGE = 100;

/** Loads closed chats, and more of them when called again. */
export async function loadClosed() {
  const before = closed.value ?? { rows: [], page: 0, total: Infinity, state: "ready" };
  if (before.state === "loading" || before.rows.length >= before.total) return;
  closed.value = { ...before, state: "loading" };
  try {
    const answer = await api.raw("chats/", { status: "finalizado", sort: "updated", size: PAGE, page: before.page + 1 });
    const rows = [...before.rows, ...(await answer.json())];
    if (closed.value) closed.value = { rows, page: before.page + 1, total: Number(answer.headers.get("X-Total-Count")), state: "ready" };
  } catch (error) {
    if (closed.value) closed.value = { ...before, state: error };
  }
}

onSignOut(() => {
  closed.value = null;
  search.value = "";
  department.value = null;
});
