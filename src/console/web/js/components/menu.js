// A button that opens a menu.
import { classes, html, useLayoutEffect, useRef, useState } from "../lib/html.js";
import { Icon } from "./icon.js";

/**
 * `items`: `{ label, icon, hint, run, isChosen, kind, dot }`, `"line"` or `{ heading }`. `button(attributes, isOpen)` draws
 * the button. `side`: where it opens, `bottom-start`, `bottom-end`, `top-start` or `right-end`.
 */
export function Menu({ button, items, label, side = "bottom-start" }) {
  const [isOpen, setOpen] = useState(false);
  const root = useRef(null);
  const choices = () => [...(root.current?.querySelectorAll("[role^=menuitem]") ?? [])];
  const close = (refocus) => {
    setOpen(false);
    if (refocus) root.current?.querySelector("[aria-haspopup]")?.focus();
  };
  // Before anything else is pressed: a key that comes between would go astray.
  useLayoutEffect(() => {
    if (!isOpen) return undefined;
    (choices().find((item) => item.getAttribute("aria-checked") === "true") ?? choices()[0])?.focus();
    const outside = (event) => root.current?.contains(event.target) || close(false);
    addEventListener("pointerdown", outside, true);
    return () => removeEventListener("pointerdown", outside, true);
  }, [isOpen]);
  const onKeyDown = (event) => {
    if (!isOpen) return;
    const all = choices();
    const at = all.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) all[(at + step + all.length) % all.length]?.focus();
    else if (event.key === "Home") all[0]?.focus();
    else if (event.key === "End") all.at(-1)?.focus();
    else if (event.key === "Escape") close(true);
    else if (event.key === "Tab") return close(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const attributes = { type: "button", "aria-haspopup": "menu", "aria-expanded": isOpen ? "true" : "false", onClick: () => setOpen(!isOpen) };
  return html`<div class="menu-root" ref=${root} onKeyDown=${onKeyDown}>
    ${button(attributes, isOpen)}
    ${isOpen && html`<div class=${`menu ${side}`} role="menu" aria-label=${label}>${items.map((item) => draw(item, close))}</div>`}
  </div>`;
}

function draw(item, close) {
  if (!item) return null;
  if (item === "line") return html`<hr />`;
  if (item.heading) return html`<p class="menu-heading" role="presentation">${item.heading}</p>`;
  const isChoice = item.isChosen !== undefined;
  const run = () => {
    close(true);
    item.run();
  };
  return html`<button type="button" role=${isChoice ? "menuitemradio" : "menuitem"} aria-checked=${isChoice ? String(item.isChosen) : undefined} tabindex="-1" class=${classes("menu-item", item.kind)} onClick=${run}>
    ${item.dot ? html`<span class=${`dot ${item.dot}`}></span>` : item.icon && html`<${Icon} name=${item.icon} size=${16} />`}
    <span>${item.label}${item.hint && html`<small>${item.hint}</small>`}</span>
    ${item.isChosen && html`<${Icon} name="check" size=${16} />`}
  </button>`;
}
