// Short notes at the edge of the screen: what was done, what went wrong.
import { html, signal } from "../lib/html.js";
import { IconButton } from "./controls.js";
import { Icon } from "./icon.js";

const toasts = signal([]);
/** Long enough to read two lines. */
const SHOWN_MS = 6000;
const SHOWN_MAX = 4;
let last = 0;

/** `kind`: `ok`, `danger` or plain. `action`: `{ label, run }`. `stays`: until somebody takes it away. */
export function toast(text, { kind = "", action, stays } = {}) {
  const id = (last += 1);
  toasts.value = [...toasts.value.slice(1 - SHOWN_MAX), { id, text, kind, action }];
  if (!stays) setTimeout(() => dismiss(id), SHOWN_MS);
}

/** Says what an `ApiError` says. */
export const fail = (error) => toast(error?.message ?? "Não foi possível concluir.", { kind: "danger" });

const dismiss = (id) => (toasts.value = toasts.value.filter((shown) => shown.id !== id));

export function Toasts() {
  return html`<div class="toasts" role="status" aria-live="polite">
    ${toasts.value.map(({ id, text, kind, action }) => html`<div class=${`toast ${kind}`} key=${id}>
      <${Icon} name=${kind === "danger" ? "circle-alert" : kind === "ok" ? "check" : "info"} />
      <span>${text}</span>
      ${action && html`<button type="button" class="button quiet" onClick=${() => { dismiss(id); action.run(); }}>${action.label}</button>`}
      <${IconButton} icon="x" label="Fechar aviso" size=${16} onClick=${() => dismiss(id)} />
    </div>`)}
  </div>`;
}
