// Finding one customer by typing.
import { html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { useLoaded, useSettled } from "../../lib/load.js";
import { Avatar, IconButton } from "../../components/controls.js";
import { Field } from "../../components/controls.js";
import { numberOf } from "./words.js";

const SHOWN_MAX = 6;

/** `onChoose(customer)`, with nothing when it is taken back. `except`: the id of one who is not to be found. */
export function CustomerPicker({ label, error, except, onChoose }) {
  const [term, setTerm] = useState("");
  const [chosen, setChosen] = useState(null);
  const search = useSettled(term.trim());
  const { data, isBusy } = useLoaded(async () => (search.length < 2 ? null : (await api.get("clientes/", { search, page_size: SHOWN_MAX + 1 })).results), [search]);
  const choose = (row) => {
    setChosen(row);
    onChoose(row);
  };
  if (chosen) return html`<div class="picked"><${Avatar} name=${chosen.nome_display} size="small" /><span class="row-text"><strong class="cut">${chosen.nome_display}</strong><small class="cut">${[chosen.documento_formatado, numberOf(chosen)].filter(Boolean).join(" · ")}</small></span><${IconButton} icon="x" label="Escolher outro cliente" onClick=${() => choose(null)} /></div>`;
  const rows = (data ?? []).filter((row) => row.id !== except).slice(0, SHOWN_MAX);
  return html`<div class="picker"><${Field} label=${label} error=${error} hint=${search.length < 2 ? "Digite parte do nome, do documento ou do telefone." : data && !isBusy && rows.length === 0 ? "Ninguém encontrado." : undefined}
    control=${(attributes) => html`<input ...${attributes} type="search" autofocus autocomplete="off" value=${term} onInput=${(event) => setTerm(event.currentTarget.value)} />`} />
    ${rows.length > 0 && html`<ul class="picker-list">${rows.map((row) => html`<li key=${row.id}><button type="button" class="row" onClick=${() => choose(row)}><${Avatar} name=${row.nome_display} size="small" /><span class="row-text"><strong class="cut">${row.nome_display}</strong><small class="cut">${[row.documento_formatado, numberOf(row), row.cidade].filter(Boolean).join(" · ")}</small></span></button></li>`)}</ul>`}</div>`;
}
