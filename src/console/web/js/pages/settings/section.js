// A section of the settings: loaded, changed, saved; only what changed is sent.
import { html } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { useLoaded } from "../../lib/load.js";
import { changesOf, flat, nested, SaveBar, useForm } from "../../components/form.js";
import { Failure, Skeleton } from "../../components/states.js";
import { toast } from "../../components/toast.js";

/**
 * `part` of `config/`; `names` are those of its fields that are shown here (all, without them), `numbers` those that are numbers.
 * `read` may bring what is stored into the shape of the form. `children(form)` draws it.
 */
export function Section({ part, names, numbers = [], kept = [], read = (values) => values, children }) {
  const { data, error, reload, set } = useLoaded(() => api.get(`config/${part}/`), [part]);
  if (error && !data) return html`<${Failure} error=${error} onRetry=${reload} />`;
  if (!data) return html`<${Skeleton} rows=${6} kind="row" />`;
  const stored = flat(read(data), kept);
  const source = names ? Object.fromEntries(names.map((name) => [name, stored[name]])) : stored;
  return html`<${Loaded} part=${part} source=${source} numbers=${numbers} onSaved=${set}>${children}<//>`;
}

function Loaded({ part, source, numbers, onSaved, children }) {
  const form = useForm(source);
  const save = async (event) => {
    event.preventDefault();
    const saved = await form.submit(() => {
      const changes = changesOf(form);
      for (const name of numbers) if (name in changes) changes[name] = changes[name] === "" ? null : Number(changes[name]);
      return api.patch(`config/${part}/`, nested(changes));
    });
    if (!saved) return;
    toast("Configurações salvas.", { kind: "ok" });
    onSaved(saved);
  };
  return html`<form class="stack" onSubmit=${save} noValidate>${children(form)}<${SaveBar} form=${form} /></form>`;
}
