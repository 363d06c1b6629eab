// Buttons, fields, switches: the small parts that all pages share.
import { classes, html, useId } from "../lib/html.js";
import { initials } from "../lib/format.js";
import { Icon } from "./icon.js";

/** `kind`: `primary`, `danger`, `quiet`, or plain. While `isBusy` it shows that it works and takes no click. */
export function Button({ kind, icon, children, isBusy = false, class: extra, ...rest }) {
  return html`<button type="button" class=${classes("button", kind, extra)} aria-busy=${isBusy ? "true" : undefined} ...${rest} disabled=${rest.disabled || isBusy}>
    ${icon && html`<${Icon} name=${isBusy ? "loader-circle" : icon} />`}${children && html`<span>${children}</span>`}
  </button>`;
}

/** A button that is only an icon; `label` is read out and shown as a hint, with its key. */
export function IconButton({ icon, label, shortcut, size = 18, class: extra, ...rest }) {
  const title = shortcut ? `${label} (${shortcut})` : label;
  return html`<button type="button" class=${classes("icon-button", extra)} aria-label=${label} title=${title} ...${rest}><${Icon} name=${icon} size=${size} /></button>`;
}

const HUES = 8;
/** The first letters of a name on a colour that belongs to it. `presence` adds a dot. */
export function Avatar({ name, presence, size = "medium" }) {
  let hash = 7;
  for (const letter of name ?? "") hash = (Math.imul(hash, 16777619) ^ letter.codePointAt(0)) >>> 0;
  const hue = ((hash ^ (hash >>> 15)) >>> 0) % HUES;
  return html`<span class=${`avatar ${size} hue-${hue}`} aria-hidden="true">${initials(name)}${presence && html`<span class=${`dot ${presence}`}></span>`}</span>`;
}

/** A labelled control with its error. `control` gets the attributes that tie it to both. */
export function Field({ label, hint, error, children, control }) {
  const id = useId();
  const note = error ?? hint;
  const attributes = { id, "aria-describedby": note ? `${id}-note` : undefined, "aria-invalid": error ? "true" : undefined };
  return html`<div class=${classes("field", error && "wrong")}>
    <label for=${id}>${label}</label>
    ${control ? control(attributes) : children}
    ${note && html`<p id=${`${id}-note`} class="note" role=${error ? "alert" : undefined}>${note}</p>`}
  </div>`;
}

/** On or off. */
export function Switch({ label, hint, checked, onChange, disabled }) {
  const id = useId();
  return html`<label class="switch" for=${id}>
    <span class="switch-text">${label}${hint && html`<small>${hint}</small>`}</span>
    <input id=${id} type="checkbox" role="switch" checked=${checked} disabled=${disabled} onChange=${(event) => onChange(event.currentTarget.checked)} />
    <span class="track" aria-hidden="true"></span>
  </label>`;
}

/** A count that catches the eye, or nothing. */
export const Badge = ({ count, label }) => (count > 0 ? html`<span class="badge" aria-label=${label}>${count > 99 ? "99+" : count}</span>` : null);

/** A small word with a meaning: `kind` is `ok`, `warn`, `danger`, `accent` or plain. */
export const Tag = ({ kind, icon, children }) => html`<span class=${classes("tag", kind)}>${icon && html`<${Icon} name=${icon} size=${13} />`}${children}</span>`;

/** A key as it stands on the keyboard. */
export const Key = ({ children }) => html`<kbd>${children}</kbd>`;

/** For the `onKeyDown` of a `role="tablist"`: arrows go from tab to tab. */
export function moveTab(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const tabs = [...event.currentTarget.querySelectorAll("[role=tab]")];
  const next = step && tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.click();
}
