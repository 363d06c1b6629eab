// Reports: `/relatorios` what happened in the service, `/relatorios/presenca` who was there. The choice is in the address.
import { html } from "../../lib/html.js";
import { isAtLeast } from "../../lib/session.js";
import { Link } from "../../lib/router.js";
import { Filters } from "./filters.js";
import { periodOf } from "./period.js";
import { PresenceReport } from "./presence.js";
import { ServiceReport } from "./service.js";

const VIEWS = [
  ["", "Atendimento"],
  ["presenca", "Presença"],
];

export default function ReportsPage({ params, query }) {
  const view = params.view === "presenca" ? "presenca" : "";
  const period = periodOf(query);
  const choice = { ...period, department: view ? "" : (query.departamento ?? ""), agent: query.atendente ?? "" };
  const keep = new URLSearchParams(Object.entries(query).filter(([name]) => view || name !== "departamento")).toString();
  return html`<div class="page"><div class="page-inner roomy">
    <header class="page-header"><div><h1>Relatórios</h1><p>${isAtLeast("supervisor") ? "Cada número conta quando aconteceu, com quem tinha a conversa então." : "Os seus números e a sua presença."}</p></div>
      <nav class="tabs" aria-label="Relatórios">${VIEWS.map(([name, label]) => html`<${Link} key=${name} href=${`/relatorios${name && `/${name}`}${keep && `?${keep}`}`} aria-current=${view === name ? "true" : undefined}>${label}<//>`)}</nav></header>
    <${Filters} view=${view} choice=${choice} />
    ${view === "presenca" ? html`<${PresenceReport} key="presence" choice=${choice} />` : html`<${ServiceReport} key="service" choice=${choice} />`}
  </div></div>`;
}
