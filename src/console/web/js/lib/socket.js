// The events of the hub (docs/EVENTS.md): one socket per tab, resumed by `epoch` and `seq`. Whoever shows
// data registers with `onEvent` for what changes and with `onSnapshot` for loading it anew; events that come
// while a snapshot is loaded wait, and are handed over afterwards as repeats.
import { signal } from "./html.js";
import { accessToken, onSignOut } from "./session.js";
import { deviceName } from "./storage.js";

/** `"off"`, `"connecting"`, `"online"` or `"waiting"` (for the next attempt, at `retryAt`). */
export const connection = signal({ state: "off", retryAt: 0 });

/** The pauses between attempts double from the first to the last, ± a third, so that not everybody comes at once. */
const RETRY_FIRST_MS = 500;
const RETRY_LAST_MS = 15_000;
/** EVENTS.md: a ping every 30 s is enough. */
const PING_MS = 25_000;
/** The answer to a ping on a line that lives. */
const PONG_MS = 10_000;
const UNAUTHENTICATED = 4001;

const listeners = new Map();
const snapshots = new Set();
let socket = null;
let position = null;
let attempts = 0;
let retryTimer = 0;
let pingTimer = 0;
let pongTimer = 0;
let held = null;
let generation = 0;

/** Calls `listener(data, { notify, isRepeat })` for each event of this name; `"*"` for all, with the name. Returns what ends it. */
export function onEvent(name, listener) {
  if (!listeners.has(name)) listeners.set(name, new Set());
  listeners.get(name).add(listener);
  return () => listeners.get(name).delete(listener);
}

/** Calls `load()` whenever what is shown may be out of date: at the start and after a gap. */
export function onSnapshot(load) {
  snapshots.add(load);
  return () => snapshots.delete(load);
}

export function connect() {
  if (socket || connection.value.state === "connecting") return;
  open();
}

export function disconnect() {
  generation += 1;
  clearTimeout(retryTimer);
  clearInterval(pingTimer);
  clearTimeout(pongTimer);
  socket?.close(1000);
  socket = null;
  position = null;
  held = null;
  attempts = 0;
  connection.value = { state: "off", retryAt: 0 };
}

/** Tries now what would be tried later. */
export function retryNow() {
  if (connection.value.state !== "waiting") return;
  clearTimeout(retryTimer);
  open();
}

async function open() {
  const mine = (generation += 1);
  connection.value = { state: "connecting", retryAt: 0 };
  let token = null;
  try {
    token = await accessToken();
  } catch {
    if (mine === generation) later();
    return;
  }
  if (mine !== generation || !token) return;
  const query = new URLSearchParams({ device: deviceName() });
  if (position) query.set("resume", `${position.epoch}:${position.seq}`);
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  // The token travels as a subprotocol: addresses end up in logs.
  const opened = new WebSocket(`${scheme}://${location.host}/ws/whatsapp/?${query}`, ["bearer", token]);
  socket = opened;
  opened.onmessage = ({ data }) => mine === generation && receive(JSON.parse(data));
  opened.onclose = ({ code }) => {
    if (mine !== generation) return;
    socket = null;
    clearInterval(pingTimer);
    clearTimeout(pongTimer);
    if (code === UNAUTHENTICATED) reauthenticate();
    else later();
  };
}

async function reauthenticate() {
  try {
    // An hour is over, and that is no trouble: back at once, unless it happens again and again.
    if (await accessToken({ renew: true })) attempts === 0 ? open() : later();
    else if (connection.value.state !== "off") disconnect();
  } catch {
    later();
  }
}

function later() {
  const pause = Math.min(RETRY_LAST_MS, RETRY_FIRST_MS * 2 ** attempts) * (2 / 3 + (Math.random() * 2) / 3);
  attempts += 1;
  connection.value = { state: "waiting", retryAt: Date.now() + pause };
  retryTimer = setTimeout(open, pause);
}

function receive(frame) {
  if (frame.type === "pong") return clearTimeout(pongTimer);
  if (frame.event === "connected") return begin(frame.data);
  if (frame.event === "resumed" && !frame.data.recovered) return begin(frame.data);
  if (frame.event === "resumed") {
    attempts = 0;
    return isOnline();
  }
  if (frame.seq === undefined || (position && frame.epoch === position.epoch && frame.seq <= position.seq)) return;
  if (position) position = { epoch: frame.epoch, seq: frame.seq };
  if (held) held.push(frame);
  else deliver(frame, false);
}

/** A new beginning: everything is loaded anew, and what happens meanwhile is kept. */
async function begin({ epoch, seq }) {
  position = { epoch, seq };
  const mine = generation;
  const waiting = (held = []);
  isOnline();
  const results = await Promise.allSettled([...snapshots].map((load) => load()));
  if (held !== waiting) return;
  held = null;
  for (const frame of waiting) deliver(frame, true);
  const isLost = results.some(({ status, reason }) => status === "rejected" && (reason?.isTransient ?? true));
  if (!isLost) attempts = 0;
  else if (mine === generation && socket) {
    // What could not be loaded is tried again with a new connection, after longer and longer pauses.
    position = null;
    socket.close(1000);
  }
}

function isOnline() {
  connection.value = { state: "online", retryAt: 0 };
  clearInterval(pingTimer);
  pingTimer = setInterval(ping, PING_MS);
}

function ping() {
  if (socket?.readyState !== WebSocket.OPEN) return;
  socket.send('{"type":"ping"}');
  clearTimeout(pongTimer);
  // A line that is dead and does not know it: cut and come back.
  pongTimer = setTimeout(lost, PONG_MS);
}

function lost() {
  generation += 1;
  socket?.close();
  socket = null;
  clearInterval(pingTimer);
  later();
}

function deliver(frame, isRepeat) {
  const about = { notify: frame.notify ?? {}, seq: frame.seq, epoch: frame.epoch, isRepeat };
  for (const listener of listeners.get(frame.event) ?? []) guarded(() => listener(frame.data, about));
  for (const listener of listeners.get("*") ?? []) guarded(() => listener(frame.event, frame.data, about));
}

function guarded(work) {
  try {
    work();
  } catch (error) {
    // One listener's defect must not keep the others from hearing.
    reportError(error);
  }
}

addEventListener("online", retryNow);
addEventListener("offline", () => connection.value.state === "online" && lost());
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && (connection.value.state === "online" ? ping() : retryNow()));
onSignOut(disconnect);
