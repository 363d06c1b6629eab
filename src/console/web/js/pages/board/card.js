// One department among others: its figures, who waits longest, who is there.
import { html } from "../../lib/html.js";
import { plural } from "../../lib/format.js";
import { Link } from "../../lib/router.js";
import { Avatar, Tag } from "../../components/controls.js";
import { Icon } from "../../components/icon.js";
import { LABELS } from "../../store/presence.js";
import { queues } from "./store.js";
import { Figures, QueueTrend, teamOf } from "./figures.js";
import { QueueRow } from "./queue.js";

const ROWS = 4;
const FACES = 8;

export function DepartmentCard({ department }) {
  const queue = queues.value.get(department.id) ?? [];
  const team = teamOf(department).filter(({ status }) => status !== "offline");
  const address = `/painel/${department.id}`;
  return html`<section class="card department-card" aria-label=${department.nome}>
    <header><span class="department-mark" style=${{ background: department.cor }}></span><h2 class="cut"><${Link} href=${address}>${department.nome}<//></h2>${!department.ativo && html`<${Tag} kind="warn">Inativo<//>`}
      <div class="actions"><${Link} class="icon-button" href=${address} aria-label=${`Abrir ${department.nome}`} title="Abrir"><${Icon} name="chevron-right" /><//></div></header>
    <${Figures} department=${department} />
    <${QueueTrend} department=${department} />
    ${queue.length > 0 && html`<ol class="queue short" aria-label="Próximas da fila">${queue.slice(0, ROWS).map((place) => html`<${QueueRow} key=${place.id} place=${place} department=${department} isShort=${true} />`)}</ol>`}
    ${queue.length > ROWS && html`<p class="card-more"><${Link} href=${address}>Ver mais ${plural(queue.length - ROWS, "conversa", "conversas")}<//></p>`}
    <footer class="faces">${team.length === 0
      ? html`<span class=${queue.length > 0 ? "no-team" : "faint"}>${queue.length > 0 ? "Ninguém da equipe está conectado" : "Equipe offline"}</span>`
      : html`${team.slice(0, FACES).map(({ agent, name, status, load }) => html`<span class="face" key=${agent.id} title=${`${name}: ${LABELS[status]}, ${load} de ${department.max_atendimentos_simultaneos}`}><${Avatar} name=${name} presence=${status} size="small" /><small class="numbers" aria-hidden="true">${load}/${department.max_atendimentos_simultaneos}</small><span class="visually-hidden">${name}: ${LABELS[status]}, ${load} de ${department.max_atendimentos_simultaneos}</span></span>`)}
        ${team.length > FACES && html`<small class="faint">+${team.length - FACES}</small>`}`}</footer>
  </section>`;
}
