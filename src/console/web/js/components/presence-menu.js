// One's own presence, the theme, and the way out.
import { html, useState } from "../lib/html.js";
import { me, signOut } from "../lib/session.js";
import { navigate } from "../lib/router.js";
import { setTheme, theme, THEMES } from "../lib/theme.js";
import { roleName } from "../lib/format.js";
import { LABELS, own, setPresence } from "../store/presence.js";
import { Avatar, Button, Field } from "./controls.js";
import { Dialog } from "./dialog.js";
import { Menu } from "./menu.js";
import { fail } from "./toast.js";

/** What a pause is usually made for; anything else is typed. */
const REASONS = ["Almoço", "Intervalo", "Reunião", "Treinamento", "Atendimento presencial"];

export function PresenceMenu({ onHelp }) {
  const [asked, setAsked] = useState(null);
  const { status, motivo } = own.value;
  const change = (wanted, reason) => setPresence(wanted, reason).catch(fail);
  const name = me.value?.display_name || me.value?.username;
  const items = [
    { heading: `${name} · ${roleName(me.value?.role)}` },
    { label: LABELS.online, hint: "Recebe novas conversas", dot: "online", isChosen: status === "online", run: () => change("online") },
    { label: LABELS.busy, hint: "Conectado, sem receber novas", dot: "busy", isChosen: status === "busy", run: () => change("busy") },
    { label: "Pausa…", hint: status === "away" && motivo ? motivo : "Com um motivo", dot: "away", isChosen: status === "away", run: () => setAsked("away") },
    { label: LABELS.offline, hint: "Fora do expediente", dot: "offline", isChosen: status === "offline", run: () => change("offline") },
    "line",
    { heading: "Aparência" },
    ...THEMES.map(([value, label, icon]) => ({ label, icon, isChosen: theme.value === value, run: () => setTheme(value) })),
    "line",
    { label: "Preferências", icon: "settings", run: () => navigate("/preferencias") },
    { label: "Atalhos do teclado", icon: "keyboard", run: onHelp },
    { label: "Sair", icon: "log-out", run: signOut },
  ];
  const button = (attributes) => html`<button ...${attributes} class="rail-link" aria-label=${`Presença: ${LABELS[status]}. Abrir menu`}>
    <${Avatar} name=${name} presence=${status} /><span>${LABELS[status]}</span></button>`;
  return html`<div class="rail-presence"><${Menu} label="Presença e conta" side="right-end" button=${button} items=${items} />
    ${asked && html`<${PauseDialog} onClose=${() => setAsked(null)} onChoose=${(reason) => { setAsked(null); change("away", reason); }} />`}</div>`;
}

function PauseDialog({ onClose, onChoose }) {
  const [reason, setReason] = useState("");
  return html`<${Dialog} title="Fazer uma pausa" size="small" onClose=${onClose} onSubmit=${() => onChoose(reason.trim())}
    footer=${html`<${Button} onClick=${onClose}>Cancelar<//><${Button} kind="primary" type="submit">Pausar<//>`}>
    <p class="soft">Novas conversas não são entregues a você até a volta. As suas continuam aqui.</p>
    <div class="chips">${REASONS.map((text, index) => html`<button type="button" key=${text} class="chip" autofocus=${index === 0} onClick=${() => onChoose(text)}>${text}</button>`)}</div>
    <${Field} label="Outro motivo" control=${(attributes) => html`<input ...${attributes} maxlength="255" value=${reason} onInput=${(event) => setReason(event.currentTarget.value)} />`} />
  <//>`;
}
