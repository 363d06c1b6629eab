// Conversations: the list, the one that is open, and what is known of the customer.
import { classes, html, useEffect, useState } from "../../lib/html.js";
import { useKeys } from "../../lib/keys.js";
import { navigate } from "../../lib/router.js";
import { read, write } from "../../lib/storage.js";
import { Empty } from "../../components/states.js";
import { Key } from "../../components/controls.js";
import { shownChat } from "../../store/messages.js";
import { Conversation } from "./conversation.js";
import { ChatList } from "./list.js";
import { address, shownRows } from "./lists.js";

export default function ChatsPage({ params, query }) {
  const chatId = params.chat ?? null;
  const [hasPanel, setPanel] = useState(() => read("panel", innerWidth > 1180));
  useEffect(() => {
    shownChat.value = chatId;
    return () => (shownChat.value = null);
  }, [chatId]);
  const step = (by) => () => {
    const rows = shownRows.value;
    const at = rows.findIndex((row) => row.chat_id === chatId);
    const next = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by))];
    if (next) navigate(address(next.chat_id));
  };
  useKeys("Lista de conversas", [
    ["j", "Próxima conversa", step(1)],
    ["k", "Conversa anterior", step(-1)],
    ["/", "Buscar", () => document.getElementById("chat-search")?.focus()],
  ]);
  const togglePanel = () => {
    setPanel(!hasPanel);
    write("panel", !hasPanel);
  };
  return html`<div class=${classes("chats", chatId && "has-chat")}>
    <${ChatList} chatId=${chatId} />
    ${chatId
      ? html`<${Conversation} key=${chatId} chatId=${chatId} found=${query.mensagem ? query : null} hasPanel=${hasPanel} onPanel=${togglePanel} />`
      : html`<section class="conversation none"><${Empty} icon="messages-square" title="Escolha uma conversa"><span>Clique nela, ou ande pela lista com <${Key}>j<//> e <${Key}>k<//>.</span><//></section>`}
  </div>`;
}
