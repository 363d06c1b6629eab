// What is known of a customer.
import { html, useEffect, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { useLoaded } from "../../lib/load.js";
import { AddressFields } from "../../components/address.js";
import { Button } from "../../components/controls.js";
import { changesOf, SaveBar, SelectField, TextField, useForm } from "../../components/form.js";
import { Icon } from "../../components/icon.js";
import { Card } from "../../components/page.js";
import { fail, toast } from "../../components/toast.js";
import { agents, nameOf } from "../../store/people.js";
import { options, PERSONS, REGIMES } from "./words.js";

const TEXTS = ["razao_social", "nome_fantasia", "tipo_pessoa", "cnpj_cpf", "email", "telefone", "whatsapp", "cep", "endereco", "numero", "complemento", "bairro", "cidade", "estado", "inscricao_estadual", "inscricao_municipal", "ramo_atividade", "regime_tributario", "responsavel_legal_nome", "responsavel_legal_cpf", "responsavel_legal_cargo", "observacoes"];
const IDS = ["grupo_empresa", "agente_responsavel"];
const ADDRESS = { cep: "cep", street: "endereco", number: "numero", extra: "complemento", district: "bairro", city: "cidade", state: "estado" };

function body(values) {
  const sent = { ...values };
  for (const name of IDS) if (name in sent) sent[name] = sent[name] ? Number(sent[name]) : null;
  if (sent.regime_tributario === "") delete sent.regime_tributario;
  return sent;
}

export function CustomerForm({ row, onSaved }) {
  const groups = useLoaded(() => api.all("grupos-empresa/"));
  const form = useForm(Object.fromEntries([...TEXTS, ...IDS].map((name) => [name, row[name] ?? ""])));
  const isPerson = form.values.tipo_pessoa === "fisica";
  const save = async (event) => {
    event.preventDefault();
    const filled = Object.fromEntries(Object.entries(form.values).filter(([, value]) => value !== ""));
    const saved = await form.submit(() => (row.id ? api.patch(`clientes/${row.id}/`, body(changesOf(form))) : api.post("clientes/", body({ razao_social: "", ...filled }))));
    if (!saved) return;
    toast("Cliente salvo.", { kind: "ok" });
    onSaved(saved);
  };
  const text = (name, label, more = {}) => html`<${TextField} form=${form} name=${name} label=${label} ...${more} />`;
  const people = agents.value.filter((agent) => agent.is_active || agent.id === row.agente_responsavel).map((agent) => [agent.id, nameOf(agent)]);
  return html`<form class="stack" onSubmit=${save} noValidate>
    <${Card} title="Quem é"><div class="fields">
      <${SelectField} form=${form} name="tipo_pessoa" label="Tipo" options=${options(PERSONS)} />
      ${text("razao_social", isPerson ? "Nome" : "Razão social", { maxlength: 255, required: true })}${!isPerson && text("nome_fantasia", "Nome fantasia", { maxlength: 255 })}
      ${text("cnpj_cpf", isPerson ? "CPF" : "CNPJ", { hint: row.documento_valido === false ? "Os dígitos verificadores não conferem." : undefined })}
    </div><//>
    <${Card} title="Como falar"><div class="fields">${text("whatsapp", "WhatsApp", { type: "tel" })}${text("telefone", "Telefone", { type: "tel" })}${text("email", "E-mail", { type: "email" })}</div><//>
    <${Card} title="Endereço"><${AddressFields} form=${form} names=${ADDRESS} /><//>
    <${Card} title="Na empresa"><div class="fields">
      <${SelectField} form=${form} name="agente_responsavel" label="Responsável" hint="Quem cuida deste cliente." options=${[["", "Ninguém"], ...people]} />
      <${SelectField} form=${form} name="grupo_empresa" label="Grupo de empresas" options=${[["", "Nenhum"], ...(groups.data ?? []).map((group) => [group.id, group.nome])]} />
    </div>${text("observacoes", "Observações", { area: true, rows: 3 })}<//>
    <${Card} title="Dados fiscais"><div class="fields">
      <${SelectField} form=${form} name="regime_tributario" label="Regime tributário" options=${[...(form.base.regime_tributario ? [] : [["", "Não informado"]]), ...options(REGIMES)]} />
      ${text("inscricao_estadual", "Inscrição estadual")}${text("inscricao_municipal", "Inscrição municipal")}${text("ramo_atividade", "Ramo de atividade")}
      ${text("responsavel_legal_nome", "Responsável legal")}${text("responsavel_legal_cpf", "CPF do responsável")}${text("responsavel_legal_cargo", "Cargo do responsável")}
    </div><//>
    ${row.id && html`<${Card} title="Imagens" lead="PNG, JPEG ou WebP, até 2 MB. São gravadas na hora."><div class="fields">
      <${Picture} row=${row} name="logo" label="Logotipo" path=${`clientes/${row.id}/logo/`} onSaved=${onSaved} /><${Picture} row=${row} name="assinatura_digital" label="Assinatura" path=${`clientes/${row.id}/assinatura-digital/`} onSaved=${onSaved} /></div><//>`}
    <${SaveBar} form=${form} label=${row.id ? "Salvar" : "Criar cliente"} />
  </form>`;
}

function Picture({ row, name, label, path, onSaved }) {
  const [url, setUrl] = useState(null);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    setUrl(null);
    if (!row[name]) return undefined;
    const control = new AbortController();
    let made = null;
    // Whatever goes wrong: the place stays empty.
    api.blob(path, {}, control.signal).then((blob) => setUrl((made = URL.createObjectURL(blob))), () => {});
    return () => {
      control.abort();
      if (made) URL.revokeObjectURL(made);
    };
  }, [row[name]]);
  const run = async (work) => {
    setBusy(true);
    try {
      onSaved(await work());
      toast("Imagem gravada.", { kind: "ok" });
    } catch (error) {
      fail(error);
    }
    setBusy(false);
  };
  const send = (event) => {
    const file = event.currentTarget.files[0];
    event.currentTarget.value = "";
    if (!file) return;
    const form = new FormData();
    form.set(name, file);
    run(() => api.patchForm(`clientes/${row.id}/`, form));
  };
  return html`<div class="picture-field"><h3>${label}</h3><div class="picture-box">${url ? html`<img src=${url} alt=${label} />` : html`<${Icon} name="image" size=${24} />`}</div>
    <div class="chips"><label class="button small"><${Icon} name="upload" /><span>Escolher</span><input type="file" class="visually-hidden" disabled=${isBusy} accept="image/png,image/jpeg,image/webp" aria-label=${`${label}: escolher imagem`} onChange=${send} /></label>
      ${row[name] && html`<${Button} class="small" icon="trash" isBusy=${isBusy} onClick=${() => run(() => api.patch(`clientes/${row.id}/`, { [name]: null }))}>Tirar<//>`}</div></div>`;
}
