// The time, for whatever counts up or down on the screen: one timer for all of it.
import { signal } from "./html.js";

/** Milliseconds since 1970, once a second while the page is visible. */
export const now = signal(Date.now());

setInterval(() => {
  if (document.visibilityState === "visible") now.value = Date.now();
}, 1000);
document.addEventListener("visibilitychange", () => (now.value = Date.now()));
