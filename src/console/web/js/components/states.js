// What is shown while there is nothing to show: waiting, nothing there, something wrong.
import { html } from "../lib/html.js";
import { Button } from "./controls.js";
import { Icon } from "./icon.js";

/** Nothing there, with what one may do about it. */
export function Empty({ icon = "inbox", title, children, action }) {
  return html`<div class="empty"><${Icon} name=${icon} size=${28} /><h2>${title}</h2>${children && html`<p>${children}</p>`}${action}</div>`;
}

/** Something went wrong: the API's own words and another try. */
export function Failure({ error, onRetry, title = "Não foi possível carregar" }) {
  return html`<div class="empty failure" role="alert"><${Icon} name=${error?.status === 0 ? "cloud-off" : "circle-alert"} size=${28} />
    <h2>${title}</h2><p>${error?.message}</p>${onRetry && html`<${Button} icon="refresh-cw" onClick=${onRetry}>Tentar de novo<//>`}</div>`;
}

/** Grey lines in the place of rows that are on their way. */
export function Skeleton({ rows = 6, kind = "line" }) {
  return html`<div class="skeleton" role="status" aria-label="Carregando">${Array.from({ length: rows }, (_, row) => html`<div class=${`bone ${kind}`} key=${row}></div>`)}</div>`;
}
