// Conversations.
import { html } from "../../lib/html.js";
import { Empty } from "../../components/states.js";

export default function ChatsPage() {
  return html`<${Empty} icon="messages-square" title="Conversas" />`;
}
