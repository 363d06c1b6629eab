// Who is signed in. The access token lives in memory only. The refresh token is in localStorage, so that
// a reload, a second tab and a crash of the browser do not end the working day. Why that is safe enough:
// the page runs no script but its own (Content-Security-Policy), no text becomes markup, the token is worth a
// day at most, and the server refuses it at once when the person is deactivated or gets a new password. A cookie
// would be out of reach for scripts, but it would be sent with every request of every page of this host.
import { signal, computed } from "./html.js";
import { exclusively, onChange, read, write } from "./storage.js";

const API = "/api/v1/";
/** Refreshed this long before it ends, so that a request on its way does not meet the end. */
const EARLY_MS = 30_000;

/** `"unknown"` until the first answer, then `"in"` or `"out"`. */
export const state = signal("unknown");
/** The row of `GET me/`, while signed in. */
export const me = signal(null);
/** Why the person was signed out, to be shown at the door. */
export const farewell = signal("");

export const role = computed(() => me.value?.role ?? "");
const RANKS = { atendente: 0, supervisor: 1, gerente: 2, admin: 3 };
/** Whether the person has this role or a higher one. */
export const isAtLeast = (wanted) => RANKS[role.value] >= RANKS[wanted];
/** Whether role or groups give this right, such as `whatsapp.manage_sessions`. */
export const may = (right) => Boolean(me.value?.permissions.includes(right));

let access = null;
const leaving = new Set();

/**
 * Calls `listener(keepsWork)` when somebody leaves, to forget what belongs to that person. `keepsWork`: a session that ran
 * out; what was written and not sent stays for when the person is back.
 */
export const onSignOut = (listener) => leaving.add(listener);

const isFresh = (token, marginMs) => Boolean(token) && expiry(token) - marginMs > Date.now();

function expiry(token) {
  try {
    const body = token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
    return JSON.parse(atob(body)).exp * 1000;
  } catch {
    return 0;
  }
}

async function post(path, body) {
  const answer = await fetch(API + path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const data = await answer.json().catch(() => ({}));
  return { status: answer.status, data };
}

/** A token that is good now; `null` when nobody is signed in. Throws when the server cannot be asked. */
export async function accessToken({ renew = false } = {}) {
  const used = access;
  if (!renew && isFresh(access, EARLY_MS)) return access;
  // One tab asks at a time: twenty tabs would run into the limit of requests.
  return exclusively("refresh", async () => {
    if (access !== used && isFresh(access, EARLY_MS)) return access;
    const refresh = read("refresh");
    if (!refresh) return null;
    const { status, data } = await post("auth/refresh/", { refresh });
    if (status === 200) return (access = data.access);
    if (status === 401 || status === 400) {
      expel(data);
      return null;
    }
    throw new Error(`refresh: ${status}`);
  });
}

/** Signs in. Returns a text to be shown when it did not work, else nothing. */
export async function signIn(username, password) {
  const { status, data } = await post("auth/token/", { username, password });
  if (status === 429) return "Muitas tentativas. Espere um minuto e tente de novo.";
  if (status !== 200) return data.detail ?? "Informe o usuário e a senha.";
  access = data.access;
  write("refresh", data.refresh);
  farewell.value = "";
  await loadMe();
  return null;
}

async function loadMe() {
  const answer = await fetch(`${API}me/`, { headers: { Authorization: `Bearer ${access}` } });
  if (answer.status === 401) return expel(await answer.json().catch(() => null));
  if (!answer.ok) throw new Error(`me: ${answer.status}`);
  me.value = await answer.json();
  state.value = "in";
}

/** Finds out who is here. Throws when the server cannot be asked. */
export async function begin() {
  const token = await accessToken();
  if (token) await loadMe();
  else if (state.value === "unknown") state.value = "out";
}

/** Signs out in this browser, in all its tabs. */
export const signOut = () => leave("", false);

/** The server has refused the token: `answer` is what it said. */
export function expel(answer) {
  const isDeactivated = answer?.code === "user_inactive" || answer?.code === "user_not_found";
  leave(isDeactivated ? "Seu acesso foi desativado." : "Sua sessão terminou. Entre de novo.", !isDeactivated);
}

function leave(reason, keepsWork) {
  if (state.value === "out") return;
  for (const listener of leaving) listener(keepsWork);
  access = null;
  write("refresh", null);
  me.value = null;
  farewell.value = reason;
  state.value = "out";
}

onChange("refresh", (token) => {
  // Another tab has left, and has seen to what is to be kept.
  if (!token && state.value === "in") leave(farewell.value, true);
  if (token && state.value === "out") begin().catch(() => {});
});
