// Two cards of one customer become one, and may be parted again.
import { html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { dateTime, plural } from "../../lib/format.js";
import { useLoaded } from "../../lib/load.js";
import { Confirm } from "../../components/confirm.js";
import { Button, Tag } from "../../components/controls.js";
import { Dialog } from "../../components/dialog.js";
import { FormTrouble, SwitchField, TextField, useForm } from "../../components/form.js";
import { Card, Row, Rows } from "../../components/page.js";
import { toast } from "../../components/toast.js";
import { CustomerPicker } from "./picker.js";

const CONFLICT = 409;

export function MergeDialog({ customer, onClose, onDone }) {
  const form = useForm({ cliente_id: null, motivo: "", forcar: false });
  const [other, setOther] = useState(null);
  const [isRefused, setRefused] = useState(false);
  const submit = async () => {
    if (!form.values.cliente_id) return form.setErrors({ cliente_id: "Escolha o outro cadastro." });
    const union = await form.submit(async (values) => {
      try {
        return await api.post(`clientes/${customer.id}/unir/`, values);
      } catch (error) {
        if (error.status === CONFLICT) setRefused(true);
        throw error;
      }
    });
    if (!union) return undefined;
    toast(`${union.unido_nome} faz parte de ${union.cliente_nome}.`, { kind: "ok" });
    return onDone();
  };
  return html`<${Dialog} title="Unir dois cadastros" onClose=${onClose} onSubmit=${submit} footer=${html`<${Button} onClick=${onClose}>Cancelar<//><${Button} kind="primary" type="submit" icon="merge" isBusy=${form.isBusy}>Unir<//>`}>
    <p class="soft"><strong>${customer.nome_display}</strong> fica e recebe do outro as conversas, contatos e documentos, e os dados que não tem. Nada se perde: dá para separar depois.</p>
    <${CustomerPicker} label="O outro cadastro" except=${customer.id} error=${form.errorOf("cliente_id")} onChoose=${(row) => { setOther(row); setRefused(false); form.set("cliente_id", row?.id ?? null); }} />
    ${other && html`<p class="soft">${other.nome_display} deixa de aparecer nas listas.</p>`}
    <${TextField} form=${form} name="motivo" label="Motivo" hint="Fica no histórico dos dois." area rows="2" maxlength="2000" />
    ${isRefused && html`<${SwitchField} form=${form} name="forcar" label="Unir mesmo assim" hint="Os documentos (CPF ou CNPJ) são diferentes: tem certeza de que é o mesmo cliente?" />`}
    <${FormTrouble} form=${form} />
  <//>`;
}

export function Merges({ id, onMerge, onChange }) {
  const list = useLoaded(() => api.all(`clientes/${id}/unioes/`), [id]);
  const [asked, setAsked] = useState(null);
  const separate = async () => {
    await api.post(`clientes/${id}/separar/`, { uniao_id: asked.id });
    toast(`${asked.unido_nome} é um cadastro de novo.`, { kind: "ok" });
    onChange();
  };
  const moved = (row) => [[row.atendimentos, "atendimento", "atendimentos"], [row.contatos, "contato", "contatos"], [row.documentos, "documento", "documentos"]].filter(([count]) => count > 0).map((words) => plural(...words)).join(", ");
  const hint = (row) => [`Unido em ${dateTime(row.unido_em)}${row.unido_por_nome ? ` por ${row.unido_por_nome}` : ""}`, moved(row), row.motivo, row.separado_em && `separado em ${dateTime(row.separado_em)}`, !row.separado_em && row.motivo_nao_separar].filter(Boolean).join(" · ");
  return html`<${Card} title="Uniões" lead="Cadastros que foram unidos a este." actions=${html`<${Button} class="small" icon="merge" onClick=${onMerge}>Unir a outro<//>`}>
    <${Rows} list=${list} label="Uniões" empty=${{ icon: "merge", title: "Nenhuma união", children: "Se o mesmo cliente foi cadastrado duas vezes, una os dois." }}
      row=${(row) => html`<${Row} title=${row.unido_nome} hint=${hint(row)} dim=${Boolean(row.separado_em)}>${row.separado_em ? html`<${Tag}>Separado<//>` : html`<${Button} class="small" icon="split" disabled=${!row.pode_separar} title=${row.motivo_nao_separar ?? undefined} onClick=${() => setAsked(row)}>Separar<//>`}<//>`} />
    ${asked && html`<${Confirm} title=${`Separar ${asked.unido_nome}?`} kind="primary" label="Separar" icon="split" run=${separate} onClose=${() => setAsked(null)}>Leva de volta o que veio com ele e não mudou desde então. O que veio depois fica aqui.<//>`}
  <//>`;
}
