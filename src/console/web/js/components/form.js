// Forms: what was typed stays when the API refuses, and its words stand at the field.
import { classes, html, useEffect, useId, useRef, useState } from "../lib/html.js";
import { ApiError } from "../lib/api.js";
import { useHold } from "../lib/router.js";
import { Button, Field, Switch } from "./controls.js";
import { Icon } from "./icon.js";

const first = (texts) => (Array.isArray(texts) ? texts[0] : texts);

/** Texts by field of what the API has refused; `""` holds what belongs to no field. */
function textsOf(error) {
  const fields = error instanceof ApiError ? Object.entries(error.fields) : [];
  const texts = Object.fromEntries(fields.map(([name, found]) => [name === "non_field_errors" ? "" : name, first(found)]));
  return fields.length ? texts : { "": error?.message ?? "Não foi possível concluir." };
}

const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** What is stored has changed: what nobody has touched follows. */
const follow = (source) => ({ base, values }) => {
  const touched = Object.entries(values).filter(([name, value]) => !isSame(value, base[name]));
  return { base: source, values: { ...source, ...Object.fromEntries(touched) } };
};

/**
 * The state of a form. `source` is what is stored, flat (`"pix.chave"` for what lies deeper). `submit(work)` gives the answer of
 * `work(values)`, or `undefined` when it was refused; what is typed meanwhile stays a change.
 */
export function useForm(source) {
  // One state: what is stored may change between a key and the next drawing.
  const [{ base, values }, setState] = useState({ base: source, values: source });
  const [errors, setErrors] = useState({});
  const [isBusy, setBusy] = useState(false);
  const shown = useRef(new Set());
  shown.current.clear();
  const isDirty = !isSame(values, base);
  useEffect(() => setState(follow(source)), [JSON.stringify(source)]);
  const set = (name, value) => {
    setState((old) => ({ ...old, values: { ...old.values, [name]: value } }));
    setErrors(({ [name]: _, "": whole, ...rest }) => rest);
  };
  /** Back to what is stored, or to `next`. */
  const reset = (next = base) => {
    setState({ base: next, values: next });
    setErrors({});
  };
  const submit = async (work, rename = (name) => name) => {
    if (isBusy) return undefined;
    setBusy(true);
    setErrors({});
    try {
      const answer = await work(values);
      setState((old) => ({ ...old, base: values }));
      return answer ?? null;
    } catch (error) {
      setErrors(Object.fromEntries(Object.entries(textsOf(error)).map(([name, text]) => [rename(name), text])));
      // After the texts are there.
      setTimeout(() => document.querySelector("[aria-invalid=true]")?.focus());
      return undefined;
    } finally {
      setBusy(false);
    }
  };
  const errorOf = (name) => {
    shown.current.add(name);
    return errors[name];
  };
  const isShown = (name) => shown.current.has(name);
  return { values, errors, isBusy, isDirty, base, set, reset, submit, errorOf, isShown, setErrors };
}

/** What changed only: what a PATCH takes. */
export const changesOf = ({ values, base }) => Object.fromEntries(Object.entries(values).filter(([name, value]) => !isSame(value, base[name])));

/** `{ "pix.chave": "x" }` as `{ pix: { chave: "x" } }`. */
export function nested(flat) {
  const whole = {};
  for (const [name, value] of Object.entries(flat)) {
    const [head, ...rest] = name.split(".");
    if (rest.length === 0) whole[head] = value;
    else whole[head] = { ...whole[head], [rest.join(".")]: value };
  }
  return whole;
}

/** The other way round; arrays and `kept` names stay whole. */
export function flat(whole, kept = [], prefix = "") {
  return Object.assign({}, ...Object.entries(whole ?? {}).map(([name, value]) =>
    value && typeof value === "object" && !Array.isArray(value) && !kept.includes(name) ? flat(value, kept, `${prefix}${name}.`) : { [prefix + name]: value }));
}

/** A text, a number or several lines. */
export function TextField({ form, name, label, hint, area = false, ...rest }) {
  const about = { value: form.values[name] ?? "", onInput: (event) => form.set(name, event.currentTarget.value), ...rest };
  return html`<${Field} label=${label} hint=${hint} error=${form.errorOf(name)} control=${(attributes) => (area ? html`<textarea ...${attributes} ...${about}></textarea>` : html`<input ...${attributes} autocomplete="off" ...${about} />`)} />`;
}

/** One of several: `options` are `[value, label]`. */
export function SelectField({ form, name, label, hint, options, ...rest }) {
  const chosen = String(form.values[name] ?? "");
  return html`<${Field} label=${label} hint=${hint} error=${form.errorOf(name)} control=${(attributes) => html`<select ...${attributes} ...${rest} value=${chosen} onChange=${(event) => form.set(name, event.currentTarget.value)}>
    ${options.map(([value, text]) => html`<option key=${value} value=${value} selected=${String(value) === chosen}>${text}</option>`)}</select>`} />`;
}

export function SwitchField({ form, name, label, hint, disabled }) {
  return html`<${Switch} label=${label} hint=${form.errorOf(name) ?? hint} disabled=${disabled} checked=${Boolean(form.values[name])} onChange=${(value) => form.set(name, value)} />`;
}

/** Any number of several: `options` are `[value, label, hint]`. */
export function ChoicesField({ form, name, label, hint, options, none = "Nada a escolher.", disabled }) {
  const id = useId();
  const chosen = new Set(form.values[name] ?? []);
  const error = form.errorOf(name);
  const toggle = (value) => {
    const next = new Set(chosen);
    if (!next.delete(value)) next.add(value);
    form.set(name, options.map(([other]) => other).filter((other) => next.has(other)));
  };
  return html`<fieldset class=${classes("choices", error && "wrong")} aria-describedby=${error || hint ? id : undefined}><legend>${label}</legend>
    ${options.length === 0 && html`<p class="soft">${none}</p>`}
    <div class="choice-list">${options.map(([value, text, about]) => html`<label class="tick" key=${value}><input type="checkbox" disabled=${disabled} checked=${chosen.has(value)} onChange=${() => toggle(value)} /><span>${text}${about && html`<small>${about}</small>`}</span></label>`)}</div>
    ${(error || hint) && html`<p id=${id} class="note" role=${error ? "alert" : undefined}>${error ?? hint}</p>`}
  </fieldset>`;
}

/** What was refused and stands at no field. The last one in a form. */
export function FormTrouble({ form }) {
  const texts = Object.entries(form.errors).filter(([name]) => !form.isShown(name)).map(([name, text]) => (name ? `${name.replaceAll("_", " ")}: ${text}` : text));
  return texts.length > 0 && html`<div class="notice danger" role="alert"><${Icon} name="circle-alert" size=${16} /><span>${texts.join(" ")}</span></div>`;
}

/** The end of a form in a page: shown as soon as there is something to save. Whoever leaves then is asked. */
export function SaveBar({ form, label = "Salvar" }) {
  useHold(form.isDirty);
  return html`<${FormTrouble} form=${form} />
    ${(form.isDirty || form.isBusy) && html`<footer class="save-bar"><span class="soft">Alterações não salvas</span><${Button} onClick=${() => form.reset()} disabled=${form.isBusy}>Descartar<//><${Button} kind="primary" type="submit" icon="check" isBusy=${form.isBusy}>${label}<//></footer>`}`;
}
