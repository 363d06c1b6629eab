// People at customers.
import { html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { usePages, useSettled } from "../../lib/load.js";
import { Link } from "../../lib/router.js";
import { Confirm } from "../../components/confirm.js";
import { Avatar, Button, Tag } from "../../components/controls.js";
import { Dialog } from "../../components/dialog.js";
import { FormTrouble, SwitchField, TextField, useForm } from "../../components/form.js";
import { Card, Filter, Row, Rows, SearchBox } from "../../components/page.js";
import { toast } from "../../components/toast.js";
import { CustomerPicker } from "./picker.js";
import { numberOf } from "./words.js";

export function Contacts({ frame }) {
  const [term, setTerm] = useState("");
  const [principal, setPrincipal] = useState("");
  const [edited, setEdited] = useState(null);
  const search = useSettled(term);
  const list = usePages("contatos/", { search, is_principal: principal });
  return frame(html`<${Button} kind="primary" icon="user-plus" onClick=${() => setEdited({})}>Novo contato<//>`, html`
    <div class="filters"><${SearchBox} value=${term} onInput=${setTerm} label="Nome, cargo, e-mail, WhatsApp…" /><${Filter} label="Quais" value=${principal} onChange=${setPrincipal} options=${[["", "Todos"], ["true", "Só os principais"]]} /></div>
    <${Card}><${ContactRows} list=${list} onEdit=${setEdited} withCustomer empty=${term || principal ? { icon: "search", title: "Nenhum contato assim" } : { icon: "contact-round", title: "Nenhum contato", children: "As pessoas de cada empresa: quem compra, quem paga, quem decide." }} /><//>
    ${edited && html`<${ContactDialog} row=${edited} onClose=${() => setEdited(null)} onDone=${() => { setEdited(null); list.reload(); }} />`}`);
}

export function ContactsOf({ customer }) {
  const list = usePages("contatos/", { cliente: customer.id });
  const [edited, setEdited] = useState(null);
  return html`<${Card} title="Contatos" lead="As pessoas deste cliente." actions=${html`<${Button} class="small" icon="user-plus" onClick=${() => setEdited({})}>Novo contato<//>`}>
    <${ContactRows} list=${list} onEdit=${setEdited} empty=${{ icon: "contact-round", title: "Nenhum contato" }} />
    ${edited && html`<${ContactDialog} row=${edited} customer=${customer} onClose=${() => setEdited(null)} onDone=${() => { setEdited(null); list.reload(); }} />`}
  <//>`;
}

const ContactRows = ({ list, onEdit, empty, withCustomer }) => html`<${Rows} list=${list} label="Contatos" empty=${empty}
  row=${(row) => html`<${Row} onClick=${() => onEdit(row)} mark=${html`<${Avatar} name=${row.nome} />`} title=${row.nome} hint=${[withCustomer && row.cliente_nome, row.cargo, numberOf(row), row.email].filter(Boolean).join(" · ")}>${row.is_principal && html`<${Tag} kind="accent">Principal<//>`}${!row.ativo && html`<${Tag}>Inativo<//>`}<//>`} />`;

const FIELDS = ["nome", "whatsapp", "cargo", "email", "telefone"];

function ContactDialog({ row, customer, onClose, onDone }) {
  const form = useForm({ ...Object.fromEntries(FIELDS.map((name) => [name, row[name] ?? ""])), cliente: row.cliente ?? customer?.id ?? null, is_principal: row.is_principal ?? false });
  const [isAsked, setAsked] = useState(false);
  const submit = async () => {
    const saved = await form.submit((values) => (row.id ? api.patch(`contatos/${row.id}/`, values) : api.post("contatos/", values)));
    if (!saved) return;
    toast("Contato salvo.", { kind: "ok" });
    onDone();
  };
  const destroy = async () => {
    await api.remove(`contatos/${row.id}/`);
    toast("Contato excluído.", { kind: "ok" });
    onDone();
  };
  if (isAsked) return html`<${Confirm} title=${`Excluir ${row.nome}?`} label="Excluir" icon="trash" run=${destroy} onClose=${() => setAsked(false)}>O contato sai das listas.<//>`;
  return html`<${Dialog} title=${row.id ? row.nome : "Novo contato"} onClose=${onClose} onSubmit=${submit}
    footer=${html`${row.id && html`<${Button} icon="trash" onClick=${() => setAsked(true)}>Excluir<//><span class="grow"></span>`}<${Button} onClick=${onClose}>Cancelar<//><${Button} kind="primary" type="submit" isBusy=${form.isBusy}>Salvar<//>`}>
    ${!customer && (row.id ? html`<p><${Link} href=${`/clientes/${row.cliente}`}>${row.cliente_nome}<//></p>` : html`<${CustomerPicker} label="Cliente" error=${form.errorOf("cliente")} onChoose=${(chosen) => form.set("cliente", chosen?.id ?? null)} />`)}
    <div class="fields"><${TextField} form=${form} name="nome" label="Nome" required autofocus=${Boolean(customer)} /><${TextField} form=${form} name="cargo" label="Cargo" /><${TextField} form=${form} name="whatsapp" label="WhatsApp" type="tel" required /><${TextField} form=${form} name="telefone" label="Telefone" type="tel" /><${TextField} form=${form} name="email" label="E-mail" type="email" /></div>
    <${SwitchField} form=${form} name="is_principal" label="Contato principal" hint="Há um só por cliente." /><${FormTrouble} form=${form} />
  <//>`;
}
