// When the company is open: the week, holidays, the time zone.
import { html } from "../../lib/html.js";
import { Button, Field, IconButton } from "../../components/controls.js";
import { SelectField, SwitchField } from "../../components/form.js";
import { hoursOf, HoursField, Intervals } from "../../components/hours.js";
import { Icon } from "../../components/icon.js";
import { Card } from "../../components/page.js";
import { Section } from "./section.js";

const NAMES = ["horario_funcionamento", "feriados", "feriados_nacionais", "feriados_facultativos", "fuso_horario"];
const ZONES = [["America/Noronha", "Fernando de Noronha (UTC−2)"], ["America/Sao_Paulo", "Brasília (UTC−3)"], ["America/Manaus", "Amazonas (UTC−4)"], ["America/Rio_Branco", "Acre (UTC−5)"]];
const FRESH = { data: "", nome: "", anual: false, horario: null };
const read = (chat) => ({ ...chat, horario_funcionamento: hoursOf(chat.horario_funcionamento) });

export const Hours = () => html`<${Section} part="chat" names=${NAMES} kept=${["horario_funcionamento"]} read=${read}>${(form) => html`
  <${Card} title="Horário de funcionamento" lead="Decide a mensagem fora do horário e faz correr os prazos. Quem está online atende a qualquer hora.">
    <${HoursField} form=${form} name="horario_funcionamento" />
    <div class="fields"><${SelectField} form=${form} name="fuso_horario" label="Fuso horário" options=${zones(form.values.fuso_horario)} /></div>
  <//>
  <${Card} title="Feriados">
    <${SwitchField} form=${form} name="feriados_nacionais" label="Fechar nos feriados nacionais" />
    <${SwitchField} form=${form} name="feriados_facultativos" label="Fechar no Carnaval e em Corpus Christi" hint="Pontos facultativos: segunda e terça de Carnaval, e Corpus Christi." />
    <${Holidays} form=${form} />
  <//>`}<//>`;

const zones = (zone) => (ZONES.some(([name]) => name === zone) ? ZONES : [...ZONES, [zone, zone]]);

function Holidays({ form }) {
  const rows = form.values.feriados ?? [];
  const put = (index, change) => form.set("feriados", rows.map((row, at) => (at === index ? { ...row, ...change } : row)));
  const whole = form.errorOf("feriados");
  return html`<fieldset class="bare holidays"><legend class="holidays-title">Dias da empresa</legend>
    ${rows.length === 0 && html`<p class="soft">Aniversário da cidade, véspera de Natal com meio período… Valem mais que os nacionais.</p>`}
    ${rows.map((row, index) => html`<div class="holiday" key=${index}>
      <${Field} label="Data" error=${form.errorOf(`feriados.${index}.data`)} control=${(attributes) => html`<input ...${attributes} type="date" value=${row.data} onInput=${(event) => put(index, { data: event.currentTarget.value })} />`} />
      <${Field} label="Nome" error=${form.errorOf(`feriados.${index}.nome`)} control=${(attributes) => html`<input ...${attributes} maxlength="100" value=${row.nome} onInput=${(event) => put(index, { nome: event.currentTarget.value })} />`} />
      <label class="tick"><input type="checkbox" checked=${row.anual} onChange=${(event) => put(index, { anual: event.currentTarget.checked })} /><span>Todo ano</span></label>
      <${IconButton} icon="trash" label=${`Tirar ${row.nome || "este dia"}`} onClick=${() => form.set("feriados", rows.filter((_, at) => at !== index))} />
      <${Intervals} label="Horário" value=${row.horario} error=${form.errorOf(`feriados.${index}.horario`)} onChange=${(horario) => put(index, { horario })} />
    </div>`)}
    ${whole && html`<p class="notice danger" role="alert"><${Icon} name="circle-alert" size=${16} />${whole}</p>`}
    <div><${Button} icon="plus" onClick=${() => form.set("feriados", [...rows, FRESH])}>Mais um dia<//></div>
  </fieldset>`;
}
