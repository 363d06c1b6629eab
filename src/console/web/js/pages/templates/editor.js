// A template is written on the left and seen, as the PDF that it makes, on the right.
import { html, useEffect, useRef, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { useSettled } from "../../lib/load.js";
import { navigate } from "../../lib/router.js";
import { may } from "../../lib/session.js";
import { Confirm } from "../../components/confirm.js";
import { Button, Field } from "../../components/controls.js";
import { SaveBar, SelectField, TextField, useForm } from "../../components/form.js";
import { Menu } from "../../components/menu.js";
import { Card, Page } from "../../components/page.js";
import { Pdf } from "../../components/pdf.js";
import { toast } from "../../components/toast.js";
import { ASKED, AUTOMATIC, BUILT_IN, KINDS } from "./words.js";

const BACK = ["/modelos", "Modelos"];
const FRESH = { nome: "", tipo: "contrato", conteudo: "# Título\n\n**{{empresa_nome}}** e **{{cliente_nome}}** acordam:\n\n## Cláusula 1ª\n\n- primeiro ponto\n", variaveis: [] };
/** Long enough for a word, short enough to look live. */
const PAUSE_MS = 600;

const keyOf = (name) => name.normalize("NFD").replace(/[^\w\s-]/g, "").trim().toLowerCase().replace(/[\s-]+/g, "_").slice(0, 100);
const variables = (text) => text.split(/[,;\s]+/).map((name) => name.trim()).filter(Boolean);

export function Editor({ name, template, taken, onSaved, onCopy }) {
  const first = template ?? FRESH;
  const form = useForm({ nome: name ? first.nome : template ? `${first.nome} (cópia)` : "", tipo: first.tipo, conteudo: first.conteudo, variaveis: first.variaveis.join(", ") });
  const [isAsked, setAsked] = useState(false);
  const text = useRef(null);
  const mayEdit = may("core.manage_config_documents");
  const { values } = form;
  const draft = { nome: values.nome.trim() || "Sem nome", tipo: values.tipo, conteudo: values.conteudo, variaveis: variables(values.variaveis) };
  const save = async (event) => {
    event.preventDefault();
    const key = name ?? freeKey(keyOf(values.nome), taken);
    if (!key) return form.setErrors({ nome: "Dê um nome ao modelo." });
    const prefix = `document_templates.${key}.`;
    const all = await form.submit(() => api.patch("config/documents/", { [key]: { ...draft, nome: values.nome } }), (field) => (field.startsWith(prefix) ? field.slice(prefix.length) : field));
    if (!all) return undefined;
    toast("Modelo salvo.", { kind: "ok" });
    onSaved(all);
    if (!name) navigate(`${BACK[0]}/${key}`, { replace: true });
    return undefined;
  };
  const remove = async () => {
    onSaved(await api.patch("config/documents/", { [name]: null }));
    toast(BUILT_IN.has(name) ? "O original voltou." : "Modelo excluído.", { kind: "ok" });
    navigate(BACK[0]);
  };
  const insert = (mark) => {
    const area = text.current;
    const [from, to] = [area.selectionStart, area.selectionEnd];
    form.set("conteudo", `${values.conteudo.slice(0, from)}{{${mark}}}${values.conteudo.slice(to)}`);
    // After the text is there.
    setTimeout(() => {
      area.focus();
      area.setSelectionRange(from + mark.length + 4, from + mark.length + 4);
    });
  };
  const own = variables(values.variaveis).map((mark) => ({ label: mark, run: () => insert(mark) }));
  const marks = [{ heading: "Preenchidas pelo sistema" }, ...AUTOMATIC.map(([mark, label]) => ({ label, hint: mark, run: () => insert(mark) })), { heading: "Pedidas ao gerar" }, ...ASKED.map(([mark, label]) => ({ label, hint: mark, run: () => insert(mark) })), ...(own.length ? [{ heading: "Deste modelo" }, ...own] : [])];
  const actions = name && mayEdit && html`<${Button} icon="copy" onClick=${() => onCopy({ ...first })}>Duplicar<//><${Button} icon=${BUILT_IN.has(name) ? "rotate-ccw-clock" : "trash"} onClick=${() => setAsked(true)}>${BUILT_IN.has(name) ? "Restaurar o original" : "Excluir"}<//>`;
  return html`<${Page} size="wide" title=${name ? first.nome : "Novo modelo"} back=${BACK} lead=${name ?? undefined} actions=${actions}>
    <div class="editor">
      <form class="stack" onSubmit=${save} noValidate><fieldset class="bare stack" disabled=${!mayEdit}>
        ${!mayEdit && html`<p class="notice">Só administradores mudam os modelos.</p>`}
        <${Card}>
          <div class="fields"><${TextField} form=${form} name="nome" label="Nome" maxlength="120" required /><${SelectField} form=${form} name="tipo" label="Tipo" options=${Object.entries(KINDS)} /></div>
          <${Field} label="Texto" error=${form.errorOf("conteudo")} hint="# título, ## cláusula, **negrito**, - lista. {{nome}} está por um valor." control=${(attributes) => html`<textarea ...${attributes} ref=${text} class="code tall" spellcheck="true" maxlength="100000" value=${values.conteudo} onInput=${(event) => form.set("conteudo", event.currentTarget.value)}></textarea>`} />
          ${mayEdit && html`<div><${Menu} label="Variáveis" side="top-start" items=${marks} button=${(attributes) => html`<${Button} icon="plus" class="small" ...${attributes}>Inserir uma variável<//>`} /></div>`}
          <${TextField} form=${form} name="variaveis" label="Variáveis próprias" hint="Separadas por vírgula: letras sem acento, números e _. São pedidas ao gerar o documento." />
        <//>
        <${SaveBar} form=${form} label=${name ? "Salvar" : "Criar modelo"} />
      </fieldset></form>
      <${Preview} draft=${draft} />
    </div>
    ${isAsked && html`<${Confirm} title=${BUILT_IN.has(name) ? "Restaurar o original?" : `Excluir ${first.nome}?`} label=${BUILT_IN.has(name) ? "Restaurar" : "Excluir"} run=${remove} onClose=${() => setAsked(false)}>${BUILT_IN.has(name) ? "O que foi mudado neste modelo se perde." : "Os documentos que já foram feitos com ele ficam."}<//>`}
  <//>`;
}

function freeKey(key, taken) {
  if (!key || !taken.includes(key)) return key;
  return freeKey(/_\d+$/.test(key) ? key.replace(/\d+$/, (number) => Number(number) + 1) : `${key}_2`, taken);
}

/** The PDF that the draft would make, with made-up values; the last good one stays while something is wrong. */
function Preview({ draft }) {
  const wanted = useSettled(JSON.stringify(draft), PAUSE_MS);
  const [state, setState] = useState({ blob: null, isBusy: true, note: null });
  useEffect(() => {
    const control = new AbortController();
    setState((old) => ({ ...old, isBusy: true }));
    api.postForBlob("config/documents/preview/", JSON.parse(wanted), control.signal).then(
      (blob) => setState({ blob, isBusy: false, note: null }),
      (error) => control.signal.aborted || setState((old) => ({ ...old, isBusy: false, note: Object.values(error.fields ?? {}).flat()[0] ?? error.message })),
    );
    return () => control.abort();
  }, [wanted]);
  return html`<section class="preview" aria-label="Prévia"><header><h2>Prévia</h2><span class="soft">com valores inventados</span></header>
    ${state.note && html`<p class="notice" role="status">${state.note}</p>`}
    <${Pdf} blob=${state.blob} isBusy=${state.isBusy} note=${state.blob ? null : state.note} name="previa.pdf" label="Prévia do documento" /></section>`;
}
