// Quick replies: texts that people send often. And the tags that are in use.
import { html, useState } from "../lib/html.js";
import * as api from "../lib/api.js";
import { plural } from "../lib/format.js";
import { useLoaded } from "../lib/load.js";
import { isAtLeast, me } from "../lib/session.js";
import { Confirm } from "../components/confirm.js";
import { Button, Tag } from "../components/controls.js";
import { Dialog } from "../components/dialog.js";
import { FormTrouble, SelectField, TextField, useForm } from "../components/form.js";
import { Card, Filter, Page, Row, Rows, SearchBox } from "../components/page.js";
import { toast } from "../components/toast.js";
import { agentsById, departments, departmentsById } from "../store/people.js";
import { plain } from "./chats/lists.js";

const MARKS = ["nome", "atendente", "departamento", "protocolo", "saudacao"];
const EXAMPLE = { nome: "Maria", atendente: "Ana", departamento: "Suporte", protocolo: "4821", saudacao: "Bom dia" };
const TAGS_SHOWN = 60;

export default function RepliesPage() {
  const list = useLoaded(() => api.all("respostas-rapidas/"));
  const [term, setTerm] = useState("");
  const [place, setPlace] = useState("");
  const [edited, setEdited] = useState(null);
  const rows = list.data?.filter((row) => (place === "" || String(row.departamento ?? "geral") === place) && plain(`${row.titulo} ${row.atalho} ${row.texto}`).includes(plain(term)));
  const isNarrowed = Boolean(term || place);
  const close = (isChanged) => {
    setEdited(null);
    if (isChanged) list.reload();
  };
  return html`<${Page} title="Respostas rápidas" lead=${html`Textos prontos: quem atende digita <kbd>/</kbd> e o atalho.`} actions=${html`<${Button} kind="primary" icon="plus" onClick=${() => setEdited({})}>Nova resposta<//>`}>
    <div class="filters"><${SearchBox} value=${term} onInput=${setTerm} label="Buscar por título, atalho ou texto" />
      <${Filter} label="Departamento" value=${place} onChange=${setPlace} options=${[["", "Todos"], ["geral", "Gerais"], ...departments.value.map((row) => [String(row.id), row.nome])]} /></div>
    <${Card}><${Rows} list=${list} rows=${rows} label="Respostas rápidas" empty=${isNarrowed ? { icon: "search", title: "Nenhuma resposta assim" } : { icon: "zap", title: "Nenhuma resposta rápida", children: "Crie a primeira: uma saudação, um endereço, a segunda via." }}
      row=${(row) => html`<${Row} onClick=${() => setEdited(row)} mark=${html`<code class="shortcut">${row.atalho}</code>`} title=${row.titulo} hint=${row.texto}><${Tag}>${row.departamento ? (departmentsById.value.get(row.departamento)?.nome ?? "Departamento") : "Geral"}<//><//>`} /><//>
    <${TagsInUse} />
    ${edited && html`<${ReplyDialog} row=${edited} onClose=${close} />`}
  <//>`;
}

/** Supervisors write those of their own departments, those above all of them. */
function placeOptions(row) {
  if (isAtLeast("gerente")) return [["", "Todos os departamentos"], ...departments.value.filter((place) => place.ativo || place.id === row.departamento).map((place) => [place.id, place.nome])];
  const own = agentsById.value.get(me.value.id)?.departamentos ?? [];
  return departments.value.filter((place) => own.includes(place.id)).map((place) => [place.id, place.nome]);
}

function ReplyDialog({ row, onClose }) {
  const options = placeOptions(row);
  const form = useForm({ titulo: row.titulo ?? "", atalho: row.atalho ?? "/", texto: row.texto ?? "", departamento: row.departamento ?? (row.id ? "" : (options[0]?.[0] ?? "")) });
  const [isAsked, setAsked] = useState(false);
  const mayEdit = !row.id || options.some(([id]) => String(id) === String(row.departamento ?? ""));
  const submit = async () => {
    if (!mayEdit) return onClose(false);
    const saved = await form.submit(({ departamento, ...values }) => {
      const body = { ...values, departamento: departamento ? Number(departamento) : null };
      return row.id ? api.patch(`respostas-rapidas/${row.id}/`, body) : api.post("respostas-rapidas/", body);
    });
    if (!saved) return undefined;
    toast("Resposta salva.", { kind: "ok" });
    return onClose(true);
  };
  const destroy = async () => {
    await api.remove(`respostas-rapidas/${row.id}/`);
    toast("Resposta excluída.", { kind: "ok" });
    onClose(true);
  };
  const filled = form.values.texto.replace(/\{\{\s*(\w+)\s*\}\}/g, (whole, name) => EXAMPLE[name] ?? whole);
  if (isAsked) return html`<${Confirm} title=${`Excluir “${row.titulo}”?`} label="Excluir" icon="trash" run=${destroy} onClose=${() => setAsked(false)}>Quem atende deixa de encontrá-la.<//>`;
  return html`<${Dialog} title=${row.id ? row.titulo : "Nova resposta rápida"} onClose=${() => onClose(false)} onSubmit=${submit}
    footer=${html`${row.id && mayEdit && html`<${Button} icon="trash" onClick=${() => setAsked(true)}>Excluir<//><span class="grow"></span>`}<${Button} onClick=${() => onClose(false)}>${mayEdit ? "Cancelar" : "Fechar"}<//>${mayEdit && html`<${Button} kind="primary" type="submit" isBusy=${form.isBusy}>Salvar<//>`}`}>
    ${!mayEdit && html`<p class="notice">É geral ou de outro departamento: só se pode ver.</p>`}
    <fieldset class="bare stack-small" disabled=${!mayEdit}>
      <div class="fields"><${TextField} form=${form} name="titulo" label="Título" maxlength="100" required autofocus /><${TextField} form=${form} name="atalho" label="Atalho" maxlength="31" required autocapitalize="none" /></div>
      <${SelectField} form=${form} name="departamento" label="Para quem" options=${mayEdit ? options : [[row.departamento ?? "", "—"]]} />
      <div><${TextField} form=${form} name="texto" label="Texto" area rows="5" maxlength="4000" required /><div class="marks">${MARKS.map((mark) => html`<button type="button" class="mark" key=${mark} aria-label=${`Inserir {{${mark}}}`} onClick=${() => form.set("texto", `${form.values.texto}{{${mark}}}`)}>{{${mark}}}</button>`)}</div></div>
      ${filled && html`<p class="message-bubble flat" aria-label="Como o cliente lê">${filled}</p>`}
    </fieldset><${FormTrouble} form=${form} />
  <//>`;
}

function TagsInUse() {
  const list = useLoaded(() => api.get("etiquetas/", { page_size: TAGS_SHOWN }));
  const rows = list.data?.results;
  if (!rows?.length) return null;
  return html`<${Card} title="Etiquetas em uso" lead="Nascem nas conversas; aqui se vê quais há."><div class="tag-list">${rows.map((row) => html`<span class="tag" key=${row.etiqueta}>${row.etiqueta}<small> ${plural(row.chats, "conversa", "conversas")}${row.abertos ? `, ${row.abertos} ${row.abertos === 1 ? "aberta" : "abertas"}` : ""}</small></span>`)}</div><//>`;
}
