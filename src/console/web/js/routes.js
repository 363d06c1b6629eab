// The table of pages. A page is a module in `pages/` whose default export is a component; it gets `{ params, query }`
// of its address. `nav` puts it into the bar (while `nav.isShown()`, if there is one); `allow` says for whom it is. The first path segment has to
// be in `PAGES` of src/console/mod.rs, too (a test compares them).
import { isAtLeast, may } from "./lib/session.js";
import { isOffered } from "./store/first-start.js";

export const routes = [
  {
    path: "/inicio",
    title: "Primeiros passos",
    nav: { label: "Início", icon: "list-checks", order: 5, isShown: () => isOffered.value },
    allow: ({ isAtLeast }) => isAtLeast("admin"),
    load: () => import("./pages/first-start/page.js"),
  },
  {
    path: "/painel/:department?",
    title: "Painel",
    nav: { label: "Painel", icon: "layout-dashboard", order: 20 },
    allow: ({ isAtLeast }) => isAtLeast("supervisor"),
    load: () => import("./pages/board/page.js"),
  },
  {
    path: "/relatorios/:view?",
    title: "Relatórios",
    nav: { label: "Relatórios", icon: "chart-column", order: 30 },
    load: () => import("./pages/reports/page.js"),
  },
  {
    path: "/conversas/:chat?",
    title: "Conversas",
    nav: { label: "Conversas", icon: "messages-square", order: 10 },
    load: () => import("./pages/chats/page.js"),
  },
  {
    path: "/preferencias",
    title: "Preferências",
    load: () => import("./pages/preferences.js"),
  },
];

/** Where somebody lands who names no page. */
export const home = "/conversas";

/** Whether the page is for the person who is signed in. */
export const isAllowed = (page) => !page.allow || page.allow({ isAtLeast, may });
