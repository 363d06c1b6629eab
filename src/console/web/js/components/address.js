// An address whose postal code fills in the rest.
import { html, useState } from "../lib/html.js";
import * as api from "../lib/api.js";
import { Field } from "./controls.js";
import { SelectField, TextField } from "./form.js";

const STATES = ["AC", "AL", "AP", "AM", "BA", "CE", "DF", "ES", "GO", "MA", "MT", "MS", "MG", "PA", "PB", "PR", "PE", "PI", "RJ", "RN", "RS", "RO", "RR", "SC", "SP", "SE", "TO"];

/** `names` says which field of the form is which: cep, street, number, extra, district, city, state. */
export function AddressFields({ form, names }) {
  const [note, setNote] = useState("");
  const fill = async (text) => {
    form.set(names.cep, text);
    const digits = text.replace(/\D/g, "");
    if (digits.length !== 8) return setNote("");
    setNote("Procurando…");
    try {
      const found = await api.get(`integrations/cep/${digits}/`);
      for (const [part, value] of [["street", found.logradouro], ["district", found.bairro], ["city", found.cidade], ["state", found.estado]]) if (value) form.set(names[part], value);
      setNote("Endereço preenchido.");
    } catch (error) {
      setNote(error.status === 404 ? "CEP não encontrado." : "Não foi possível procurar o CEP agora: preencha à mão.");
    }
    return undefined;
  };
  return html`<div class="fields">
    <${Field} label="CEP" error=${form.errorOf(names.cep)} hint=${note || "Preenche o resto."} control=${(attributes) => html`<input ...${attributes} inputmode="numeric" maxlength="9" value=${form.values[names.cep] ?? ""} onInput=${(event) => fill(event.currentTarget.value)} />`} />
    <${TextField} form=${form} name=${names.street} label="Logradouro" /><${TextField} form=${form} name=${names.number} label="Número" />
    <${TextField} form=${form} name=${names.extra} label="Complemento" /><${TextField} form=${form} name=${names.district} label="Bairro" />
    <${TextField} form=${form} name=${names.city} label="Cidade" /><${SelectField} form=${form} name=${names.state} label="Estado" options=${[["", "—"], ...STATES.map((state) => [state, state])]} />
  </div>`;
}
