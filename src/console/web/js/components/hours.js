// Opening hours: for each day of the week any number of intervals, none of them means closed.
import { html } from "../lib/html.js";
import { Button, IconButton } from "./controls.js";

export const WEEKDAYS = [["segunda", "Segunda"], ["terca", "Terça"], ["quarta", "Quarta"], ["quinta", "Quinta"], ["sexta", "Sexta"], ["sabado", "Sábado"], ["domingo", "Domingo"]];
const FIRST = { inicio: "08:00", fim: "18:00" };

/** The intervals of a day as the API has it: one, several, or one that is empty. */
export const intervalsOf = (day) => [day ?? []].flat().filter((interval) => interval.inicio && interval.fim);
/** The other way round. */
const dayOf = (intervals) => (intervals.length === 0 ? null : intervals.length === 1 ? intervals[0] : intervals);
/** A clock knows no 24:00; an interval that ends at 00:00 ends with the day. */
const shown = (time) => (time === "24:00" ? "00:00" : time);

/** Whole hours as they are compared and sent: every day, in its shortest form. */
export const hoursOf = (hours) => Object.fromEntries(WEEKDAYS.map(([day]) => [day, dayOf(intervalsOf(hours?.[day]))]));

export function Intervals({ label, value, error, onChange }) {
  const intervals = intervalsOf(value);
  const put = (index, change) => onChange(dayOf(intervals.map((interval, at) => (at === index ? { ...interval, ...change } : interval))));
  const time = (index, name, text) => html`<input type="time" class="input" required aria-label=${`${label}: ${text}`} aria-invalid=${error ? "true" : undefined} value=${shown(intervals[index][name])} onChange=${(event) => event.currentTarget.value && put(index, { [name]: event.currentTarget.value })} />`;
  return html`<div class="hours-day"><span class="hours-name">${label}</span><div class="hours-intervals">
    ${intervals.length === 0 && html`<span class="soft">Fechado</span>`}
    ${intervals.map((interval, index) => html`<span class="hours-interval" key=${index}>${time(index, "inicio", "das")}<span class="soft">às</span>${time(index, "fim", "às")}<${IconButton} icon="x" size=${16} label=${`${label}: tirar este intervalo`} onClick=${() => onChange(dayOf(intervals.filter((_, at) => at !== index)))} /></span>`)}
    <${Button} class="small" icon="plus" aria-label=${`${label}: mais um intervalo`} onClick=${() => onChange(dayOf([...intervals, intervals.length ? { inicio: intervals.at(-1).fim, fim: "18:00" } : FIRST]))}>${intervals.length ? "Intervalo" : "Abrir"}<//>
    ${error && html`<p class="hours-error" role="alert">${error}</p>`}
  </div></div>`;
}

/** A week of `form.values[name]`. */
export function HoursField({ form, name }) {
  const hours = form.values[name] ?? {};
  const copyMonday = () => form.set(name, Object.fromEntries(WEEKDAYS.map(([day], index) => [day, index < 5 ? hours.segunda : hours[day]])));
  return html`<div class="hours">${WEEKDAYS.map(([day, label]) => html`<${Intervals} key=${day} label=${label} value=${hours[day]} error=${form.errorOf(`${name}.${day}`)} onChange=${(value) => form.set(name, { ...hours, [day]: value })} />`)}
    <div><${Button} kind="quiet" class="small" icon="copy" onClick=${copyMonday}>Segunda vale de terça a sexta<//></div></div>`;
}
