// Calling the person: a sound, a notification of the desktop, the count in the title. Whether an event calls is said
// by its `notify`; one of several tabs does it.
import { effect } from "../lib/html.js";
import { connection, onEvent } from "../lib/socket.js";
import { leave } from "../lib/router.js";
import { state } from "../lib/session.js";
import { badges, pageTitle } from "../components/shell.js";
import { chats, offers, unread } from "./chats.js";
import { shownChat } from "./messages.js";
import { preferences } from "./preferences.js";

/** A burst is one sound. */
const SOUND_PAUSE_MS = 1500;
/** How long the tab that calls keeps the others from it. */
const CALL_MS = 3000;

let audio = null;
let soundedAt = 0;

// Browsers let a page sound only after it was touched.
addEventListener("pointerdown", () => (audio ??= new AudioContext()), { once: true });
addEventListener("keydown", () => (audio ??= new AudioContext()), { once: true });

/** Two soft notes; for what needs an answer now, higher and twice. */
export function sound(isUrgent = false) {
  if (!audio || Date.now() - soundedAt < SOUND_PAUSE_MS) return;
  soundedAt = Date.now();
  audio.resume?.();
  const notes = isUrgent ? [880, 1174.66, 880, 1174.66] : [659.25, 880];
  notes.forEach((frequency, index) => note(frequency, audio.currentTime + index * 0.14));
}

function note(frequency, at) {
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.frequency.value = frequency;
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(0.14, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.001, at + 0.32);
  tone.connect(volume).connect(audio.destination);
  tone.start(at);
  tone.stop(at + 0.35);
}

const TEXTS = {
  message_received: (data) => [data.contact_name || data.from, data.message || "Enviou um arquivo"],
  new_chat: (data) => [`Nova conversa: ${data.cliente_nome}`, data.mensagem_inicial],
  chat_assigned: (data) => [`Conversa para você: ${data.cliente_nome}`, data.mensagem_inicial],
  chat_offered: (data) => [`Aceita esta conversa? ${data.cliente_nome}`, data.mensagem_inicial],
  chat_transferred: (data) => [`${data.de} passou ${data.cliente_nome} a você`, data.motivo],
  chat_requeued: (data) => ["Uma conversa voltou para a fila", chats.value.get(data.chat_id)?.cliente_nome ?? ""],
  chat_overflowed: (data) => [`Conversa transbordou para ${data.departamento_nome}`, ""],
  reply_window_closing: (data) => [`A janela de 24 horas fecha em uma hora`, data.cliente_nome],
};

/** Runs `work` in one tab of this browser only. */
function once(name, work) {
  if (!navigator.locks) return work();
  navigator.locks.request(`dx.call.${name}`, { ifAvailable: true }, async (lock) => {
    if (!lock) return;
    work();
    await new Promise((resolve) => setTimeout(resolve, CALL_MS));
  });
}

onEvent("*", (name, data, { notify, seq, epoch, isRepeat }) => {
  if (isRepeat || !(notify.sound || notify.desktop)) return;
  const isLookedAt = document.visibilityState === "visible" && document.hasFocus();
  // What is on the screen of somebody who looks at it needs no call.
  if (name === "message_received" && isLookedAt && shownChat.value === data.chat_id) return;
  once(`${epoch}.${seq}`, () => {
    if (notify.sound) sound(name === "chat_offered");
    if (notify.desktop && !isLookedAt) desktop(name, data);
  });
});

function desktop(name, data) {
  if (!("Notification" in window) || Notification.permission !== "granted" || !TEXTS[name]) return;
  const [title, body] = TEXTS[name](data);
  // One per chat: a newer one takes the place of the older.
  const shown = new Notification(title, { body: (body ?? "").slice(0, 140), tag: data.chat_id, icon: document.querySelector("link[rel=icon]").href, lang: "pt-BR" });
  shown.onclick = () => {
    focus();
    leave(`/conversas/${encodeURIComponent(data.chat_id)}`);
    shown.close();
  };
}

effect(() => {
  const { mostrar_badge_mensagens: countsMessages = true, mostrar_badge_atendimentos: countsChats = true } = preferences.value ?? {};
  const count = state.value === "in" ? (countsMessages ? unread.value : 0) + (countsChats ? offers.value.size : 0) : 0;
  badges.value = { ...badges.peek(), "/conversas": count };
  const title = state.value === "in" && pageTitle.value ? `${pageTitle.value} · DX Connect` : "DX Connect";
  document.title = (connection.value.state === "waiting" ? "! " : "") + (count ? `(${count}) ` : "") + title;
});
