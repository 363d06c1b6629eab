// The customer: who it is, what was before, which documents there are.
import { html, useEffect, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { dateTime, duration, phone, plural, priorityName, shortly, statusName } from "../../lib/format.js";
import { Link } from "../../lib/router.js";
import { isAtLeast } from "../../lib/session.js";
import { Avatar, IconButton, moveTab, Tag } from "../../components/controls.js";
import { Icon } from "../../components/icon.js";
import { Empty, Failure, Skeleton } from "../../components/states.js";
import { fail } from "../../components/toast.js";
import { path } from "../../store/chats.js";

const TABS = [["customer", "Cliente"], ["history", "Histórico"], ["documents", "Documentos"]];

/** `ticketId`: an earlier ticket to be shown in the history. */
export function CustomerPanel({ row, detail, ticketId, onClose }) {
  const [tab, setTab] = useState(ticketId ? "history" : "customer");
  return html`<aside class="panel" aria-label="Cliente">
    <header class="panel-head"><div class="tabs" role="tablist" aria-label="Sobre o cliente" onKeyDown=${moveTab}>${TABS.map(([name, label]) => html`<button type="button" role="tab" key=${name} aria-selected=${tab === name ? "true" : "false"} tabindex=${tab === name ? 0 : -1} onClick=${() => setTab(name)}>${label}</button>`)}</div>
      <${IconButton} icon="x" label="Esconder o cliente" shortcut="i" class="panel-close" onClick=${onClose} /></header>
    <div class="panel-body" role="tabpanel">
      ${tab === "customer" && html`<${Customer} key=${row.cliente_id} row=${row} detail=${detail} />`}
      ${tab === "history" && html`<${History} key=${row.cliente_id} row=${row} ticketId=${ticketId} />`}
      ${tab === "documents" && html`<${Documents} key=${row.cliente_id} row=${row} />`}
    </div>
  </aside>`;
}

/** Loads once for these inputs: `[data, error, again]`. */
function useLoaded(load, inputs) {
  const [state, setState] = useState({ data: null, error: null });
  const again = () => {
    let isGone = false;
    setState((old) => ({ ...old, error: null }));
    load().then((data) => isGone || setState({ data, error: null }), (error) => isGone || setState({ data: null, error }));
    return () => (isGone = true);
  };
  useEffect(again, inputs);
  return [state.data, state.error, again];
}

const Fact = ({ icon, label, children }) => (children ? html`<div class="fact"><dt><${Icon} name=${icon} size=${16} /><span class="visually-hidden">${label}</span></dt><dd>${children}</dd></div>` : null);

function Customer({ row, detail }) {
  const [customer, error, again] = useLoaded(() => api.get(`clientes/${row.cliente_id}/`), [row.cliente_id]);
  const place = customer && [customer.cidade, customer.estado].filter(Boolean).join(" – ");
  return html`<div class="panel-card">
    <div class="panel-who"><${Avatar} name=${row.cliente_nome} size="large" /><div><h2>${customer?.nome_display ?? row.cliente_nome}</h2>${customer?.documento_formatado && html`<p class="soft numbers">${customer.documento_formatado}</p>`}${customer && customer.status !== "ativo" && html`<${Tag} kind="warn">${customer.status}<//>`}</div></div>
    ${error && error.status !== 404 && html`<${Failure} error=${error} onRetry=${again} />`}
    ${!customer && !error && html`<${Skeleton} rows=${4} />`}
    <dl class="facts">
      <${Fact} icon="phone" label="WhatsApp">${phone(row.numero_whatsapp)}<//>
      <${Fact} icon="mail" label="E-mail">${customer?.email && html`<a href=${`mailto:${customer.email}`}>${customer.email}</a>`}<//>
      <${Fact} icon="map-pin" label="Cidade">${place}<//>
      <${Fact} icon="building" label="Ramo de atividade">${customer?.ramo_atividade}<//>
      <${Fact} icon="info" label="Observações">${customer?.observacoes}<//>
    </dl>
  </div>
  <div class="panel-card"><h3>Etiquetas</h3><${Tags} row=${row} tags=${detail?.etiquetas ?? row.etiquetas} /></div>
  ${detail && html`<div class="panel-card"><h3>Atendimento ${detail.id}</h3><dl class="pairs">
    <div><dt>Situação</dt><dd>${statusName(detail.status)}</dd></div>
    <div><dt>Departamento</dt><dd>${detail.departamento_nome}</dd></div>
    <div><dt>Atendente</dt><dd>${detail.atendente_nome ?? "—"}</dd></div>
    <div><dt>Prioridade</dt><dd>${priorityName(detail.prioridade)}</dd></div>
    <div><dt>Chegou</dt><dd>${dateTime(detail.criado_em)}</dd></div>
    <div><dt>Primeira resposta</dt><dd>${detail.primeira_resposta_em ? `em ${duration(Date.parse(detail.primeira_resposta_em) - Date.parse(detail.criado_em))}` : "—"}</dd></div>
    ${detail.observacoes && html`<div><dt>Observações</dt><dd>${detail.observacoes}</dd></div>`}
  </dl>${isAtLeast("supervisor") && html`<${Link} class="panel-link" href=${`/painel?porque=${encodeURIComponent(row.chat_id)}`}>Por que está aqui?<//>`}</div>`}`;
}

const TAGS_MAX = 10;
const TAG_CHARS_MAX = 30;

function Tags({ row, tags }) {
  const [text, setText] = useState("");
  const save = (wanted) => api.put(path(row.chat_id, "etiquetas/"), { etiquetas: wanted }).catch(fail);
  const add = (event) => {
    event.preventDefault();
    const wanted = text.trim().toLowerCase();
    setText("");
    if (wanted && !tags.includes(wanted)) save([...tags, wanted]);
  };
  return html`<div class="tag-list">${tags.map((name) => html`<span class="tag" key=${name}><${Icon} name="tag" size=${12} />${name}<button type="button" class="tag-remove" aria-label=${`Tirar a etiqueta ${name}`} onClick=${() => save(tags.filter((other) => other !== name))}><${Icon} name="x" size=${12} /></button></span>`)}
    ${tags.length < TAGS_MAX && html`<form onSubmit=${add}><input class="tag-input" placeholder="Nova etiqueta" aria-label="Nova etiqueta" maxlength=${TAG_CHARS_MAX} value=${text} onInput=${(event) => setText(event.currentTarget.value)} /></form>`}</div>`;
}

const PAGE = 30;

function History({ row, ticketId }) {
  const [tickets, error, again] = useLoaded(() => api.get("atendimento/atendimentos/", { cliente: row.cliente_id, page_size: PAGE }), [row.cliente_id, row.status]);
  const [opened, setOpened] = useState(ticketId);
  if (error) return html`<${Failure} error=${error} onRetry=${again} />`;
  if (!tickets) return html`<${Skeleton} rows=${4} kind="row" />`;
  const earlier = tickets.results.filter((ticket) => ticket.id !== row.atendimento_id || row.status === "finalizado");
  if (earlier.length === 0) return html`<${Empty} icon="rotate-ccw-clock" title="Primeira conversa">Não há atendimentos anteriores que você possa ver.<//>`;
  return html`<ol class="history">${earlier.map((ticket) => html`<li key=${ticket.id}>
    <button type="button" class="history-row" aria-expanded=${opened === ticket.id ? "true" : "false"} onClick=${() => setOpened(opened === ticket.id ? null : ticket.id)}>
      <span class="chat-row-line"><strong>${dateTime(ticket.criado_em)}</strong><${Icon} name=${opened === ticket.id ? "chevron-up" : "chevron-down"} size=${16} /></span>
      <small>${[ticket.departamento_nome, ticket.atendente_nome, statusName(ticket.status)].filter(Boolean).join(" · ")}</small>
      ${ticket.avaliacao && html`<small class="stars" aria-label=${`Avaliação ${ticket.avaliacao} de 5`}>${"★".repeat(ticket.avaliacao)}${"☆".repeat(5 - ticket.avaliacao)}</small>`}
    </button>
    ${opened === ticket.id && html`<${Earlier} ticket=${ticket} />`}
  </li>`)}</ol>`;
}

/** What was said in an earlier ticket, out of the messages of the chat. */
function Earlier({ ticket }) {
  const [rows, error, again] = useLoaded(async () => {
    const found = await api.all("whatsapp/messages/", { chat_id: ticket.chat_id, ordering: "-created_at" }, 500);
    return found.filter((message) => message.atendimento === ticket.id).reverse();
  }, [ticket.id]);
  if (error) return html`<${Failure} error=${error} onRetry=${again} />`;
  if (!rows) return html`<${Skeleton} rows=${3} />`;
  if (rows.length === 0) return html`<p class="soft earlier">Sem mensagens guardadas.</p>`;
  return html`<ol class="earlier">${rows.map((message) => html`<li key=${message.id} class=${message.is_from_me ? "out" : "in"}><small>${message.is_from_me ? "Empresa" : message.contact_name || "Cliente"} · ${shortly(message.created_at)}</small><span>${message.text_content || "[arquivo]"}</span></li>`)}</ol>`;
}

function Documents({ row }) {
  const [documents, error, again] = useLoaded(() => api.get("documentos/", { cliente: row.cliente_id, ordering: "-data_upload", page_size: PAGE }), [row.cliente_id]);
  if (error) return html`<${Failure} error=${error} onRetry=${again} />`;
  if (!documents) return html`<${Skeleton} rows=${4} kind="row" />`;
  if (documents.results.length === 0) return html`<${Empty} icon="file-text" title="Sem documentos">Contratos e boletos deste cliente aparecem aqui.<//>`;
  return html`<ul class="documents">${documents.results.map((document_) => html`<li key=${document_.id}><button type="button" class="file" onClick=${() => open(document_)}><${Icon} name="file-text" /><span class="grow"><span class="cut">${document_.nome}</span><small>${[document_.tamanho_arquivo, shortly(document_.data_upload), document_.is_vencido ? "vencido" : ""].filter(Boolean).join(" · ")}</small></span><${Icon} name="download" size=${16} /></button></li>`)}</ul>
    <p class="soft panel-note">${plural(documents.count, "documento", "documentos")}</p>`;
}

async function open(row) {
  try {
    const url = URL.createObjectURL(await api.blob(`documentos/${row.id}/arquivo/`));
    const link = document.createElement("a");
    link.href = url;
    link.download = row.nome_arquivo;
    link.click();
    // The browser has begun by then.
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  } catch (error) {
    fail(error);
  }
}
