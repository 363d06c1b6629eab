// The dialog of the board that is open. It belongs to the page, not to a row: rows come and go while somebody decides.
import { html, signal } from "../../lib/html.js";
import { ChatsDialog, OfflineDialog } from "./agent-dialogs.js";
import { AssignDialog, MoveDialog } from "./hand-over.js";

const KINDS = { assign: AssignDialog, move: MoveDialog, chats: ChatsDialog, offline: OfflineDialog };

const asked = signal(null);

/** Opens the dialog `kind` for what `about` names. */
export const ask = (kind, about) => (asked.value = { kind, about });

const close = () => (asked.value = null);

export function Dialogs() {
  if (!asked.value) return null;
  const { kind, about } = asked.value;
  return html`<${KINDS[kind]} ...${about} onClose=${close} />`;
}
