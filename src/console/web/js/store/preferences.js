// How one wants to be told: the row of `GET me/preferencias-notificacao/`. The hub decides by it what `notify` of each
// event says; what the browser lets us do is decided here.
import { signal } from "../lib/html.js";
import * as api from "../lib/api.js";
import { onSignOut } from "../lib/session.js";
import { onSnapshot } from "../lib/socket.js";

const PATH = "me/preferencias-notificacao/";

export const preferences = signal(null);

export async function loadPreferences() {
  preferences.value = await api.get(PATH);
}

/** Shown as chosen at once; taken back when the hub refuses. */
export async function choose(change) {
  const before = preferences.value;
  preferences.value = { ...before, ...change };
  try {
    preferences.value = await api.patch(PATH, change);
  } catch (error) {
    preferences.value = before;
    throw error;
  }
}

onSnapshot(loadPreferences);
onSignOut(() => (preferences.value = null));
