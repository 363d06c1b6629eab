// One department in full: all who wait, the whole team.
import { html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { plural } from "../../lib/format.js";
import { Link } from "../../lib/router.js";
import { Button, Tag } from "../../components/controls.js";
import { Icon } from "../../components/icon.js";
import { Empty } from "../../components/states.js";
import { fail, toast } from "../../components/toast.js";
import { queues, refreshLoads, refreshQueue } from "./store.js";
import { Figures, QueueTrend, teamOf } from "./figures.js";
import { QueueRow } from "./queue.js";
import { TeamRow } from "./team.js";

/** Drawn at first; a long queue has a button for the rest. */
const ROWS = 50;

export function DepartmentDetail({ department, isAlone }) {
  const queue = queues.value.get(department.id) ?? [];
  const [isWhole, setWhole] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const shown = isWhole ? queue : queue.slice(0, ROWS);
  const distribute = async () => {
    setBusy(true);
    try {
      const { distribuidos } = await api.post("atendimento/filas/distribuir/", { departamento_id: department.id });
      toast(distribuidos > 0 ? `${plural(distribuidos, "conversa entregue", "conversas entregues")}.` : "Ninguém pode receber agora.", { kind: distribuidos > 0 ? "ok" : "" });
    } catch (error) {
      fail(error);
    }
    setBusy(false);
    refreshQueue(department.id);
    refreshLoads();
  };
  return html`<header class="page-header">${!isAlone && html`<${Link} class="icon-button" href="/painel" aria-label="Todos os departamentos" title="Todos os departamentos"><${Icon} name="arrow-left" /><//>`}
      <div class="department-title"><span class="department-mark" style=${{ background: department.cor }}></span><h1>${department.nome}</h1>${!department.ativo && html`<${Tag} kind="warn">Inativo<//>`}</div>
      <div class="actions"><${Link} class="button" href=${`/relatorios?departamento=${department.id}`}><${Icon} name="chart-column" />Relatório<//></div></header>
    <section class="card department-top" aria-label="Agora"><${Figures} department=${department} /><${QueueTrend} department=${department} height=${64} /></section>
    <div class="board-columns">
      <section class="card" aria-label="Fila"><header><h2>Fila</h2><span class="soft numbers">${queue.length}</span>
        <div class="actions">${queue.length > 0 && html`<${Button} class="small" icon="zap" isBusy=${isBusy} onClick=${distribute} title="Tenta entregar agora o que espera">Distribuir<//>`}</div></header>
        ${queue.length === 0
          ? html`<${Empty} icon="check-check" title="Ninguém esperando">Quem chegar aparece aqui na hora.<//>`
          : html`<ol class="queue">${shown.map((place) => html`<${QueueRow} key=${place.id} place=${place} department=${department} />`)}</ol>
            ${queue.length > shown.length && html`<p class="card-more"><button type="button" class="text-button" onClick=${() => setWhole(true)}>Mostrar mais ${plural(queue.length - shown.length, "conversa", "conversas")}</button></p>`}`}
      </section>
      <${Team} department=${department} />
    </div>`;
}

function Team({ department }) {
  const team = teamOf(department);
  const here = team.filter(({ status }) => status !== "offline");
  const gone = team.filter(({ status }) => status === "offline");
  const [isOpen, setOpen] = useState(here.length === 0);
  return html`<section class="card" aria-label="Equipe"><header><h2>Equipe</h2><span class="soft numbers">${here.length} de ${team.length}</span></header>
    ${team.length === 0 && html`<${Empty} icon="users" title="Sem atendentes" action=${html`<${Link} class="button" href="/departamentos">Ver departamentos<//>`}>Inclua pessoas neste departamento para que recebam conversas.<//>`}
    ${here.length > 0 && html`<ul class="team">${here.map((member) => html`<${TeamRow} key=${member.agent.id} member=${member} department=${department} />`)}</ul>`}
    ${gone.length > 0 && html`<button type="button" class="team-gone" aria-expanded=${isOpen ? "true" : "false"} onClick=${() => setOpen(!isOpen)}><${Icon} name=${isOpen ? "chevron-up" : "chevron-down"} size=${16} />${plural(gone.length, "pessoa offline", "pessoas offline")}</button>
      ${isOpen && html`<ul class="team">${gone.map((member) => html`<${TeamRow} key=${member.agent.id} member=${member} department=${department} />`)}</ul>`}`}
  </section>`;
}
