// The beginning: finds out who is here, then shows the door or the console.
import { html, render, signal, useEffect } from "./lib/html.js";
import * as session from "./lib/session.js";
import { connect } from "./lib/socket.js";
import { navigate, route, setRoutes } from "./lib/router.js";
import "./lib/theme.js";
import { home, routes } from "./routes.js";
import { Failure } from "./components/states.js";
import { Toasts } from "./components/toast.js";
import { Shell } from "./components/shell.js";
import { SignIn } from "./pages/sign-in.js";
import "./store/notify.js";
import "./store/numbers.js";
import "./store/outbox.js";
import "./store/people.js";
import "./store/preferences.js";
import "./store/version.js";

const DOOR = "/entrar";
/** Why the server could not be asked who is here. */
const trouble = signal(null);

setRoutes(routes);

async function begin() {
  trouble.value = null;
  try {
    await session.begin();
  } catch {
    trouble.value = { status: 0, message: "O servidor não respondeu. Confira a rede; o console volta assim que ele responder." };
  }
}

/** Sends whoever is not signed in to the door, and back to where they wanted to go. */
function useDoor(state, path) {
  useEffect(() => {
    if (state === "out" && path !== DOOR) {
      const wanted = path === "/" || path === home ? "" : `?de=${encodeURIComponent(location.pathname + location.search)}`;
      navigate(DOOR + wanted, { replace: true });
    }
    if (state === "in" && (path === DOOR || path === "/")) {
      const wanted = new URLSearchParams(location.search).get("de");
      // Only to a place of this console.
      navigate(wanted?.startsWith("/") && !wanted.startsWith("//") ? wanted : home, { replace: true });
    }
  }, [state, path]);
}

function App() {
  const state = session.state.value;
  const path = route.value.path;
  useDoor(state, path);
  useEffect(() => {
    if (state === "in") connect();
  }, [state]);
  if (state === "unknown") return trouble.value ? html`<${Failure} title="Sem conexão" error=${trouble.value} onRetry=${begin} />` : html`<div class="boot" aria-busy="true"></div>`;
  // On the way from the door to a page there is nothing to be seen.
  if (state === "in" && (path === DOOR || path === "/")) return html`<div class="boot" aria-busy="true"></div>`;
  return html`${state === "in" ? html`<${Shell} />` : html`<${SignIn} />`}<${Toasts} />`;
}

addEventListener("online", () => trouble.value && begin());
render(html`<${App} />`, document.getElementById("app"));
begin();
