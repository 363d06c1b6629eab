// An approved template: all that reaches a customer outside the 24-hour window.
import { html, useEffect, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { Button, Field } from "../../components/controls.js";
import { Dialog } from "../../components/dialog.js";
import { Empty, Failure, Skeleton } from "../../components/states.js";
import { send } from "../../store/outbox.js";

const VARIABLE = /\{\{\s*(\w+)\s*\}\}/g;
const textOf = (template, type) => template.components.find((component) => component.type?.toLowerCase() === type)?.text ?? "";
const variables = (text) => [...new Set([...text.matchAll(VARIABLE)].map((found) => found[1]))];

export function TemplateDialog({ row, onClose }) {
  const [state, setState] = useState({ templates: null, error: null });
  const [chosen, setChosen] = useState(null);
  const [values, setValues] = useState({});
  const load = () => api.all("whatsapp/templates/", { status: "approved" }).then((templates) => setState({ templates, error: null }), (error) => setState({ templates: null, error }));
  useEffect(() => void load(), []);
  const body = chosen ? textOf(chosen, "body") : "";
  const names = variables(body);
  const filled = body.replace(VARIABLE, (whole, name) => values[name] || whole);
  const submit = () => {
    if (!chosen || names.some((name) => !values[name]?.trim())) return;
    const isNamed = names.some((name) => !/^\d+$/.test(name));
    const parameters = names.map((name) => ({ type: "text", text: values[name].trim(), ...(isNamed && { parameter_name: name }) }));
    const components = parameters.length ? [{ type: "body", parameters }] : [];
    send(row, { type: "template", template: { name: chosen.name, language: chosen.language, components } });
    onClose();
  };
  return html`<${Dialog} title="Enviar um modelo aprovado" onClose=${onClose} onSubmit=${submit}
    footer=${html`<${Button} onClick=${onClose}>Cancelar<//><${Button} kind="primary" type="submit" disabled=${!chosen} icon="send-horizontal">Enviar<//>`}>
    ${state.error && html`<${Failure} error=${state.error} onRetry=${load} />`}
    ${!state.error && !state.templates && html`<${Skeleton} rows=${3} kind="row" />`}
    ${state.templates?.length === 0 && html`<${Empty} icon="copy" title="Nenhum modelo aprovado">A gerência cria e sincroniza modelos na Meta.<//>`}
    ${state.templates?.length > 0 && html`<div class="targets" role="radiogroup" aria-label="Modelo">${state.templates.map((template) => html`<label class="target" key=${template.id}><input type="radio" name="template" checked=${chosen?.id === template.id} onChange=${() => { setChosen(template); setValues({}); }} /><span class="grow"><span>${template.name}</span><small>${textOf(template, "body")}</small></span></label>`)}</div>`}
    ${names.map((name) => html`<${Field} key=${name} label=${`Variável ${name}`} control=${(attributes) => html`<input ...${attributes} required value=${values[name] ?? ""} onInput=${(event) => setValues({ ...values, [name]: event.currentTarget.value })} />`} />`)}
    ${chosen && html`<blockquote class="quote template-preview">${filled}</blockquote>`}
  <//>`;
}
