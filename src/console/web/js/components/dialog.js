// Dialogs: the browser's own, which keeps the focus inside, closes with Escape and gives the focus back.
import { html, useId, useLayoutEffect, useRef } from "../lib/html.js";
import { IconButton } from "./controls.js";

/** Shown as long as it is rendered; `onClose` is called for Escape, a click outside and the cross. */
export function Dialog({ title, onClose, children, footer, size = "medium", onSubmit }) {
  const dialog = useRef(null);
  const id = useId();
  // Before anything else is pressed: a key that comes between would go astray.
  useLayoutEffect(() => {
    const shown = dialog.current;
    const before = document.activeElement;
    shown.showModal();
    shown.querySelector("[autofocus]")?.focus();
    return () => {
      shown.close();
      before?.isConnected && before.focus();
    };
  }, []);
  const outside = (event) => event.target === dialog.current && onClose();
  const submit = (event) => {
    event.preventDefault();
    onSubmit?.(event);
  };
  return html`<dialog ref=${dialog} class=${`dialog ${size}`} aria-labelledby=${id} onCancel=${(event) => { event.preventDefault(); onClose(); }} onMouseDown=${outside}>
    <form class="dialog-body" onSubmit=${submit}>
      <header><h2 id=${id}>${title}</h2><${IconButton} icon="x" label="Fechar" onClick=${onClose} /></header>
      <div class="dialog-content">${children}</div>
      ${footer && html`<footer>${footer}</footer>`}
    </form>
  </dialog>`;
}
