// One of the team: there or not, since when, how much to do; and what a supervisor does about it.
import { html } from "../../lib/html.js";
import { duration, plural, roleName } from "../../lib/format.js";
import { now } from "../../lib/now.js";
import { navigate } from "../../lib/router.js";
import { isAtLeast, me } from "../../lib/session.js";
import { Avatar } from "../../components/controls.js";
import { Meter } from "../../charts/chart.js";
import { Icon } from "../../components/icon.js";
import { Menu } from "../../components/menu.js";
import { LABELS } from "../../store/presence.js";
import { ask } from "./dialogs.js";

export function TeamRow({ member, department }) {
  const { agent, name, status, presence, load } = member;
  const capacity = department.max_atendimentos_simultaneos;
  const since = presence?.status_changed_at && status !== "offline" ? ` há ${duration(now.value - Date.parse(presence.status_changed_at))}` : "";
  const reason = presence?.motivo || presence?.status_message;
  const items = [
    { label: "Conversas abertas", icon: "messages-square", hint: plural(load, "conversa", "conversas"), run: () => ask("chats", { agent, name }) },
    { label: "Presença nos últimos dias", icon: "rotate-ccw-clock", run: () => navigate(`/relatorios/presenca?atendente=${agent.id}`) },
    { label: "Números desta pessoa", icon: "chart-column", run: () => navigate(`/relatorios?atendente=${agent.id}`) },
    status !== "offline" && agent.id !== me.value.id && isAtLeast(agent.role) && "line",
    status !== "offline" && agent.id !== me.value.id && isAtLeast(agent.role) && { label: "Colocar offline…", icon: "log-out", kind: "danger", run: () => ask("offline", { agent, name, load }) },
  ];
  return html`<li class="member">
    <${Avatar} name=${name} presence=${status} />
    <div class="member-who"><span class="cut">${name}${agent.role !== "atendente" && html`<small> ${roleName(agent.role)}</small>`}</span><small class="cut">${presence?.reconectando ? "Reconectando…" : `${LABELS[status]}${since}`}${status !== "online" && reason ? ` · ${reason}` : ""}</small></div>
    <div class="member-load"><span class="numbers">${load} <span class="faint">de ${capacity}</span></span><${Meter} value=${load} max=${capacity} tone=${load >= capacity ? "warn" : "accent"} /></div>
    <${Menu} label=${`Ações para ${name}`} side="bottom-end" items=${items} button=${(attributes) => html`<button ...${attributes} class="icon-button" aria-label=${`Ações para ${name}`} title="Ações"><${Icon} name="ellipsis-vertical" /></button>`} />
  </li>`;
}
