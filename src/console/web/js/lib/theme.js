// Light, dark, or as the system says.
import { signal, effect } from "./html.js";
import { onChange, read, write } from "./storage.js";

export const THEMES = [
  ["system", "Do sistema", "monitor"],
  ["light", "Claro", "sun"],
  ["dark", "Escuro", "moon"],
];

/** `"system"`, `"light"` or `"dark"`. */
export const theme = signal(read("theme", "system"));

effect(() => {
  const wanted = theme.value;
  if (wanted === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = wanted;
});

export function setTheme(wanted) {
  theme.value = wanted;
  write("theme", wanted === "system" ? null : wanted);
}

onChange("theme", (wanted) => (theme.value = wanted ?? "system"));
