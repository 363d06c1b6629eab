// What surrounds every page: the bar with the pages, one's presence, the state of the line, help.
import { html, computed, signal, useEffect, useState } from "../lib/html.js";
import { connection, retryNow } from "../lib/socket.js";
import { me } from "../lib/session.js";
import { now } from "../lib/now.js";
import { leaving, Link, navigate, route } from "../lib/router.js";
import { useKeys } from "../lib/keys.js";
import { home, isAllowed, routes } from "../routes.js";
import { Confirm } from "./confirm.js";
import { Badge, Button } from "./controls.js";
import { Icon } from "./icon.js";
import { Empty, Failure, Skeleton } from "./states.js";
import { Help } from "./help.js";
import { PresenceMenu } from "./presence-menu.js";

/** Counts beside the pages in the bar, by path: `badges.value = { ...badges.value, "/painel": 3 }`. */
export const badges = signal({});
/** The name of the page that is shown. */
export const pageTitle = signal("");

const icon = document.querySelector("link[rel=icon]").href;
const pages = computed(() => routes.filter((page) => page.nav && me.value && isAllowed(page) && (page.nav.isShown?.() ?? true)).sort((a, b) => a.nav.order - b.nav.order));
const root = (path) => `/${path.split("/")[1]}`;

export function Shell() {
  const [isHelpOpen, setHelpOpen] = useState(false);
  useKeys("Em toda parte", [["?", "Mostrar os atalhos", () => setHelpOpen(true)]]);
  return html`<a class="skip" href="#main">Ir para o conteúdo</a>
    <div class="shell">
      <${Rail} onHelp=${() => setHelpOpen(true)} />
      <main class="main" id="main" tabindex="-1"><${LineState} /><${CurrentPage} /></main>
    </div>
    ${isHelpOpen && html`<${Help} onClose=${() => setHelpOpen(false)} />`}
    ${leaving.value && html`<${Confirm} title="Sair sem salvar?" label="Sair sem salvar" run=${leaving.value} onClose=${() => (leaving.value = null)}>O que mudou nesta página ainda não foi salvo.<//>`}`;
}

function Rail({ onHelp }) {
  const current = route.value.page;
  return html`<nav class="rail" aria-label="Principal">
    <img class="rail-logo" src=${icon} alt="" />
    <div class="rail-pages">${pages.value.map((page) => {
      const path = root(page.path);
      const count = badges.value[path] ?? 0;
      return html`<${Link} key=${path} class="rail-link" href=${path} aria-current=${current && root(current.path) === path ? "page" : undefined}>
        <${Icon} name=${page.nav.icon} size=${20} /><span>${page.nav.label}</span><${Badge} count=${count} label=${`${count} não lidas`} />
      <//>`;
    })}</div>
    <${PresenceMenu} onHelp=${onHelp} />
  </nav>`;
}

/** Nothing while all is well; what is wrong with the line, else. */
function LineState() {
  const { state, retryAt } = connection.value;
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    setSlow(false);
    if (state === "online" || state === "off") return undefined;
    // A reload reconnects within a blink: that is nobody's concern.
    const timer = setTimeout(() => setSlow(true), 700);
    return () => clearTimeout(timer);
  }, [state === "online" || state === "off"]);
  if (!isSlow) return html`<div class="visually-hidden" role="status">${state === "online" ? "Conectado" : ""}</div>`;
  const seconds = Math.max(0, Math.ceil((retryAt - now.value) / 1000));
  return html`<div class="line-state" role="status"><${Icon} name="wifi-off" size=${16} />
    <span>Sem conexão em tempo real${state === "waiting" && seconds > 0 ? ` · nova tentativa em ${seconds} s` : " · conectando…"}</span>
    <${Button} kind="quiet" onClick=${retryNow}>Tentar agora<//></div>`;
}

const loaded = new Map();

function CurrentPage() {
  const { page, params, query } = route.value;
  const [attempt, setAttempt] = useState({ count: 0, error: null });
  const isKnown = page && isAllowed(page);
  useEffect(() => {
    pageTitle.value = isKnown ? page.title : "";
    if (!isKnown || loaded.has(page.path)) return;
    page.load().then(
      (module) => {
        loaded.set(page.path, module.default);
        setAttempt(({ count }) => ({ count: count + 1, error: null }));
      },
      () => setAttempt({ count: attempt.count, error: { status: 0, message: "A página não chegou. Se o sistema foi atualizado, recarregar resolve." } }),
    );
  }, [page, isKnown, attempt.count]);
  useEffect(() => {
    if (!page) navigate(home, { replace: true });
  }, [page]);
  if (!page) return null;
  if (!isKnown) return html`<${Empty} icon="lock" title="Esta página não é para o seu acesso" action=${html`<${Button} kind="primary" onClick=${() => navigate(home)}>Ir para as conversas<//>`}>${page.title}: quem administra o sistema pode liberar ou fazer o que você precisa.<//>`;
  const Page = loaded.get(page.path);
  if (attempt.error && !Page) return html`<${Failure} error=${attempt.error} onRetry=${() => location.reload()} />`;
  if (!Page) return html`<${Skeleton} rows=${8} kind="row" />`;
  return html`<${Page} key=${page.path} params=${params} query=${query} />`;
}
