// Keyboard shortcuts: whoever is on screen registers what it understands, and the help shows just that.
import { signal, useEffect, useRef } from "./html.js";

/** All that can be pressed now: `[{ key, label, group, run }]`. */
export const shortcuts = signal([]);

const EDITABLE = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=true]";

/**
 * Registers shortcuts while the component is shown: `[["j", "Próxima conversa", next], …]`. A key is that of
 * the event (`"j"`, `"?"`, `"Escape"`), in lower case. Not while somebody types or a dialog is open.
 */
export function useKeys(group, bindings) {
  const latest = useRef(bindings);
  latest.current = bindings;
  const names = bindings.map(([key]) => key).join(" ");
  useEffect(() => {
    const mine = latest.current.map(([key, label], index) => ({
      key,
      label,
      group,
      run: (event) => latest.current[index]?.[2](event),
    }));
    shortcuts.value = [...shortcuts.value, ...mine];
    return () => {
      shortcuts.value = shortcuts.value.filter((shortcut) => !mine.includes(shortcut));
    };
  }, [names]);
}

addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.target.closest?.(EDITABLE) && event.key !== "Escape") return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  // The latest wins: it lies on top.
  const found = shortcuts.value.findLast((shortcut) => shortcut.key === key);
  if (!found) return;
  event.preventDefault();
  found.run(event);
});
