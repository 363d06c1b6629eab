// A button that opens a menu.
import { classes, html, useLayoutEffect, useRef, useState } from "../lib/html.js";
import { Icon } from "./icon.js";

/**
 * `items`: `{ label, icon, hint, run, isChosen, kind, dot }`, `"line"`, `{ heading }` or `{ row: [{ label, name, isChosen, run }] }` (side by side). `button(attributes, isOpen)` draws
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
    const menu = root.current.querySelector("[role=menu]");
    const opener = root.current.querySelector("[aria-haspopup]");
    place(menu, opener, side);
    const { top, left } = opener.getBoundingClientRect();
    const hasMoved = () => {
      const at = opener.getBoundingClientRect();
      return Math.abs(at.top - top) > 1 || Math.abs(at.left - left) > 1;
    };
    (choices().find((item) => item.getAttribute("aria-checked") === "true") ?? choices()[0])?.focus({ preventScroll: true });
    const outside = (event) => root.current?.contains(event.target) || close(false);
    // It would stay behind while its button goes. Scrolling that was over before is told only now.
    const gone = () => hasMoved() && close(false);
    addEventListener("pointerdown", outside, true);
    addEventListener("scroll", gone, true);
    addEventListener("resize", gone);
    return () => {
      removeEventListener("pointerdown", outside, true);
      removeEventListener("scroll", gone, true);
      removeEventListener("resize", gone);
    };
  }, [isOpen]);
  const onKeyDown = (event) => {
    if (!isOpen) return;
    const all = choices();
    const at = all.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
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
    ${isOpen && html`<div class="menu" popover="manual" role="menu" aria-label=${label}>${items.map((item) => draw(item, close))}</div>`}
  </div>`;
}

/** Between button and menu, and between menu and the edge of the screen. */
const GAP_PX = 5;
const EDGE_PX = 8;

/** Puts the menu above everything, beside its button, and where there is room. */
function place(menu, button, side) {
  menu.showPopover();
  const at = button.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const [edge, align] = side.split("-");
  const isBeside = edge === "right" && at.right + GAP_PX + width + EDGE_PX <= innerWidth;
  const below = at.bottom + GAP_PX;
  const above = at.top - GAP_PX - height;
  const goesDown = edge === "bottom" ? below + height + EDGE_PX <= innerHeight || above < EDGE_PX : above < EDGE_PX;
  const left = isBeside ? at.right + GAP_PX : align === "end" ? at.right - width : at.left;
  const top = isBeside ? at.bottom - height : goesDown ? below : above;
  menu.style.left = `${Math.max(EDGE_PX, Math.min(left, innerWidth - width - EDGE_PX))}px`;
  menu.style.top = `${Math.max(EDGE_PX, Math.min(top, innerHeight - height - EDGE_PX))}px`;
}

function draw(item, close) {
  if (!item) return null;
  if (item === "line") return html`<hr />`;
  if (item.heading) return html`<p class="menu-heading" role="presentation">${item.heading}</p>`;
  if (item.row) return html`<div class="menu-row" role="group">${item.row.map((one) => html`<button type="button" role="menuitemradio" aria-checked=${String(one.isChosen)} aria-label=${one.name} title=${one.name} tabindex="-1" class="menu-item" onClick=${() => { close(true); one.run(); }}>${one.label}</button>`)}</div>`;
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
