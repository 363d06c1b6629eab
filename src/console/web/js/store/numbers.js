// The company's WhatsApp numbers, as everybody may see them.
import { computed, signal } from "../lib/html.js";
import * as api from "../lib/api.js";
import { onSignOut } from "../lib/session.js";
import { onEvent, onSnapshot } from "../lib/socket.js";

/** Rows of `GET whatsapp/sessions/`, or null before they were loaded. */
export const numbers = signal(null);

/** Numbers are there, and none of them can send now. */
export const isNoneReady = computed(() => Boolean(numbers.value?.some((row) => row.is_active)) && !numbers.value.some((row) => row.is_active && row.status === "ready"));

/** How often a number has told of itself. */
let told = 0;

export async function reloadNumbers() {
  let before;
  do {
    before = told;
    numbers.value = await api.all("whatsapp/sessions/");
    // What was told meanwhile may be newer than what was read.
  } while (before !== told);
}

onSnapshot(reloadNumbers);

onEvent("session_status", (data) => {
  told += 1;
  if (!numbers.value?.some((row) => row.id === data.session_id)) return reloadNumbers().catch(() => {});
  numbers.value = numbers.value.map((row) => (row.id === data.session_id ? { ...row, status: data.status } : row));
});

onSignOut(() => (numbers.value = null));
