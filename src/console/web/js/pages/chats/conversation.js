// One conversation: who it is, what was said, and the answer.
import { html, useEffect, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { phone, statusName } from "../../lib/format.js";
import { useKeys } from "../../lib/keys.js";
import { Link, navigate } from "../../lib/router.js";
import { isAtLeast, me } from "../../lib/session.js";
import { Avatar, Button, IconButton, Tag } from "../../components/controls.js";
import { Icon } from "../../components/icon.js";
import { Empty, Failure, Skeleton } from "../../components/states.js";
import { fail, toast } from "../../components/toast.js";
import { chats, details, isOpen, isWaiting, listState, loadClosedChat, loadDetail, offers, path, patchRow, refresh } from "../../store/chats.js";
import { threads } from "../../store/messages.js";
import { Banners } from "./banners.js";
import { CloseDialog } from "./close.js";
import { Composer, focusComposer } from "./composer.js";
import { CustomerPanel } from "./panel.js";
import { Thread } from "./thread.js";
import { TransferDialog } from "./transfer.js";
import { address, closed } from "./lists.js";

const CHATS = "/conversas";

/** The row of an open chat, or of one among the closed ones. */
const rowOf = (chatId) => chats.value.get(chatId) ?? closed.value?.rows.find((row) => row.chat_id === chatId);

/** `found`: a message to be shown, `{ mensagem, atendimento }`. */
export function Conversation({ chatId, found, hasPanel, onPanel }) {
  const [dialog, setDialog] = useState(null);
  const [quoted, setQuoted] = useState(null);
  const row = rowOf(chatId);
  const thread = threads.value.get(chatId);
  const detail = details.value.get(chatId);
  const isLive = row && isOpen(row);
  useEffect(() => {
    if (listState.value === "ready" && (!row || isLive) && !detail) loadDetail(chatId).catch(() => {});
  }, [chatId, isLive, Boolean(detail), listState.value]);
  useEffect(() => {
    if (listState.value === "ready" && !row) loadClosedChat(chatId).catch(() => {});
  }, [chatId, !row, listState.value]);
  const mayAct = isLive && (row.atendente_id === me.value.id || isAtLeast("supervisor"));
  const mayAccept = isLive && isWaiting(row) && (!row.atendente_id || row.atendente_id === me.value.id);
  const accept = async () => {
    try {
      const taken = await api.post(path(chatId, "aceitar/"));
      patchRow(chatId, { status: taken.status, atendente_id: taken.atendente, atendente_nome: taken.atendente_nome });
      refresh(chatId);
      focusComposer();
    } catch (error) {
      fail(error);
      refresh(chatId);
    }
  };
  useKeys("Conversa aberta", [
    ["r", "Responder", () => (mayAccept ? accept() : focusComposer())],
    ["a", "Aceitar", () => mayAccept && accept()],
    ["t", "Transferir", () => mayAct && setDialog("transfer")],
    ["e", "Encerrar", () => mayAct && setDialog("close")],
    ["n", "Escrever nota interna", () => document.getElementById("note-mode")?.click()],
    ["i", "Mostrar ou esconder o cliente", onPanel],
    ["Escape", "Voltar à lista", () => navigate(CHATS)],
  ]);
  // What was said in an earlier ticket stands in the history.
  const earlier = found?.atendimento && row && Number(found.atendimento) !== row.atendimento_id ? Number(found.atendimento) : null;
  if (!row) return html`<${Missing} thread=${thread} />`;
  return html`<section class="conversation" aria-label=${`Conversa com ${row.cliente_nome}`}>
      <${Head} row=${row} detail=${detail} mayAct=${mayAct} mayAccept=${mayAccept && !offers.value.has(chatId)} onAccept=${accept} onDialog=${setDialog} hasPanel=${hasPanel} onPanel=${onPanel} />
      <${Banners} row=${row} detail=${detail} onAccept=${accept} />
      ${!thread || thread.state === "loading" ? html`<div class="thread"><${Skeleton} rows=${7} kind="bubble" /></div>`
        : thread.state === "failed" && thread.items.length === 0 ? html`<${Failure} error=${thread.error} />`
        : html`<${Thread} chatId=${chatId} row=${row} thread=${thread} onQuote=${setQuoted} target=${found?.mensagem} />`}
      <${Composer} row=${row} detail=${detail} quoted=${quoted} onQuote=${setQuoted} mayAccept=${mayAccept} onAccept=${accept} />
    </section>
    ${(hasPanel || earlier) && html`<${CustomerPanel} key=${earlier} row=${row} detail=${detail} ticketId=${earlier} onClose=${() => (hasPanel ? onPanel() : navigate(address(chatId), { replace: true }))} />`}
    ${dialog === "transfer" && html`<${TransferDialog} row=${row} onClose=${() => setDialog(null)} onDone=${(text) => { setDialog(null); toast(text, { kind: "ok" }); navigate(CHATS); }} />`}
    ${dialog === "close" && html`<${CloseDialog} row=${row} onClose=${() => setDialog(null)} onDone=${() => { setDialog(null); toast("Conversa encerrada.", { kind: "ok" }); }} />`}`;
}

function Missing({ thread }) {
  const isWaiting_ = listState.value === "loading" || !thread || thread.state === "loading";
  return html`<section class="conversation none">${isWaiting_
    ? html`<${Skeleton} rows=${7} kind="bubble" />`
    : html`<${Empty} icon="lock" title="Conversa não encontrada" action=${html`<${Link} class="button" href=${CHATS}>Voltar à lista<//>`}>${thread.error?.message ?? "Ela pode ter sido encerrada ou passada a outra pessoa."}<//>`}</section>`;
}

function Head({ row, detail, mayAct, mayAccept, onAccept, onDialog, hasPanel, onPanel }) {
  const where = [phone(row.numero_whatsapp), row.departamento_nome, isOpen(row) ? row.atendente_nome : statusName(row.status)].filter(Boolean);
  return html`<header class="conversation-head">
    <${Link} class="icon-button back" href=${CHATS} aria-label="Voltar à lista" title="Voltar à lista (Esc)"><${Icon} name="arrow-left" /><//>
    <${Avatar} name=${row.cliente_nome} />
    <div class="grow"><h1 class="cut">${row.cliente_nome}</h1><p class="cut faint">${where.join(" · ")}</p></div>
    <div class="conversation-actions">
      ${(detail?.prioridade ?? row.prioridade) === "urgente" && html`<${Tag} kind="danger">Urgente<//>`}
      ${mayAccept && html`<${Button} kind="primary" icon="hand" onClick=${onAccept}>Aceitar<//>`}
      ${mayAct && html`<${Button} icon="arrow-right-left" class="roomy" title="Transferir (t)" aria-keyshortcuts="t" onClick=${() => onDialog("transfer")}>Transferir<//>`}
      ${mayAct && html`<${Button} icon="circle-check-big" class="roomy" title="Encerrar (e)" aria-keyshortcuts="e" onClick=${() => onDialog("close")}>Encerrar<//>`}
      <${IconButton} icon=${hasPanel ? "panel-right-close" : "panel-right"} label="Cliente" shortcut="i" aria-pressed=${hasPanel ? "true" : "false"} onClick=${onPanel} />
    </div>
  </header>`;
}
