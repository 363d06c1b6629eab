// How one is told.
import { html } from "../lib/html.js";
import { Empty } from "../components/states.js";

export default function PreferencesPage() {
  return html`<div class="page"><${Empty} icon="settings" title="Preferências" /></div>`;
}
