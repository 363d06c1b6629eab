// Which page the address names. Addresses are the state: `navigate` changes them, pages read `route`.
import { signal, computed, html, useLayoutEffect } from "./html.js";

const location_ = signal({ path: location.pathname, query: location.search });
let table = [];

/** Says which pages there are: `[{ path: "/conversas/:chat?", … }]`. */
export function setRoutes(routes) {
  table = routes.map((route) => ({ ...route, pattern: pattern(route.path) }));
  location_.value = { ...location_.value };
}

function pattern(path) {
  const parts = path.split("/").filter(Boolean).map((part) => {
    if (!part.startsWith(":")) return `/${part}`;
    return part.endsWith("?") ? `(?:/(?<${part.slice(1, -1)}>[^/]+))?` : `/(?<${part.slice(1)}>[^/]+)`;
  });
  return new RegExp(`^${parts.join("")}/?$`);
}

/** `{ page, params, query }` of the present address; `page` is null when there is none. */
export const route = computed(() => {
  const { path, query } = location_.value;
  for (const page of table) {
    const found = page.pattern.exec(path);
    if (!found) continue;
    const params = Object.fromEntries(Object.entries(found.groups ?? {}).map(([name, value]) => [name, value && decodeURIComponent(value)]));
    return { page, params, query: Object.fromEntries(new URLSearchParams(query)), path };
  }
  return { page: null, params: {}, query: {}, path };
});

/** Goes to an address of the console. */
export function navigate(to, { replace = false } = {}) {
  const url = new URL(to, location.href);
  if (url.pathname + url.search === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", url);
  location_.value = { path: url.pathname, query: url.search };
}

// What is typed and not saved holds a page: whoever would leave it is asked.
const holds = new Set();

/** `go()` of whoever is about to leave what is not saved, until he has been asked; else null. */
export const leaving = signal(null);

/** Asks before this page is left, while `isHeld`. */
export function useHold(isHeld) {
  useLayoutEffect(() => {
    if (!isHeld) return undefined;
    const hold = {};
    holds.add(hold);
    return () => holds.delete(hold);
  }, [isHeld]);
}

/** Goes to an address as `navigate` does, for somebody who may have forgotten to save. */
export function leave(to) {
  const isElsewhere = new URL(to, location.href).pathname !== location.pathname;
  if (holds.size && isElsewhere) leaving.value = () => navigate(to);
  else navigate(to);
}

addEventListener("beforeunload", (event) => holds.size && event.preventDefault());

addEventListener("popstate", () => {
  const { pathname: path, search: query } = location;
  const here = location_.value;
  if (holds.size && path !== here.path) {
    // The browser has gone already: back to what is held.
    history.pushState(null, "", here.path + here.query);
    leaving.value = () => navigate(path + query);
    return;
  }
  location_.value = { path, query };
});

/** A link inside the console; a click with a modifier opens it as the browser does. */
export function Link({ href, children, ...rest }) {
  const follow = (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    leave(href);
  };
  return html`<a href=${href} onClick=${follow} ...${rest}>${children}</a>`;
}
