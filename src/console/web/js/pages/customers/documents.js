// Files of customers: uploaded, or made from a template.
import { html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { dateTime, shortly } from "../../lib/format.js";
import { copy } from "../../lib/clipboard.js";
import { save } from "../../lib/download.js";
import { useLoaded, usePages, useSettled } from "../../lib/load.js";
import { Link } from "../../lib/router.js";
import { Confirm } from "../../components/confirm.js";
import { Button, Field, Tag } from "../../components/controls.js";
import { Dialog } from "../../components/dialog.js";
import { changesOf, FormTrouble, SelectField, TextField, useForm } from "../../components/form.js";
import { Card, Filter, Mark, Pairs, Row, Rows, SearchBox } from "../../components/page.js";
import { Pdf } from "../../components/pdf.js";
import { fail, toast } from "../../components/toast.js";
import { CustomerPicker } from "./picker.js";
import { day, DOCUMENT_STATUSES, KINDS, options } from "./words.js";

const ICONS = { contrato: "signature", boleto: "banknote", proposta: "briefcase", comprovante: "receipt" };
const LINK_MINUTES = 60;
const FRESH = { tipo_documento: "", status: "", ordering: "-data_upload" };

const StatusTag = ({ row }) => html`${row.is_vencido && html`<${Tag} kind="danger">Vencido<//>`}<${Tag} kind=${DOCUMENT_STATUSES[row.status]?.[1]}>${DOCUMENT_STATUSES[row.status]?.[0] ?? row.status}<//>`;

export function Documents({ frame }) {
  const [term, setTerm] = useState("");
  const [filters, setFilters] = useState(FRESH);
  const [shown, setShown] = useState(null);
  const [isNew, setNew] = useState(false);
  const search = useSettled(term);
  const list = usePages("documentos/", { search, ...filters });
  const choose = (name) => (value) => setFilters({ ...filters, [name]: value });
  const isNarrowed = Boolean(term || filters.tipo_documento || filters.status);
  return frame(html`<${Button} kind="primary" icon="upload" onClick=${() => setNew(true)}>Enviar documento<//>`, html`
    <div class="filters"><${SearchBox} value=${term} onInput=${setTerm} label="Nome do documento ou do cliente" />
      <${Filter} label="Tipo" value=${filters.tipo_documento} onChange=${choose("tipo_documento")} options=${[["", "Todos os tipos"], ...options(KINDS)]} /><${Filter} label="Situação" value=${filters.status} onChange=${choose("status")} options=${[["", "Todas as situações"], ...options(DOCUMENT_STATUSES)]} />
      <${Filter} label="Ordem" value=${filters.ordering} onChange=${choose("ordering")} options=${[["-data_upload", "Mais novos"], ["data_vencimento", "Por vencimento"], ["nome", "Por nome"]]} /></div>
    <${Card}><${DocumentRows} list=${list} onShow=${setShown} withCustomer empty=${isNarrowed ? { icon: "search", title: "Nenhum documento assim" } : { icon: "file-text", title: "Nenhum documento", children: "Contratos e boletos são gerados na ficha do cliente." }} /><//>
    ${isNew && html`<${UploadDialog} onClose=${() => setNew(false)} onDone=${() => { setNew(false); list.reload(); }} />`}
    ${shown && html`<${DocumentDialog} row=${shown} onClose=${() => setShown(null)} onChange=${list.reload} />`}`);
}

export function DocumentsOf({ customer, onGenerate }) {
  const list = usePages("documentos/", { cliente: customer.id, ordering: "-data_upload" });
  const [shown, setShown] = useState(null);
  const [isNew, setNew] = useState(false);
  return html`<${Card} title="Documentos" actions=${html`<${Button} class="small" icon="signature" onClick=${() => onGenerate("contrato")}>Gerar contrato<//><${Button} class="small" icon="banknote" onClick=${() => onGenerate("boleto")}>Gerar boleto<//><${Button} class="small" icon="upload" onClick=${() => setNew(true)}>Enviar<//>`}>
    <${DocumentRows} list=${list} onShow=${setShown} empty=${{ icon: "file-text", title: "Nenhum documento", children: "Gere um contrato ou um boleto, ou envie um arquivo." }} />
    ${isNew && html`<${UploadDialog} customer=${customer} onClose=${() => setNew(false)} onDone=${() => { setNew(false); list.reload(); }} />`}
    ${shown && html`<${DocumentDialog} row=${shown} onClose=${() => setShown(null)} onChange=${list.reload} />`}
  <//>`;
}

const DocumentRows = ({ list, onShow, empty, withCustomer }) => html`<${Rows} list=${list} label="Documentos" empty=${empty}
  row=${(row) => html`<${Row} onClick=${() => onShow(row)} mark=${html`<${Mark} icon=${ICONS[row.tipo_documento] ?? "file-text"} />`} title=${row.nome} hint=${[withCustomer && row.cliente_nome, KINDS[row.tipo_documento], row.tamanho_arquivo, shortly(row.data_upload), row.data_vencimento && `vence em ${day(row.data_vencimento)}`].filter(Boolean).join(" · ")}><${StatusTag} row=${row} /><//>`} />`;

function UploadDialog({ customer, onClose, onDone }) {
  const form = useForm({ cliente: customer?.id ?? null, nome: "", tipo_documento: "outro", data_vencimento: "", descricao: "" });
  const [file, setFile] = useState(null);
  const submit = async () => {
    const saved = await form.submit((values) => {
      const body = new FormData();
      for (const [name, value] of Object.entries(values)) if (value) body.set(name, value);
      if (file) body.set("arquivo", file);
      return api.upload("documentos/", body);
    });
    if (!saved) return;
    toast("Documento enviado.", { kind: "ok" });
    onDone();
  };
  const choose = (event) => {
    const chosen = event.currentTarget.files[0] ?? null;
    setFile(chosen);
    if (chosen && !form.values.nome) form.set("nome", chosen.name.replace(/\.\w+$/, ""));
  };
  return html`<${Dialog} title="Enviar documento" onClose=${onClose} onSubmit=${submit} footer=${html`<${Button} onClick=${onClose}>Cancelar<//><${Button} kind="primary" type="submit" icon="upload" isBusy=${form.isBusy}>Enviar<//>`}>
    ${!customer && html`<${CustomerPicker} label="Cliente" error=${form.errorOf("cliente")} onChoose=${(row) => form.set("cliente", row?.id ?? null)} />`}
    <${Field} label="Arquivo" error=${form.errorOf("arquivo")} hint="PDF, Word, Excel, texto ou imagem." control=${(attributes) => html`<input ...${attributes} type="file" onChange=${choose} />`} />
    <${TextField} form=${form} name="nome" label="Nome" maxlength="255" required />
    <div class="fields"><${SelectField} form=${form} name="tipo_documento" label="Tipo" options=${options(KINDS)} /><${TextField} form=${form} name="data_vencimento" label="Vencimento" type="date" /></div>
    <${TextField} form=${form} name="descricao" label="Descrição" area rows="2" maxlength="2000" /><${FormTrouble} form=${form} />
  <//>`;
}

/** One document: seen when it is a PDF, saved, shared for an hour, described. */
export function DocumentDialog({ row: first, onClose, onChange }) {
  const [row, setRow] = useState(first);
  const [isAsked, setAsked] = useState(false);
  const file = useLoaded(() => api.blob(`documentos/${row.id}/arquivo/`), [row.id]);
  const form = useForm({ nome: row.nome, tipo_documento: row.tipo_documento, status: row.status, data_vencimento: row.data_vencimento ?? "", descricao: row.descricao ?? "" });
  const submit = async () => {
    if (!form.isDirty) return onClose();
    const saved = await form.submit(() => {
      const changes = changesOf(form);
      if (changes.data_vencimento === "") changes.data_vencimento = null;
      return api.patch(`documentos/${row.id}/`, changes);
    });
    if (!saved) return undefined;
    toast("Documento salvo.", { kind: "ok" });
    setRow(saved);
    return onChange();
  };
  const destroy = async () => {
    await api.remove(`documentos/${row.id}/`);
    toast("Documento excluído.", { kind: "ok" });
    onChange();
    onClose();
  };
  const share = async () => {
    try {
      const { url, expira_em } = await api.post(`documentos/${row.id}/link/`, { minutos: LINK_MINUTES });
      toast((await copy(url)) ? `Link copiado. Abre sem senha até ${dateTime(expira_em)}.` : url, { kind: "ok" });
    } catch (error) {
      fail(error);
    }
  };
  if (isAsked) return html`<${Confirm} title=${`Excluir ${row.nome}?`} label="Excluir" icon="trash" run=${destroy} onClose=${() => setAsked(false)}>O documento sai das listas.<//>`;
  const isPdf = row.tipo_mime === "application/pdf";
  return html`<${Dialog} size="large" title=${row.nome} onClose=${onClose} onSubmit=${submit}
    footer=${html`<${Button} icon="trash" onClick=${() => setAsked(true)}>Excluir<//><span class="grow"></span><${Button} icon="link" onClick=${share}>Copiar link<//><${Button} icon="download" disabled=${!file.data} onClick=${() => save(file.data, row.nome_arquivo)}>Baixar<//><${Button} kind="primary" type="submit" isBusy=${form.isBusy}>${form.isDirty ? "Salvar" : "Fechar"}<//>`}>
    ${isPdf && html`<${Pdf} blob=${file.data} isBusy=${file.isBusy} note=${file.error?.message} name=${row.nome_arquivo} label=${row.nome} />`}
    <div class="fields"><${TextField} form=${form} name="nome" label="Nome" maxlength="255" /><${SelectField} form=${form} name="status" label="Situação" options=${options(DOCUMENT_STATUSES)} /><${SelectField} form=${form} name="tipo_documento" label="Tipo" options=${options(KINDS)} /><${TextField} form=${form} name="data_vencimento" label="Vencimento" type="date" /></div>
    <${TextField} form=${form} name="descricao" label="Descrição" area rows="2" maxlength="2000" /><${FormTrouble} form=${form} />
    <${Pairs} rows=${[["Cliente", html`<${Link} href=${`/clientes/${row.cliente}`}>${row.cliente_nome}<//>`], ["Arquivo", `${row.nome_arquivo} · ${row.tamanho_arquivo}`], ["Modelo", row.template_usado], ["Enviado por", row.usuario_upload_nome], ["Em", dateTime(row.data_upload)]]} />
  <//>`;
}
