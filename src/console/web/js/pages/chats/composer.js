// The answer: a text that grows, quick replies, files, and notes for colleagues.
import { classes, html, useEffect, useLayoutEffect, useRef, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { bytes } from "../../lib/format.js";
import { me } from "../../lib/session.js";
import { Button, IconButton } from "../../components/controls.js";
import { Icon } from "../../components/icon.js";
import { fail, toast } from "../../components/toast.js";
import { draft, keepDraft } from "../../store/drafts.js";
import { send } from "../../store/outbox.js";
import { isOpen, isWaiting, path } from "../../store/chats.js";
import { nameOfKind } from "./kinds.js";
import { QuickReplies, useQuickReplies } from "./quick-replies.js";
import { TemplateDialog } from "./template.js";

const TEXT_MAX = 65_536;
const NOTE_MAX = 4000;
/** Renewed well within the ten seconds that an indicator lasts. */
const TYPING_MS = 4000;

let isWanted = false;

/** Puts the cursor into the answer, as soon as there is one. */
export function focusComposer() {
  const area = document.querySelector("textarea#composer");
  isWanted = !area;
  area?.focus();
}

export function Composer({ row, detail, quoted, onQuote, mayAccept, onAccept }) {
  const [isNote, setNote] = useState(false);
  const [insists, setInsists] = useState(false);
  const isMine = row.atendente_id === me.value.id;
  const noteButton = html`<${Button} id="note-mode" class="small" icon="sticky-note" onClick=${() => setNote(true)}>Nota interna<//>`;
  if (!isNote && !isOpen(row)) return html`<${Closed} noteButton=${noteButton} />`;
  if (!isNote && mayAccept && isWaiting(row)) {
    return html`<footer class="composer-bar"><p class="grow">Esta conversa está aguardando atendimento.</p>${noteButton}<${Button} kind="primary" icon="hand" onClick=${onAccept}>Aceitar e responder<//></footer>`;
  }
  if (!isNote && !isMine && !insists) {
    return html`<footer class="composer-bar"><p class="grow">${row.atendente_nome ? `Em atendimento com ${row.atendente_nome}.` : "Ninguém está com esta conversa."}</p>${noteButton}<${Button} class="small" onClick=${() => setInsists(true)}>Responder mesmo assim<//></footer>`;
  }
  if (!isNote && detail?.janela_aberta === false) return html`<${WindowClosed} row=${row} noteButton=${noteButton} />`;
  return html`<${Writer} key=${isNote ? "note" : "answer"} row=${row} isNote=${isNote} onNote=${setNote} quoted=${quoted} onQuote=${onQuote} />`;
}

function Closed({ noteButton }) {
  return html`<footer class="composer-bar"><${Icon} name="circle-check-big" /><p class="grow">Conversa encerrada. Se o cliente escrever, uma nova começa.</p>${noteButton}</footer>`;
}

function WindowClosed({ row, noteButton }) {
  const [isOpen_, setOpen] = useState(false);
  return html`<footer class="composer-bar"><${Icon} name="hourglass" /><p class="grow">Fora da janela de 24 horas só um modelo aprovado chega ao cliente.</p>${noteButton}
    <${Button} kind="primary" icon="copy" onClick=${() => setOpen(true)}>Enviar modelo<//>${isOpen_ && html`<${TemplateDialog} row=${row} onClose=${() => setOpen(false)} />`}</footer>`;
}

function Writer({ row, isNote, onNote, quoted, onQuote }) {
  const [text, setText] = useState(() => (isNote ? "" : draft(row.chat_id)));
  const [file, setFile] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const area = useRef(null);
  const chooser = useRef(null);
  const typedAt = useRef(0);
  const quick = useQuickReplies({ row, text, isOff: isNote, onChoose: (filled) => change(filled) });

  const change = (value) => {
    setText(value);
    if (isNote) return;
    keepDraft(row.chat_id, value);
    tellTyping(value);
  };
  const tellTyping = (value) => {
    const now = Date.now();
    if (value && !value.startsWith("/") && now - typedAt.current > TYPING_MS) {
      typedAt.current = now;
      api.post("typing/", { chat_id: row.chat_id }).catch(() => {});
    } else if (!value && typedAt.current) {
      typedAt.current = 0;
      api.remove("typing/", { chat_id: row.chat_id }).catch(() => {});
    }
  };
  useLayoutEffect(() => {
    if (!area.current) return;
    area.current.style.height = "auto";
    area.current.style.height = `${area.current.scrollHeight + 2}px`;
  }, [text]);
  useEffect(() => {
    if (isNote || quoted) area.current.focus();
  }, [quoted]);
  useEffect(() => {
    // Who walks the list with keys goes on walking; on a telephone the keyboard would cover what one came to read.
    const isClicked = matchMedia("(hover: hover)").matches && document.activeElement?.matches(".chat-row");
    if (!isNote && (isClicked || isWanted)) area.current.focus({ preventScroll: true });
    isWanted = false;
  }, []);
  const upload = async (chosen) => {
    if (!chosen) return;
    const form = new FormData();
    form.set("arquivo", chosen);
    setFile({ name: chosen.name, size: chosen.size, isLoading: true });
    try {
      const stored = await api.upload("whatsapp/media/", form);
      setFile({ name: stored.filename || chosen.name, size: stored.size, id: stored.file_id, kind: kindOf(stored.media_type) });
      area.current?.focus();
    } catch (error) {
      setFile(null);
      fail(error);
    }
  };
  const submit = async () => {
    const words = text.trim();
    if (isBusy || file?.isLoading || (!words && !file)) return;
    if (isNote) {
      setBusy(true);
      try {
        await api.post(path(row.chat_id, "notas/"), { texto: words });
        isWanted = document.activeElement === area.current;
        onNote(false);
      } catch (error) {
        fail(error);
        setBusy(false);
      }
      return;
    }
    const body = file ? { type: file.kind, text: words, media_file_id: file.id, filename: file.name } : { type: "text", text: words };
    if (quoted) body.quoted_message_id = quoted.message_id;
    if (!send(row, body)) return toast("Há mensagens demais esperando pela rede neste navegador.", { kind: "danger" });
    typedAt.current = 0;
    setText("");
    keepDraft(row.chat_id, "");
    setFile(null);
    onQuote(null);
  };
  const onKeyDown = (event) => {
    if (quick.onKeyDown(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit();
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      if (quoted) onQuote(null);
      else if (isNote && !text) onNote(false);
      else area.current.blur();
    }
  };
  const onPaste = (event) => {
    const [pasted] = event.clipboardData.files;
    if (!pasted || isNote) return;
    event.preventDefault();
    upload(pasted);
  };
  const onDrop = (event) => {
    if (isNote || !event.dataTransfer.files[0]) return;
    event.preventDefault();
    upload(event.dataTransfer.files[0]);
  };
  return html`<footer class=${classes("composer", isNote && "note")} onDragOver=${(event) => event.preventDefault()} onDrop=${onDrop}>
    <${QuickReplies} quick=${quick} />
    ${quoted && !isNote && html`<div class="composer-extra"><${Icon} name="reply" size=${16} /><span class="grow cut"><strong>${quoted.from_name}</strong> ${quoted.text_content || nameOfKind(quoted.message_type)}</span><${IconButton} icon="x" label="Não citar" size=${16} onClick=${() => onQuote(null)} /></div>`}
    ${file && html`<div class="composer-extra"><${Icon} name=${file.isLoading ? "loader-circle" : "paperclip"} size=${16} /><span class="grow cut">${file.name} <small>${file.isLoading ? "Carregando…" : bytes(file.size)}</small></span><${IconButton} icon="x" label="Tirar o anexo" size=${16} onClick=${() => setFile(null)} /></div>`}
    ${isNote && html`<div class="composer-extra"><${Icon} name="lock" size=${16} /><span class="grow">Nota interna: só colegas a veem.</span><${IconButton} icon="x" label="Voltar à resposta" size=${16} onClick=${() => onNote(false)} /></div>`}
    <div class="composer-row">
      ${!isNote && html`<${IconButton} icon="paperclip" label="Anexar arquivo" onClick=${() => chooser.current.click()} /><input ref=${chooser} type="file" hidden onChange=${(event) => { upload(event.currentTarget.files[0]); event.currentTarget.value = ""; }} />
      <${IconButton} id="note-mode" icon="sticky-note" label="Nota interna" shortcut="n" onClick=${() => onNote(true)} />`}
      <textarea id="composer" ref=${area} rows="1" maxlength=${isNote ? NOTE_MAX : TEXT_MAX} aria-label=${isNote ? "Nota interna" : `Resposta a ${row.cliente_nome}`} placeholder=${isNote ? "Escreva uma nota" : innerWidth > 1000 ? "Escreva uma resposta, ou / para respostas rápidas" : "Responder"} value=${text}
        onInput=${(event) => change(event.currentTarget.value)} onKeyDown=${onKeyDown} onPaste=${onPaste} ...${quick.attributes}></textarea>
      <${Button} kind="primary" class="send" icon="send-horizontal" isBusy=${isBusy} disabled=${file?.isLoading || (!text.trim() && !file)} aria-label=${isNote ? "Guardar nota" : "Enviar"} title=${isNote ? "Guardar nota (Enter)" : "Enviar (Enter)"} onClick=${submit} />
    </div>
  </footer>`;
}

const kindOf = (mediaType) => ["image", "audio", "video"].find((kind) => mediaType.startsWith(`${kind}/`)) ?? "document";
