// The list of conversations.
import { classes, html, useEffect, useRef, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { duration, plural, shortly } from "../../lib/format.js";
import { now } from "../../lib/now.js";
import { useReady } from "../../lib/ready.js";
import { Link } from "../../lib/router.js";
import { role } from "../../lib/session.js";
import { Avatar, Badge, IconButton, moveTab, Tag } from "../../components/controls.js";
import { Icon } from "../../components/icon.js";
import { Menu } from "../../components/menu.js";
import { Empty, Failure, Skeleton } from "../../components/states.js";
import { VirtualList } from "../../components/virtual-list.js";
import { departments } from "../../store/people.js";
import { isNoneReady } from "../../store/numbers.js";
import { own, setPresence } from "../../store/presence.js";
import { isWaiting, listState, mine, offered, reload, typing, unread, waiting } from "../../store/chats.js";
import { address, closed, department, loadClosed, search, show, shownRows, tab, TABS } from "./lists.js";
import { preview } from "./kinds.js";
import { OfferCard } from "./banners.js";
import { pendingOf } from "../../store/outbox.js";
import { fail } from "../../components/toast.js";

const ROW_PX = 76;
/** Typing pauses this long before messages are searched. */
const SEARCH_MS = 250;
const HITS = 20;
/** Those that end first; more would push the list off the screen. */
const OFFERS_SHOWN = 2;

export function ChatList({ chatId }) {
  const rows = shownRows.value;
  const isSearching = search.value.trim() !== "";
  useReady(rows.length > 0 || listState.value === "ready");
  return html`<aside class="list" aria-label="Lista de conversas">
    <header class="list-head">
      <${Search} />
      <${Filter} />
    </header>
    ${isNoneReady.value && html`<p class="list-alert" role="status"><${Icon} name="wifi-off" size=${15} />WhatsApp desconectado: nada sai agora.</p>`}
    ${offered.value.slice(0, OFFERS_SHOWN).map(({ row, until }) => html`<${OfferCard} key=${row.chat_id} row=${row} until=${until} />`)}
    ${offered.value.length > OFFERS_SHOWN && html`<p class="offers-more">e mais ${plural(offered.value.length - OFFERS_SHOWN, "oferta", "ofertas")}</p>`}
    ${!isSearching && html`<${Tabs} />`}
    ${isSearching ? html`<${Results} rows=${rows} chatId=${chatId} />` : html`<${Rows} rows=${rows} chatId=${chatId} />`}
  </aside>`;
}

function Search() {
  const field = useRef(null);
  const onKeyDown = (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    if (search.value) search.value = "";
    else field.current.blur();
  };
  return html`<label class="search"><${Icon} name="search" size=${16} /><span class="visually-hidden">Buscar conversas e mensagens</span>
    <input id="chat-search" ref=${field} type="search" placeholder="Buscar" maxlength="200" value=${search.value} onInput=${(event) => (search.value = event.currentTarget.value)} onKeyDown=${onKeyDown} />
    <kbd aria-hidden="true">/</kbd></label>`;
}

function Filter() {
  const items = [
    { heading: "Departamento" },
    { label: "Todos", isChosen: department.value === null, run: () => (department.value = null) },
    ...departments.value.filter((row) => row.ativo).map((row) => ({ label: row.nome, isChosen: department.value === row.id, run: () => (department.value = row.id) })),
    "line",
    { label: "Conversas encerradas", icon: "rotate-ccw-clock", run: () => { closed.value = null; loadClosed(); } },
  ];
  const isOn = department.value !== null || closed.value;
  return html`<${Menu} label="Filtrar a lista" side="bottom-end" items=${items} button=${(attributes) => html`<button ...${attributes} class=${classes("icon-button", isOn && "on")} aria-label="Filtrar a lista" title="Filtrar a lista"><${Icon} name="funnel" size=${17} /></button>`} />`;
}

function Tabs() {
  if (closed.value) {
    return html`<div class="list-note"><span>Conversas encerradas</span><${IconButton} icon="x" label="Voltar às conversas abertas" size=${16} onClick=${() => (closed.value = null)} /></div>`;
  }
  const counts = { mine: mine.value.length, waiting: waiting.value.length };
  return html`<div class="list-tabs"><div class="tabs" role="tablist" aria-label="Conversas" onKeyDown=${moveTab}>
    ${TABS.map(([name, label]) => html`<button type="button" role="tab" key=${name} id=${`tab-${name}`} aria-selected=${tab.value === name ? "true" : "false"} aria-controls="chat-rows" tabindex=${tab.value === name ? 0 : -1} onClick=${() => show(name)}>
      ${label}${counts[name] > 0 && html`<span class="count numbers">${counts[name]}</span>`}${name === "mine" && unread.value > 0 && html`<span class="unread-dot"><span class="visually-hidden">${plural(unread.value, "conversa não lida", "conversas não lidas")}</span></span>`}</button>`)}
  </div></div>`;
}

function Rows({ rows, chatId }) {
  const state = closed.value ? closed.value.state : listState.value;
  if (state === "loading" && rows.length === 0) return html`<${Skeleton} rows=${9} kind="row" />`;
  if (state instanceof Error && rows.length === 0) return html`<${Failure} error=${state} onRetry=${closed.value ? loadClosed : reload} />`;
  const active = rows.findIndex((row) => row.chat_id === chatId);
  return html`<div class="list-rows" id="chat-rows" role=${closed.value ? undefined : "tabpanel"} aria-labelledby=${closed.value ? undefined : `tab-${tab.value}`}>${rows.length === 0
    ? html`<${NoRows} />`
    : html`<${VirtualList} key=${closed.value ? "closed" : `${tab.value} ${department.value}`} items=${rows} rowHeight=${ROW_PX} label="Conversas" active=${active} keyOf=${(row) => `${row.chat_id} ${row.atendimento_id}`} onNearEnd=${closed.value ? loadClosed : undefined}
        row=${(row) => html`<${Row} row=${row} isCurrent=${row.chat_id === chatId} />`} />`}</div>`;
}

function NoRows() {
  if (department.value) return html`<${Empty} icon="funnel" title="Nada neste departamento" action=${html`<button type="button" class="button" onClick=${() => (department.value = null)}>Mostrar todos</button>`} />`;
  if (closed.value) return html`<${Empty} icon="rotate-ccw-clock" title="Nenhuma conversa encerrada" />`;
  if (tab.value === "waiting") return html`<${Empty} icon="check-check" title="Ninguém esperando">Quem escrever aparece aqui na hora.<//>`;
  if (tab.value === "all") return html`<${Empty} icon="inbox" title="Nenhuma conversa aberta">Quem escrever aparece aqui na hora.<//>`;
  if (own.value.status === "online" || role.value !== "atendente") return html`<${Empty} icon="coffee" title="Tudo em dia">Novas conversas chegam sozinhas enquanto você estiver online.<//>`;
  const action = html`<button type="button" class="button primary" onClick=${() => setPresence("online").catch(fail)}>Ficar online</button>`;
  return html`<${Empty} icon="coffee" title="Você não está online" action=${action}>Fique online para receber conversas.<//>`;
}

function Row({ row, isCurrent }) {
  const unreadCount = row.mensagens_nao_lidas;
  const writes = typing.value.has(row.chat_id);
  return html`<${Link} class=${classes("chat-row", unreadCount > 0 && "unread")} href=${address(row.chat_id)} aria-current=${isCurrent ? "true" : undefined}>
    <${Avatar} name=${row.cliente_nome} />
    <span class="chat-row-text">
      <span class="chat-row-line"><span class="chat-row-name cut">${row.cliente_nome}</span><${Mark} row=${row} /><time class="faint numbers">${shortly(row.ultima_mensagem_em ?? row.criado_em)}</time></span>
      <span class="chat-row-line"><span class="chat-row-preview cut">${writes ? html`<em class="writes">digitando…</em>` : html`${row.ultima_mensagem_direcao === "outbound" && html`<${Icon} name="reply" size=${13} />`}${preview(row)}`}</span><${Badge} count=${unreadCount} label=${plural(unreadCount, "mensagem não lida", "mensagens não lidas")} /></span>
      <span class="chat-row-line faint chat-row-meta cut">${about(row)}</span>
    </span>
  <//>`;
}

function Mark({ row }) {
  const unsent = pendingOf(row.chat_id);
  if (unsent.some((entry) => entry.error)) return html`<span class="unsent danger" title="Há uma mensagem não enviada"><${Icon} name="circle-alert" size=${15} /><span class="visually-hidden">Há uma mensagem não enviada</span></span>`;
  if (unsent.length > 0) return html`<span class="unsent" title="Há mensagens a enviar"><${Icon} name="clock" size=${14} /><span class="visually-hidden">Há mensagens a enviar</span></span>`;
  if (row.prioridade === "urgente" || row.prioridade === "alta") return html`<${Tag} kind=${row.prioridade === "urgente" ? "danger" : "warn"}>${row.prioridade === "urgente" ? "Urgente" : "Alta"}<//>`;
  return null;
}

/** The third line: where it is, with whom, since when. */
function about(row) {
  const place = row.departamento_nome;
  if (row.status === "finalizado") return `${place}${row.atendente_nome ? ` · ${row.atendente_nome}` : ""} · encerrada`;
  if (isWaiting(row)) return `${place} · espera há ${duration(now.value - Date.parse(row.criado_em))}`;
  return tab.value === "mine" && !search.value ? [place, ...row.etiquetas].join(" · ") : `${place}${row.atendente_nome ? ` · ${row.atendente_nome}` : ""}`;
}

function Results({ rows, chatId }) {
  const [hits, setHits] = useState({ state: "idle", rows: [] });
  const term = search.value.trim();
  useEffect(() => {
    if (term.length < 2) return setHits({ state: "idle", rows: [] });
    const control = new AbortController();
    const timer = setTimeout(async () => {
      setHits((old) => ({ ...old, state: "loading" }));
      try {
        const found = await api.get("messages/busca/", { q: term, page_size: HITS }, control.signal);
        setHits({ state: "ready", rows: found.results });
      } catch (error) {
        if (!control.signal.aborted) setHits({ state: error, rows: [] });
      }
    }, SEARCH_MS);
    return () => {
      clearTimeout(timer);
      control.abort();
    };
  }, [term]);
  const shown = rows.slice(0, HITS);
  return html`<div class="results" role="region" aria-label="Resultados da busca" aria-live="polite">
    <h2>Conversas</h2>
    ${shown.length === 0 ? html`<p class="results-none">Nenhuma conversa aberta com “${term}”.</p>` : shown.map((row) => html`<${Row} row=${row} isCurrent=${row.chat_id === chatId} key=${row.chat_id} />`)}
    <h2>Mensagens</h2>
    ${hits.state === "loading" && hits.rows.length === 0 && html`<${Skeleton} rows=${3} kind="row" />`}
    ${hits.state instanceof Error && html`<p class="results-none">${hits.state.message}</p>`}
    ${hits.state === "ready" && hits.rows.length === 0 && html`<p class="results-none">Nenhuma mensagem encontrada.</p>`}
    ${hits.rows.map((hit) => html`<${Link} class="hit" key=${hit.id} href=${`${address(hit.chat_id)}?${new URLSearchParams({ mensagem: hit.message_id, atendimento: hit.atendimento_id ?? "" })}`}><span class="chat-row-line"><span class="chat-row-name cut">${hit.contact_name || hit.contact_number}</span><time class="faint numbers">${shortly(hit.created_at)}</time></span><span class="hit-text">${marked(hit.trecho)}</span><//>`)}
  </div>`;
}

const ENTITIES = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&#x27;": "'", "&amp;": "&" };
const plainText = (text) => text.replace(/&(?:lt|gt|quot|amp|#39|#x27);/g, (entity) => ENTITIES[entity]);

/** The API's excerpt is escaped HTML with `<mark>`: taken apart, never put in as markup. */
function marked(excerpt) {
  return excerpt.split(/(<mark>.*?<\/mark>)/s).map((part) => (part.startsWith("<mark>") ? html`<mark>${plainText(part.slice(6, -7))}</mark>` : plainText(part)));
}
