// Companies that belong together.
import { html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { plural } from "../../lib/format.js";
import { usePages, useSettled } from "../../lib/load.js";
import { Confirm } from "../../components/confirm.js";
import { Button, Tag } from "../../components/controls.js";
import { Dialog } from "../../components/dialog.js";
import { FormTrouble, SwitchField, TextField, useForm } from "../../components/form.js";
import { Card, Mark, Row, Rows, SearchBox } from "../../components/page.js";
import { toast } from "../../components/toast.js";

export function CompanyGroups({ frame }) {
  const [term, setTerm] = useState("");
  const [edited, setEdited] = useState(null);
  const search = useSettled(term);
  const list = usePages("grupos-empresa/", { search });
  return frame(html`<${Button} kind="primary" icon="plus" onClick=${() => setEdited({})}>Novo grupo<//>`, html`
    <div class="filters"><${SearchBox} value=${term} onInput=${setTerm} label="Buscar grupo" /></div>
    <${Card}><${Rows} list=${list} label="Grupos de empresas" empty=${term ? { icon: "search", title: "Nenhum grupo assim" } : { icon: "building", title: "Nenhum grupo", children: "Para matriz e filiais, redes e franquias." }}
      row=${(row) => html`<${Row} onClick=${() => setEdited(row)} dim=${!row.ativo} mark=${html`<${Mark} icon="building" />`} title=${row.nome} hint=${row.descricao}>${!row.ativo && html`<${Tag}>Inativo<//>`}<${Tag}>${plural(row.empresas_count, "empresa", "empresas")}<//><//>`} /><//>
    ${edited && html`<${GroupDialog} row=${edited} onClose=${() => setEdited(null)} onDone=${() => { setEdited(null); list.reload(); }} />`}`);
}

function GroupDialog({ row, onClose, onDone }) {
  const form = useForm({ nome: row.nome ?? "", descricao: row.descricao ?? "", ativo: row.ativo ?? true });
  const [isAsked, setAsked] = useState(false);
  const submit = async () => {
    const saved = await form.submit((values) => (row.id ? api.patch(`grupos-empresa/${row.id}/`, values) : api.post("grupos-empresa/", values)));
    if (!saved) return;
    toast("Grupo salvo.", { kind: "ok" });
    onDone();
  };
  const destroy = async () => {
    await api.remove(`grupos-empresa/${row.id}/`);
    toast("Grupo excluído.", { kind: "ok" });
    onDone();
  };
  if (isAsked) return html`<${Confirm} title=${`Excluir ${row.nome}?`} label="Excluir" icon="trash" run=${destroy} onClose=${() => setAsked(false)}>As empresas ficam, sem grupo.<//>`;
  return html`<${Dialog} title=${row.id ? row.nome : "Novo grupo de empresas"} onClose=${onClose} onSubmit=${submit}
    footer=${html`${row.id && html`<${Button} icon="trash" onClick=${() => setAsked(true)}>Excluir<//><span class="grow"></span>`}<${Button} onClick=${onClose}>Cancelar<//><${Button} kind="primary" type="submit" isBusy=${form.isBusy}>Salvar<//>`}>
    <${TextField} form=${form} name="nome" label="Nome" required autofocus /><${TextField} form=${form} name="descricao" label="Descrição" area rows="2" /><${SwitchField} form=${form} name="ativo" label="Ativo" /><${FormTrouble} form=${form} />
  <//>`;
}
