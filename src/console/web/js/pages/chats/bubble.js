// One message, or one note.
import { classes, html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { clock, dateTime, phone } from "../../lib/format.js";
import { isAtLeast, me } from "../../lib/session.js";
import { Button, Field } from "../../components/controls.js";
import { Dialog } from "../../components/dialog.js";
import { Icon } from "../../components/icon.js";
import { Menu } from "../../components/menu.js";
import { fail, toast } from "../../components/toast.js";
import { path } from "../../store/chats.js";
import { loadLatest, retryMessage } from "../../store/messages.js";
import { discard, retry } from "../../store/outbox.js";
import { nameOfKind } from "./kinds.js";
import { Media } from "./media.js";

const TICKS = {
  pending: ["clock", "Na fila deste navegador"],
  queued: ["clock", "Na fila de envio"],
  sending: ["clock", "Enviando"],
  sent: ["check", "Enviada"],
  delivered: ["check-check", "Entregue"],
  read: ["check-check", "Lida"],
  failed: ["circle-alert", "Não enviada"],
};
const WITH_FILE = ["image", "audio", "video", "document", "sticker"];
/** Emojis that are offered; others are written. */
const REACTIONS = [["👍", "Curtir"], ["❤️", "Amei"], ["😂", "Engraçado"], ["🙏", "Obrigado"], ["😮", "Uau"]];
/** How long the network lets a text be changed, and a message be taken back (API.md). */
const EDIT_MS = 15 * 60_000;
const DELETE_MS = 60 * 3_600_000;
const URL_PATTERN = /(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]}'])/;

export function Bubble({ message, isFollowing, pending, byId, row, onQuote }) {
  const isOut = message.is_from_me;
  const state = pending?.error ? "failed" : message.status;
  const isAutomatic = isOut && !message.is_from_agent && !pending;
  const reactions = [message.customer_reaction, message.company_reaction].filter(Boolean);
  return html`<article class=${classes("bubble-line", isOut ? "out" : "in", isFollowing && "following", reactions.length > 0 && "reacted")} data-message=${message.message_id} data-status=${isOut ? state : undefined}>
    <div class=${classes("bubble", isAutomatic && "automatic", state === "failed" && "failed", message.message_type === "sticker" && "bare")}>
      ${isOut && !isFollowing && html`<p class="bubble-who">${isAutomatic && html`<${Icon} name="zap" size=${12} />`}${message.from_name}</p>`}
      ${!isOut && html`<span class="visually-hidden">${message.from_name}:</span>`}
      ${message.quoted_message_id && html`<${Quote} message=${byId.get(message.quoted_message_id)} />`}
      <${Body} message=${message} />
      <p class="bubble-foot">${message.edited_at && html`<span>editada</span>`}<time datetime=${message.created_at} title=${dateTime(message.created_at)}>${clock(message.created_at)}</time>${isOut && html`<${Ticks} state=${state} />`}</p>
      ${reactions.length > 0 && html`<span class="reactions" aria-label=${`Reações: ${reactions.join(" ")}`}>${reactions.join("")}</span>`}
    </div>
    ${!pending && row && html`<${Actions} message=${message} row=${row} onQuote=${onQuote} />`}
    ${state === "failed" && html`<${Failed} message=${message} pending=${pending} />`}
  </article>`;
}

function Ticks({ state }) {
  const [icon, label] = TICKS[state] ?? TICKS.queued;
  return html`<span class=${`ticks ${state}`} role="img" aria-label=${label} title=${label}><${Icon} name=${icon} size=${15} /></span>`;
}

function Quote({ message }) {
  return html`<blockquote class="quote"><strong>${message ? message.from_name : "Mensagem anterior"}</strong><span class="cut">${message ? message.text_content || nameOfKind(message.message_type) : "…"}</span></blockquote>`;
}

function Body({ message }) {
  if (message.deleted_at) return html`<p class="deleted"><${Icon} name="ban" size=${14} /> Mensagem apagada</p>`;
  const { details, message_type: kind } = message;
  return html`${WITH_FILE.includes(kind) && html`<${Media} message=${message} />`}
    ${details?.type === "location" && html`<a class="file" href=${`https://www.openstreetmap.org/?mlat=${details.latitude}&mlon=${details.longitude}#map=17/${details.latitude}/${details.longitude}`} target="_blank" rel="noopener noreferrer"><${Icon} name="map-pin" /><span>${details.name || "Localização"}<small>${details.address || `${details.latitude}, ${details.longitude}`}</small></span></a>`}
    ${details?.type === "contacts" && details.contacts.map((card) => html`<p class="file"><${Icon} name="contact-round" /><span>${card.name}<small>${card.phones.map(phone).join(", ")}</small></span></p>`)}
    ${details?.type === "choice" && html`<p class="choice"><${Icon} name="check" size=${14} />${details.title}</p>`}
    ${details?.type === "poll" && html`<p class="strong">${details.question}</p><ul class="poll">${details.options.map((option) => html`<li>${option}</li>`)}</ul>`}
    ${message.text_content && details?.type !== "choice" && details?.type !== "location" && html`<p class="bubble-text">${linked(message.text_content)}</p>`}
    ${details?.type === "interactive" && html`<ul class="poll">${(details.action.buttons ?? details.action.list?.sections.flatMap((section) => section.rows) ?? []).map((option) => html`<li>${option.title}</li>`)}</ul>`}`;
}

/** Addresses become links; everything else stays text. */
const linked = (text) => text.split(URL_PATTERN).map((part, index) => (index % 2 ? html`<a href=${part} target="_blank" rel="noopener noreferrer">${part}</a>` : part));

function Actions({ message, row, onQuote }) {
  const act = (action, body) => () => api.post(`whatsapp/messages/${message.id}/${action}/`, body).then(() => loadLatest(row.chat_id, 50), fail);
  const copy = () => navigator.clipboard?.writeText(message.text_content).then(() => toast("Texto copiado."), fail);
  const [isEditing, setEditing] = useState(false);
  const age = Date.now() - Date.parse(message.created_at);
  const isEditable = message.is_from_me && message.is_from_agent && message.message_type === "text" && !message.deleted_at && age < EDIT_MS;
  const isFresh = age < DELETE_MS;
  const items = [
    { label: "Responder citando", icon: "reply", run: () => onQuote(message) },
    message.text_content && { label: "Copiar texto", icon: "copy", run: copy },
    ...(message.is_from_me ? [] : ["line", { heading: "Reagir" }, { row: REACTIONS.map(([emoji, name]) => ({ label: emoji, name, isChosen: message.company_reaction === emoji, run: act("reacao", { emoji: message.company_reaction === emoji ? "" : emoji }) })) }]),
    isEditable && { label: "Editar", icon: "pencil", run: () => setEditing(true) },
    message.is_from_me && isFresh && !message.deleted_at && message.is_from_agent && { label: "Apagar para todos", icon: "trash", kind: "danger", run: act("apagar") },
  ].filter(Boolean);
  return html`<div class="bubble-actions"><${Menu} label="Ações da mensagem" side=${message.is_from_me ? "bottom-end" : "bottom-start"} items=${items} button=${(attributes) => html`<button ...${attributes} class="icon-button" aria-label="Ações da mensagem"><${Icon} name="chevron-down" size=${16} /></button>`} />
    ${isEditing && html`<${EditDialog} message=${message} chatId=${row.chat_id} onClose=${() => setEditing(false)} />`}</div>`;
}

function EditDialog({ message, chatId, onClose }) {
  const [text, setText] = useState(message.text_content);
  const [error, setError] = useState("");
  const submit = async () => {
    try {
      await api.post(`whatsapp/messages/${message.id}/editar/`, { text: text.trim() });
      await loadLatest(chatId, 50);
      onClose();
    } catch (failure) {
      setError(failure.message);
    }
  };
  return html`<${Dialog} title="Editar a mensagem" onClose=${onClose} onSubmit=${submit} footer=${html`<${Button} onClick=${onClose}>Cancelar<//><${Button} kind="primary" type="submit" disabled=${!text.trim()}>Guardar<//>`}>
    <${Field} label="Texto" error=${error} hint="O cliente vê que a mensagem foi editada." control=${(attributes) => html`<textarea ...${attributes} rows="4" autofocus required value=${text} onInput=${(event) => setText(event.currentTarget.value)}></textarea>`} />
  <//>`;
}

function Failed({ message, pending }) {
  const [why, setWhy] = useState(pending?.error ?? "");
  const ask = async () => {
    const full = await api.get(`whatsapp/messages/${message.id}/`).catch(() => null);
    setWhy(full?.error_message || "O WhatsApp não aceitou a mensagem.");
  };
  const again = pending ? () => retry(pending.id) : () => retryMessage(message).catch(fail);
  return html`<div class="failed-note" role="alert"><span>${(pending?.error ?? why) || "Não enviada."}</span>
    ${!pending && !why && html`<${Button} kind="quiet" class="small" onClick=${ask}>Por quê?<//>`}
    <${Button} kind="quiet" class="small" icon="refresh-cw" onClick=${again}>Tentar de novo<//>
    ${pending && html`<${Button} kind="quiet" class="small" onClick=${() => discard(pending.id)}>Descartar<//>`}</div>`;
}

export function NoteBubble({ note, chatId }) {
  const mayRemove = note.autor === me.value.id || isAtLeast("gerente");
  const remove = () => api.remove(path(chatId, `notas/${note.id}/`)).catch(fail);
  return html`<article class="bubble-line note-line"><div class="bubble note">
    <p class="bubble-who"><${Icon} name="lock" size=${12} />Nota interna · ${note.autor_nome}</p>
    <p class="bubble-text">${linked(note.texto)}</p>
    <p class="bubble-foot">${mayRemove && html`<button type="button" class="text-button" onClick=${remove}>Remover</button>`}<time datetime=${note.criado_em} title=${dateTime(note.criado_em)}>${clock(note.criado_em)}</time></p>
  </div></article>`;
}
