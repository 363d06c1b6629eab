// The supervisor's board: `/painel` all departments, `/painel/3` one of them, `?porque=chat` why a chat is where it is.
import { html, useEffect } from "../../lib/html.js";
import { duration, number, plural } from "../../lib/format.js";
import { now } from "../../lib/now.js";
import { Link, navigate } from "../../lib/router.js";
import { isAtLeast } from "../../lib/session.js";
import { useReady } from "../../lib/ready.js";
import { Empty, Failure, Skeleton } from "../../components/states.js";
import { agents } from "../../store/people.js";
import { presences } from "../../store/presence.js";
import { boardState, deadlineState, ownDepartments, queues, reloadBoard, watch } from "./store.js";
import { DepartmentCard } from "./card.js";
import { DepartmentDetail } from "./department.js";
import { Dialogs } from "./dialogs.js";
import { Why } from "./why.js";

export default function BoardPage({ params, query }) {
  useEffect(watch, []);
  const state = boardState.value;
  const shown = ownDepartments.value;
  useReady(state === "ready");
  const chosen = params.department ? shown.find((row) => String(row.id) === params.department) : shown.length === 1 ? shown[0] : null;
  const closeWhy = () => navigate(location.pathname, { replace: true });
  return html`<div class="page"><div class="page-inner roomy">
    ${state === "loading" && html`<${Heading} /><${Skeleton} rows=${6} kind="row" />`}
    ${state instanceof Error && html`<${Heading} /><${Failure} error=${state} onRetry=${() => { boardState.value = "loading"; reloadBoard().catch(() => {}); }} />`}
    ${state === "ready" && (shown.length === 0
      ? html`<${Heading} /><${NoDepartments} />`
      : chosen
        ? html`<${DepartmentDetail} key=${chosen.id} department=${chosen} isAlone=${shown.length === 1} />`
        : params.department
          ? html`<${Heading} /><${Empty} icon="lock" title="Este departamento não é seu">Supervisores acompanham os departamentos de que fazem parte.<//>`
          : html`<${Overview} departments=${shown} />`)}
  </div></div>
  <${Dialogs} />
  ${query.porque && html`<${Why} key=${query.porque} chatId=${query.porque} onClose=${closeWhy} />`}`;
}

const Heading = ({ children }) => html`<header class="page-header"><div><h1>Painel</h1>${children}</div></header>`;

function NoDepartments() {
  return isAtLeast("gerente")
    ? html`<${Empty} icon="layers" title="Nenhum departamento ativo" action=${html`<${Link} class="button" href="/departamentos">Criar um departamento<//>`} />`
    : html`<${Empty} icon="layers" title="Você não está em nenhum departamento">Peça à sua gerência para incluir você nos departamentos que acompanha.<//>`;
}

function Overview({ departments }) {
  return html`<${Heading}><p>O que espera, quem atende e o que ficou para trás, agora.</p><//>
    <${Totals} departments=${departments} />
    <div class="board">${departments.map((row) => html`<${DepartmentCard} key=${row.id} department=${row} />`)}</div>`;
}

function Totals({ departments }) {
  const waiting = departments.flatMap((row) => queues.value.get(row.id) ?? []);
  const targets = new Map(departments.map((row) => [row.id, row.tempo_resposta_esperado_minutos]));
  const late = waiting.filter((place) => deadlineState(place, targets.get(place.departamento)) === "vencido").length;
  const oldest = waiting.reduce((first, place) => (!first || place.entrou_na_fila_em < first ? place.entrou_na_fila_em : first), null);
  const ids = new Set(departments.map((row) => row.id));
  const team = agents.value.filter((agent) => agent.is_active && agent.departamentos.some((id) => ids.has(id)));
  const online = team.filter((agent) => presences.value.get(agent.id)?.status === "online").length;
  const active = team.reduce((sum, agent) => sum + (presences.value.get(agent.id)?.atendimentos_ativos ?? agent.atendimentos_ativos), 0);
  return html`<dl class="totals">
    <div><dt>Esperando</dt><dd class="numbers">${number(waiting.length)}</dd></div>
    <div class=${late > 0 ? "late" : ""}><dt>Fora do prazo</dt><dd class="numbers">${number(late)}</dd></div>
    <div><dt>Mais antiga</dt><dd class="numbers">${oldest ? duration(now.value - Date.parse(oldest)) : "—"}</dd></div>
    <div><dt>Em atendimento</dt><dd class="numbers">${number(active)}</dd></div>
    <div><dt>Equipe online</dt><dd class="numbers">${online}<small> de ${plural(team.length, "pessoa", "pessoas")}</small></dd></div>
  </dl>`;
}
