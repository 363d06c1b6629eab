// Those who wait, and what a supervisor does with one of them.
import { classes, html } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { clock, countdown, dateTime, duration, priorityName } from "../../lib/format.js";
import { now } from "../../lib/now.js";
import { Link, navigate } from "../../lib/router.js";
import { Button, Tag } from "../../components/controls.js";
import { Icon } from "../../components/icon.js";
import { Menu } from "../../components/menu.js";
import { fail, toast } from "../../components/toast.js";
import { agentsById, departments, nameOf } from "../../store/people.js";
import { deadlineState, refreshQueue } from "./store.js";
import { ask } from "./dialogs.js";

const PRIORITIES = ["urgente", "alta", "normal", "baixa"];
/** Nearer than that it counts down. */
const HOUR_MS = 3_600_000;

/** When the answer is due, in few words. */
function Deadline({ place, target }) {
  const due = Date.parse(place.prazo_em);
  const left = due - now.value;
  const state = deadlineState(place, target);
  if (state === "vencido") return html`<${Tag} kind="danger">vencido há ${duration(-left)}<//>`;
  const isToday = new Date(due).toDateString() === new Date(now.value).toDateString();
  // 30/11 08:15: after the weekend, when the department opens again.
  const text = left <= HOUR_MS ? countdown(left) : isToday ? clock(due) : dateTime(due).replace(/\/\d{4}/, "");
  return html`<${Tag} kind=${state === "vencendo" ? "warn" : undefined}><span class="visually-hidden">responder </span>${left > HOUR_MS ? "até" : "em"} <span class="numbers">${text}</span><//>`;
}

export function QueueRow({ place, department, isShort }) {
  const act = async (work, done) => {
    try {
      await work();
      if (done) toast(done, { kind: "ok" });
    } catch (error) {
      fail(error);
    }
    refreshQueue(place.departamento);
  };
  const isFirst = Boolean(place.priorizado_em);
  const others = departments.value.some((row) => row.ativo && row.id !== place.departamento);
  const items = [
    { label: "Por que está aqui?", icon: "circle-question-mark", run: () => navigate(`${location.pathname}?porque=${encodeURIComponent(place.chat_id)}`) },
    { label: "Abrir a conversa", icon: "messages-square", run: () => navigate(`/conversas/${encodeURIComponent(place.chat_id)}`) },
    "line",
    { label: "Entregar a…", icon: "user", run: () => ask("assign", { place, department }) },
    others && { label: "Mover de fila…", icon: "arrow-right-left", run: () => ask("move", { place }) },
    { label: isFirst ? "Devolver à ordem da fila" : "Pôr à frente de todas", icon: isFirst ? "arrow-down" : "arrow-up", run: () => act(() => api.post(`atendimento/filas/${place.id}/priorizar/`, { ativo: !isFirst }), isFirst ? "De volta à ordem da fila." : `${place.cliente_nome} é a próxima a ser atendida.`) },
    "line",
    { heading: "Prioridade" },
    ...PRIORITIES.map((value) => ({ label: priorityName(value), isChosen: place.prioridade === value, run: () => act(() => api.patch(`atendimento/filas/${place.id}/`, { prioridade: value })) })),
  ];
  const asked = place.oferecido_a && nameOf(agentsById.value.get(place.oferecido_a));
  return html`<li class=${classes("place", isShort && "short")}>
    <span class="place-at numbers" title="Lugar na ordem de atendimento">${place.posicao ?? "–"}</span>
    <div class="place-who"><span class="place-name"><${Link} class="cut" href=${`/conversas/${encodeURIComponent(place.chat_id)}`}>${place.cliente_nome}<//>${isFirst && html`<${Tag} kind="accent" icon="arrow-up">À frente<//>`}${place.prioridade !== "normal" && html`<${Tag} kind=${place.prioridade === "urgente" ? "danger" : place.prioridade === "alta" ? "warn" : undefined}>${priorityName(place.prioridade)}<//>`}</span>
      ${!isShort && html`<span class="cut soft place-text">${place.mensagem_inicial}</span>`}
      ${!isShort && (asked || place.competencias.length > 0) && html`<span class="place-extra">${asked && html`<${Tag} kind="accent" icon="timer">oferecida a ${asked}<//>`}${place.competencias.map((skill) => html`<${Tag} key=${skill} icon="star">${skill}<//>`)}</span>`}</div>
    <span class="place-due"><${Deadline} place=${place} target=${department.tempo_resposta_esperado_minutos} /></span>
    <span class="place-wait numbers" title=${`Desde ${dateTime(place.entrou_na_fila_em)}`}><span class="visually-hidden">espera há </span>${countdown(now.value - Date.parse(place.entrou_na_fila_em))}</span>
    <span class="place-actions">${!isShort && html`<${Button} class="small" onClick=${() => ask("assign", { place, department })}>Entregar<//>`}<${Menu} label=${`Ações para ${place.cliente_nome}`} side="bottom-end" items=${items} button=${(attributes) => html`<button ...${attributes} class="icon-button" aria-label=${`Ações para ${place.cliente_nome}`} title="Ações"><${Icon} name="ellipsis-vertical" /></button>`} /></span>
  </li>`;
}
