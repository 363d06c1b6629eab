// Quick replies: `/` at the beginning of an answer lists them; Enter puts the filled text into the answer, to be
// looked at before it is sent.
import { classes, html, signal, useEffect, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { onSignOut } from "../../lib/session.js";
import { fail } from "../../components/toast.js";
import { plain } from "./lists.js";

/** Seen at once. */
const SHOWN_MAX = 8;
/** Asked for again when it is older: no event tells of a change. */
const FRESH_MS = 60_000;

const replies = signal([]);
let loadedAt = 0;
onSignOut(() => {
  replies.value = [];
  loadedAt = 0;
});

async function load() {
  if (Date.now() - loadedAt < FRESH_MS) return;
  loadedAt = Date.now();
  try {
    replies.value = await api.all("respostas-rapidas/");
  } catch (error) {
    loadedAt = 0;
    fail(error);
  }
}

/** What the list needs and what the text needs to drive it. */
export function useQuickReplies({ row, text, isOff, onChoose }) {
  const isAsked = !isOff && /^\/\S*$/.test(text);
  const [at, setAt] = useState(0);
  const [dismissed, setDismissed] = useState("");
  useEffect(() => {
    if (isAsked) load();
    setAt(0);
    if (!isAsked) setDismissed("");
  }, [isAsked, text]);
  const term = plain(text.slice(1));
  const found = isAsked && dismissed !== text
    ? replies.value.filter((reply) => !reply.departamento || reply.departamento === row.departamento_id).filter((reply) => plain(`${reply.atalho} ${reply.titulo}`).includes(term)).slice(0, SHOWN_MAX)
    : [];
  const choose = async (reply) => {
    try {
      const filled = await api.post(`respostas-rapidas/${reply.id}/preencher/`, { chat_id: row.chat_id });
      onChoose(filled.texto);
      document.getElementById("composer")?.focus();
    } catch (error) {
      fail(error);
    }
  };
  const onKeyDown = (event) => {
    if (found.length === 0) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt((at + step + found.length) % found.length);
    else if (event.key === "Enter" || event.key === "Tab") choose(found[at] ?? found[0]);
    else if (event.key === "Escape") setDismissed(text);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
  const attributes = found.length ? { "aria-controls": "quick-replies", "aria-activedescendant": `quick-${found[at]?.id}`, "aria-autocomplete": "list" } : {};
  return { found, at, choose, onKeyDown, attributes, isEmpty: isAsked && found.length === 0 && dismissed !== text };
}

export function QuickReplies({ quick }) {
  if (quick.isEmpty) return html`<p class="quick-none">Nenhuma resposta rápida com este atalho.</p>`;
  if (quick.found.length === 0) return null;
  return html`<ul class="quick" id="quick-replies" role="listbox" aria-label="Respostas rápidas">
    ${quick.found.map((reply, index) => html`<li key=${reply.id} id=${`quick-${reply.id}`} role="option" aria-selected=${index === quick.at ? "true" : "false"} class=${classes("quick-row", index === quick.at && "at")} onMouseDown=${(event) => { event.preventDefault(); quick.choose(reply); }}>
      <code>${reply.atalho}</code><strong>${reply.titulo}</strong><span class="cut soft">${reply.texto}</span></li>`)}
  </ul>`;
}
