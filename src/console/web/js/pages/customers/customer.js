// The card of one customer.
import { html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { useLoaded } from "../../lib/load.js";
import { leave, navigate } from "../../lib/router.js";
import { Confirm } from "../../components/confirm.js";
import { Button, IconButton, Tag } from "../../components/controls.js";
import { Dialog } from "../../components/dialog.js";
import { FormTrouble, SelectField, TextField, useForm } from "../../components/form.js";
import { Menu } from "../../components/menu.js";
import { Page, Sections } from "../../components/page.js";
import { Empty, Failure, Skeleton } from "../../components/states.js";
import { toast } from "../../components/toast.js";
import { ContactsOf } from "./contacts.js";
import { DocumentsOf } from "./documents.js";
import { CustomerForm } from "./form.js";
import { GenerateDialog } from "./generate.js";
import { History } from "./history.js";
import { MergeDialog, Merges } from "./merge.js";
import { numberOf, options, STATUSES, StatusTag } from "./words.js";

const BACK = ["/clientes", "Clientes"];
const FRESH = { tipo_pessoa: "juridica" };

export function CustomerPage({ id, section }) {
  const { data: row, error, reload, set } = useLoaded(() => (id ? api.get(`clientes/${id}/`) : FRESH), [id]);
  if (error?.status === 404 || error?.status === 403) return html`<${Page} title="Cliente" back=${BACK}><${Empty} icon="contact-round" title="Este cliente não está à vista">${error.message}<//><//>`;
  if (error && !row) return html`<${Page} title="Cliente" back=${BACK}><${Failure} error=${error} onRetry=${reload} /><//>`;
  if (!row) return html`<${Page} title="Cliente" back=${BACK}><${Skeleton} rows=${6} kind="row" /><//>`;
  if (!id) return html`<${Page} title="Novo cliente" back=${BACK}><${CustomerForm} row=${row} onSaved=${(saved) => navigate(`${BACK[0]}/${saved.id}`, { replace: true })} /><//>`;
  // The address of a customer who was merged into another one shows that one.
  if (row.id !== id) return html`<${Moved} to=${row} section=${section} />`;
  return html`<${Customer} row=${row} section=${section} onSaved=${set} onReload=${reload} />`;
}

function Moved({ to }) {
  return html`<${Page} title=${to.nome_display} back=${BACK}><${Empty} icon="merge" title="Este cliente foi unido a outro" action=${html`<${Button} kind="primary" onClick=${() => navigate(`${BACK[0]}/${to.id}`, { replace: true })}>Abrir ${to.nome_display}<//>`}>O que era dele está na ficha de ${to.nome_display}.<//><//>`;
}

function Customer({ row, section, onSaved, onReload }) {
  const [dialog, setDialog] = useState(null);
  const [round, setRound] = useState(0);
  const base = `${BACK[0]}/${row.id}`;
  const sections = [[base, "Cadastro"], [`${base}/contatos`, "Contatos"], [`${base}/documentos`, "Documentos"], [`${base}/historico`, "Histórico"], [`${base}/unioes`, "Uniões"]];
  const current = section === "cadastro" ? base : `${base}/${section}`;
  const close = () => setDialog(null);
  const destroy = async () => {
    await api.remove(`clientes/${row.id}/`);
    toast("Cliente excluído. O que já houve com ele fica.", { kind: "ok" });
    navigate(BACK[0]);
  };
  const generated = () => {
    close();
    setRound(round + 1);
    navigate(`${base}/documentos`);
  };
  const changed = () => {
    close();
    onReload();
    setRound(round + 1);
  };
  const digits = (row.whatsapp_e164 ?? row.telefone_e164 ?? "").replace("+", "");
  return html`<${Page} title=${row.nome_display} back=${BACK} lead=${[row.documento_formatado, numberOf(row)].filter(Boolean).join(" · ")}
    aside=${html`<${StatusTag} status=${row.status} />${row.documento_valido === false && html`<${Tag} kind="warn">Conferir ${row.tipo_pessoa === "fisica" ? "CPF" : "CNPJ"}<//>`}`}
    actions=${html`<${Button} icon="signature" onClick=${() => setDialog("contrato")}>Contrato<//><${Button} icon="banknote" onClick=${() => setDialog("boleto")}>Boleto<//>
      <${Menu} label="Mais sobre o cliente" side="bottom-end" button=${(attributes) => html`<${IconButton} icon="ellipsis" label="Mais sobre o cliente" ...${attributes} />`}
        items=${[digits && { label: "Abrir a conversa", icon: "messages-square", run: () => leave(`/conversas/${digits}`) }, { label: "Mudar a situação…", icon: "flag", run: () => setDialog("status") }, { label: "Unir a outro cadastro…", icon: "merge", run: () => setDialog("merge") }, "line", { label: "Excluir…", icon: "trash", kind: "danger", run: () => setDialog("destroy") }].filter(Boolean)} />`}>
    <${Sections} label="Ficha do cliente" items=${sections} current=${current} />
    ${section === "contatos" ? html`<${ContactsOf} customer=${row} />` : section === "documentos" ? html`<${DocumentsOf} key=${round} customer=${row} onGenerate=${setDialog} />` : section === "historico" ? html`<${History} key=${round} id=${row.id} />` : section === "unioes" ? html`<${Merges} key=${round} id=${row.id} onMerge=${() => setDialog("merge")} onChange=${changed} />` : html`<${CustomerForm} row=${row} onSaved=${onSaved} />`}
    ${(dialog === "contrato" || dialog === "boleto") && html`<${GenerateDialog} kind=${dialog} customer=${row} onClose=${close} onDone=${generated} />`}
    ${dialog === "merge" && html`<${MergeDialog} customer=${row} onClose=${close} onDone=${changed} />`}
    ${dialog === "status" && html`<${StatusDialog} row=${row} onClose=${close} onDone=${(saved) => { close(); onSaved(saved); }} />`}
    ${dialog === "destroy" && html`<${Confirm} title=${`Excluir ${row.nome_display}?`} label="Excluir" icon="trash" run=${destroy} onClose=${close}>Sai das listas e o documento fica livre para outro cadastro. Conversas e documentos que já houve ficam guardados.<//>`}
  <//>`;
}

function StatusDialog({ row, onClose, onDone }) {
  const form = useForm({ status: row.status, motivo: "" });
  const submit = async () => {
    const saved = await form.submit((values) => api.patch(`clientes/${row.id}/status/`, values));
    if (!saved) return;
    toast("Situação mudada.", { kind: "ok" });
    onDone(saved);
  };
  return html`<${Dialog} title="Mudar a situação" size="small" onClose=${onClose} onSubmit=${submit} footer=${html`<${Button} onClick=${onClose}>Cancelar<//><${Button} kind="primary" type="submit" isBusy=${form.isBusy}>Mudar<//>`}>
    <${SelectField} form=${form} name="status" label="Situação" options=${options(STATUSES)} /><${TextField} form=${form} name="motivo" label="Motivo" hint="Fica no histórico." area rows="2" /><${FormTrouble} form=${form} />
  <//>`;
}
