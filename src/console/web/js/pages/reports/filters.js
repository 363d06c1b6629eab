// The period, the department, the person: kept in the address, so that a view can be sent to a colleague.
import { html } from "../../lib/html.js";
import { navigate } from "../../lib/router.js";
import { isAtLeast, me } from "../../lib/session.js";
import { Field } from "../../components/controls.js";
import { agents, agentsById, departments, nameOf } from "../../store/people.js";
import { begin, DAYS_MAX, periodOf, presets, today } from "./period.js";

function go(view, choice) {
  const query = new URLSearchParams({ de: choice.from, ate: choice.to });
  if (choice.department) query.set("departamento", choice.department);
  if (choice.agent) query.set("atendente", choice.agent);
  navigate(`/relatorios${view && `/${view}`}?${query}`);
}

/** Departments and people whose figures the person may see. */
export function mayBeChosen() {
  const mine = agentsById.value.get(me.value.id)?.departamentos ?? [];
  const places = departments.value.filter((row) => isAtLeast("gerente") || mine.includes(row.id));
  const ids = new Set(places.map((row) => row.id));
  const people = agents.value.filter((row) => isAtLeast("gerente") || row.id === me.value.id || (isAtLeast("supervisor") && row.departamentos.some((id) => ids.has(id))));
  return { places, people: [...people].sort((a, b) => nameOf(a).localeCompare(nameOf(b))) };
}

export function Filters({ view, choice }) {
  const { places, people } = mayBeChosen();
  const set = (change) => go(view, { ...choice, ...change });
  const setDay = (name) => (event) => {
    const day = event.currentTarget.value;
    if (!day) return;
    const next = periodOf({ de: name === "from" ? day : choice.from, ate: name === "to" ? day : choice.to });
    // The other end follows rather than the API refusing.
    if (begin(next.to) - begin(next.from) >= DAYS_MAX * 86_400_000) set({ from: day, to: day });
    else set(next);
  };
  return html`<section class="report-filters" aria-label="O que mostrar">
    <div class="chips" role="group" aria-label="Período">${presets().map(([name, from, to]) => html`<button type="button" class="chip" key=${name} aria-pressed=${choice.from === from && choice.to === to ? "true" : "false"} onClick=${() => set({ from, to })}>${name}</button>`)}</div>
    <div class="report-fields">
      <${Field} label="De" control=${(attributes) => html`<input ...${attributes} type="date" max=${today()} value=${choice.from} onChange=${setDay("from")} />`} />
      <${Field} label="Até" control=${(attributes) => html`<input ...${attributes} type="date" max=${today()} value=${choice.to} onChange=${setDay("to")} />`} />
      ${isAtLeast("supervisor") && !view && html`<${Field} label="Departamento" control=${(attributes) => html`<select ...${attributes} value=${choice.department} onChange=${(event) => set({ department: event.currentTarget.value })}><option value="">Todos</option>${places.map((row) => html`<option key=${row.id} value=${row.id} selected=${String(row.id) === choice.department}>${row.nome}</option>`)}</select>`} />`}
      ${isAtLeast("supervisor") && html`<${Field} label="Pessoa" control=${(attributes) => html`<select ...${attributes} value=${choice.agent} onChange=${(event) => set({ agent: event.currentTarget.value })}><option value="">Todas</option>${people.map((row) => html`<option key=${row.id} value=${row.id} selected=${String(row.id) === choice.agent}>${nameOf(row)}</option>`)}</select>`} />`}
    </div>
  </section>`;
}
