// What was said: days, messages, notes, what is on its way.
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { day } from "../../lib/format.js";
import { Button } from "../../components/controls.js";
import { Icon } from "../../components/icon.js";
import { Empty } from "../../components/states.js";
import { chats, isOpen, path, typing } from "../../store/chats.js";
import { loadOlder } from "../../store/messages.js";
import { pendingOf, sent } from "../../store/outbox.js";
import { Bubble, NoteBubble } from "./bubble.js";

/** So near to the end that what comes in is followed. */
const AT_END_PX = 80;
/** Reading takes a moment. */
const READ_MS = 400;
/** Messages of one person within this time stand together. */
const TOGETHER_MS = 4 * 60_000;

/** `target`: the id of a message to be shown. */
export function Thread({ chatId, row, thread, onQuote, target }) {
  const box = useRef(null);
  const isAtEnd = useRef(true);
  const before = useRef({ height: 0, first: null });
  const [hasNews, setNews] = useState(false);
  const pending = pendingOf(chatId).filter((entry) => !thread.items.some((item) => item.client_message_id === entry.id));
  const entries = useMemo(() => inOrder(thread), [thread.items, thread.notes]);
  const byId = useMemo(() => new Map(thread.items.map((item) => [item.message_id, item])), [thread.items]);
  const last = thread.items.at(-1);
  const writer = typing.value.get(chatId);
  useRead(chatId, thread);

  const toEnd = () => {
    // A callback may come after the last rendering.
    if (!box.current) return;
    box.current.scrollTop = box.current.scrollHeight;
    isAtEnd.current = true;
    setNews(false);
  };
  // Older messages are put above what is read; new ones are followed by who reads the end.
  useLayoutEffect(() => {
    const element = box.current;
    const first = thread.items[0]?.message_id ?? null;
    const isOlder = before.current.first && first !== before.current.first && byId.has(before.current.first);
    if (isOlder) element.scrollTop += element.scrollHeight - before.current.height;
    else if (isAtEnd.current) toEnd();
    else if (last && !last.is_from_me) setNews(true);
    before.current = { height: element.scrollHeight, first };
  }, [entries, pending.length, Boolean(writer)]);
  useEffect(() => {
    if (pending.length > 0) toEnd();
  }, [pending.length]);
  useEffect(() => {
    // Pictures that arrive make it longer.
    const observer = new ResizeObserver(() => isAtEnd.current && toEnd());
    observer.observe(box.current.firstElementChild);
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (!target) return;
    const element = box.current?.querySelector(`[data-message="${CSS.escape(target)}"]`);
    if (!element) return void (thread.isLoadingOlder || loadOlder(chatId));
    isAtEnd.current = false;
    element.scrollIntoView({ block: "center" });
    element.classList.add("found");
  }, [target, thread.items.length]);
  const onScroll = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    isAtEnd.current = scrollHeight - scrollTop - clientHeight < AT_END_PX;
    if (isAtEnd.current && hasNews) setNews(false);
    if (scrollTop < 200) loadOlder(chatId);
  };
  const hasMore = thread.items.length < thread.total;
  return html`<div class="thread-box"><div class="thread" ref=${box} onScroll=${onScroll} tabindex="0" role="log" aria-label="Mensagens" aria-live="polite">
    <div class="thread-content">
      ${hasMore && html`<div class="thread-more"><${Button} kind="quiet" class="small" isBusy=${thread.isLoadingOlder} icon="chevron-up" onClick=${() => loadOlder(chatId)}>Mensagens anteriores<//></div>`}
      ${entries.length === 0 && pending.length === 0 && html`<${Empty} icon="messages-square" title="Ainda sem mensagens" />`}
      ${entries.map((entry) => draw(entry, { chatId, row, byId, onQuote }))}
      ${pending.map((entry) => html`<${Bubble} key=${entry.id} message=${sent(entry, { status: "pending" })} pending=${entry} byId=${byId} />`)}
      ${writer && html`<div class="bubble-line in"><div class="bubble writing" aria-label="Digitando"><i></i><i></i><i></i></div></div>`}
    </div>
  </div>${hasNews && html`<button type="button" class="button to-end" onClick=${toEnd}><${Icon} name="arrow-down" size=${16} />Novas mensagens</button>`}</div>`;
}

function draw(entry, about) {
  if (entry.day) return html`<div class="day" key=${`day ${entry.day}`}><span>${day(entry.at)}</span></div>`;
  if (entry.note) return html`<${NoteBubble} key=${`note ${entry.note.id}`} note=${entry.note} chatId=${about.chatId} />`;
  return html`<${Bubble} key=${entry.message.message_id} message=${entry.message} isFollowing=${entry.isFollowing} byId=${about.byId} row=${about.row} onQuote=${about.onQuote} />`;
}

/** Messages and notes by time, with a line where a day begins. */
function inOrder({ items, notes }) {
  const all = [
    ...items.map((message) => ({ message, at: message.created_at, who: `${message.is_from_me} ${message.from_name}` })),
    ...notes.map((note) => ({ note, at: note.criado_em, who: `note ${note.autor}` })),
  ].sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || (a.message?.id ?? 0) - (b.message?.id ?? 0));
  const entries = [];
  let today = "";
  let previous = null;
  for (const entry of all) {
    const date = new Date(entry.at).toDateString();
    if (date !== today) entries.push({ day: date, at: entry.at });
    const isFollowing = date === today && previous?.who === entry.who && Date.parse(entry.at) - Date.parse(previous.at) < TOGETHER_MS;
    entries.push({ ...entry, isFollowing });
    today = date;
    previous = entry;
  }
  return entries;
}

/** Marks as read what is on the screen of somebody who looks at it. */
function useRead(chatId, thread) {
  const row = chats.value.get(chatId);
  const last = thread.items.findLast((item) => !item.is_from_me);
  const count = row && isOpen(row) ? row.mensagens_nao_lidas : 0;
  const [isVisible, setVisible] = useState(document.visibilityState === "visible" && document.hasFocus());
  useEffect(() => {
    const look = () => setVisible(document.visibilityState === "visible" && document.hasFocus());
    for (const name of ["focus", "blur"]) addEventListener(name, look);
    document.addEventListener("visibilitychange", look);
    return () => {
      for (const name of ["focus", "blur"]) removeEventListener(name, look);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  useEffect(() => {
    if (!isVisible || count === 0 || !last) return undefined;
    const timer = setTimeout(() => api.post(path(chatId, "lido/"), { ate: last.id }).catch(() => {}), READ_MS);
    return () => clearTimeout(timer);
  }, [chatId, isVisible, count, last?.id]);
}
