// Icons of Lucide. They say nothing to screen readers: the text beside them, or the label of the button, does.
import { h, html } from "../lib/html.js";
import shapes from "../../vendor/lucide.js";

export function Icon({ name, size = 18 }) {
  const shape = shapes[name] ?? shapes.circle;
  return html`<svg class="icon" width=${size} height=${size} viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
    ${shape.map(([tag, attributes]) => h(tag, attributes))}
  </svg>`;
}
