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
    path: "/clientes/:section?/:id?",
    title: "Clientes",
    nav: { label: "Clientes", icon: "contact-round", order: 15 },
    load: () => import("./pages/customers/page.js"),
  },
  {
    path: "/respostas/:reply?",
    title: "Respostas rápidas",
    nav: { label: "Respostas", icon: "zap", order: 45 },
    allow: ({ isAtLeast }) => isAtLeast("supervisor"),
    load: () => import("./pages/replies.js"),
  },
  {
    path: "/numeros/:number?",
    title: "Números",
    nav: { label: "Números", icon: "smartphone", order: 50 },
    allow: ({ may }) => may("whatsapp.manage_sessions"),
    load: () => import("./pages/numbers/page.js"),
  },
  {
    path: "/departamentos/:department?",
    title: "Departamentos",
    nav: { label: "Departamentos", icon: "layers", order: 52 },
    allow: ({ may }) => may("atendimento.manage_departamentos"),
    load: () => import("./pages/departments/page.js"),
  },
  {
    path: "/pessoas/:section?/:id?",
    title: "Pessoas",
    nav: { label: "Pessoas", icon: "users", order: 54 },
    allow: ({ may }) => may("accounts.manage_agents"),
    load: () => import("./pages/people/page.js"),
  },
  {
    path: "/modelos/:template?",
    title: "Modelos de documento",
    nav: { label: "Modelos", icon: "file-text", order: 60 },
    allow: ({ isAtLeast }) => isAtLeast("gerente"),
    load: () => import("./pages/templates/page.js"),
  },
  {
    path: "/configuracoes/:section?/:id?",
    title: "Configurações",
    nav: { label: "Configurações", icon: "settings", order: 70 },
    allow: ({ isAtLeast }) => isAtLeast("supervisor"),
    load: () => import("./pages/settings/page.js"),
  },
  {
    path: "/auditoria",
    title: "Auditoria",
    nav: { label: "Auditoria", icon: "scroll-text", order: 80 },
    allow: ({ may }) => may("core.view_audit"),
    load: () => import("./pages/audit.js"),
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
