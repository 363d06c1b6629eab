// What was begun and not sent, by chat: a reload does not lose it.
import { me, onSignOut } from "../lib/session.js";
import { read, write } from "../lib/storage.js";

/** Chats with a draft that are remembered. */
const DRAFTS_MAX = 50;

/** Several people may use one browser. */
const key = (chatId) => `${me.value?.id} ${chatId}`;

export const draft = (chatId) => read("drafts", {})[key(chatId)] ?? "";

export function keepDraft(chatId, text) {
  const { [key(chatId)]: _, ...others } = read("drafts", {});
  const kept = Object.entries(others).slice(-DRAFTS_MAX + 1);
  if (text) kept.push([key(chatId), text]);
  write("drafts", kept.length ? Object.fromEntries(kept) : null);
}

onSignOut((keepsWork) => keepsWork || write("drafts", null));
