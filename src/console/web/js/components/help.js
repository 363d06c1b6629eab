// The keyboard, as it is understood on this page.
import { html } from "../lib/html.js";
import { shortcuts } from "../lib/keys.js";
import { Key } from "./controls.js";
import { Dialog } from "./dialog.js";

const NAMES = { Escape: "Esc", ArrowUp: "↑", ArrowDown: "↓", Enter: "Enter" };

export function Help({ onClose }) {
  const groups = new Map();
  for (const { key, label, group } of shortcuts.value) {
    if (!groups.has(group)) groups.set(group, new Map());
    const keys = groups.get(group);
    keys.set(label, [...(keys.get(label) ?? []), key]);
  }
  return html`<${Dialog} title="Atalhos do teclado" onClose=${onClose}>
    ${[...groups].map(([group, keys]) => html`<section class="help-group" key=${group}><h3>${group}</h3><dl>
      ${[...keys].map(([label, names]) => html`<div key=${label}><dt>${label}</dt><dd>${[...new Set(names)].map((name) => html`<${Key}>${NAMES[name] ?? name}<//>`)}</dd></div>`)}
    </dl></section>`)}
    <section class="help-group"><h3>Ao escrever</h3><dl>
      <div><dt>Enviar</dt><dd><${Key}>Enter<//></dd></div>
      <div><dt>Nova linha</dt><dd><${Key}>Shift<//><${Key}>Enter<//></dd></div>
      <div><dt>Respostas rápidas</dt><dd><${Key}>/<//></dd></div>
      <div><dt>Sair do campo</dt><dd><${Key}>Esc<//></dd></div>
    </dl></section>
  <//>`;
}
