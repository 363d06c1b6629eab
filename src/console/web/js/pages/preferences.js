// How one is told, and how the console looks.
import { html, useEffect, useState } from "../lib/html.js";
import { setTheme, theme, THEMES } from "../lib/theme.js";
import { Button, Field, Switch } from "../components/controls.js";
import { Icon } from "../components/icon.js";
import { Failure, Skeleton } from "../components/states.js";
import { fail } from "../components/toast.js";
import { choose, loadPreferences, preferences } from "../store/preferences.js";
import { sound } from "../store/notify.js";

const GROUPS = [
  ["Sons", [
    ["som_nova_mensagem", "Mensagem nova"],
    ["som_novo_atendimento", "Conversa nova ou entregue a mim"],
    ["som_transferencia", "Transferência"],
  ]],
  ["Avisos na área de trabalho", [
    ["desktop_nova_mensagem", "Mensagem nova"],
    ["desktop_novo_atendimento", "Conversa nova ou entregue a mim"],
    ["desktop_transferencia", "Transferência"],
  ]],
];

export default function PreferencesPage() {
  const [error, setError] = useState(null);
  const load = () => {
    setError(null);
    loadPreferences().catch(setError);
  };
  useEffect(load, []);
  const chosen = preferences.value;
  const change = (what) => choose(what).catch(fail);
  return html`<div class="page"><div class="page-inner narrow">
    <header class="page-header"><div><h1>Preferências</h1><p>Valem só para você, em todos os seus aparelhos; a aparência, só neste navegador.</p></div></header>
    <section class="card"><header><h2>Aparência</h2></header><div class="card-body"><div class="chips" role="radiogroup" aria-label="Aparência">
      ${THEMES.map(([value, label, icon]) => html`<button type="button" key=${value} class="chip" role="radio" aria-checked=${theme.value === value ? "true" : "false"} onClick=${() => setTheme(value)}><${Icon} name=${icon} size=${15} />${label}</button>`)}
    </div></div></section>
    ${error && !chosen && html`<${Failure} error=${error} onRetry=${load} />`}
    ${!chosen && !error && html`<${Skeleton} rows=${6} kind="row" />`}
    ${chosen && html`
      ${GROUPS.map(([title, switches], index) => html`<section class="card" key=${title}><header><h2>${title}</h2><div class="actions">${index === 0 ? html`<${Button} class="small" icon="volume-2" onClick=${() => sound()}>Ouvir<//>` : html`<${Permission} />`}</div></header>
        <div class="card-body">${switches.map(([name, label]) => html`<${Switch} key=${name} label=${label} checked=${chosen[name]} onChange=${(value) => change({ [name]: value })} />`)}</div></section>`)}
      <section class="card"><header><h2>Não perturbe</h2></header><div class="card-body">
        <${Switch} label="Silenciar em um horário" hint=${chosen.esta_em_nao_perturbe ? "Agora os sons estão desligados." : "Sem sons neste horário; os avisos continuam."} checked=${chosen.modo_nao_perturbe} onChange=${(value) => change({ modo_nao_perturbe: value, ...(value && !chosen.nao_perturbe_inicio && { nao_perturbe_inicio: "22:00", nao_perturbe_fim: "08:00" }) })} />
        ${chosen.modo_nao_perturbe && html`<div class="fields">
          ${[["nao_perturbe_inicio", "Das"], ["nao_perturbe_fim", "Até"]].map(([name, label]) => html`<${Field} key=${name} label=${label} control=${(attributes) => html`<input ...${attributes} type="time" value=${(chosen[name] ?? "").slice(0, 5)} onChange=${(event) => event.currentTarget.value && change({ [name]: event.currentTarget.value })} />`} />`)}
        </div>`}
      </div></section>
      <section class="card"><header><h2>Contadores</h2></header><div class="card-body">
        <${Switch} label="Contar mensagens não lidas" checked=${chosen.mostrar_badge_mensagens} onChange=${(value) => change({ mostrar_badge_mensagens: value })} />
        <${Switch} label="Contar conversas novas" checked=${chosen.mostrar_badge_atendimentos} onChange=${(value) => change({ mostrar_badge_atendimentos: value })} />
      </div></section>`}
  </div></div>`;
}

/** Whether the browser lets us show notifications; asked for only when somebody wants them. */
function Permission() {
  const [permission, setPermission] = useState(() => ("Notification" in window ? Notification.permission : "unsupported"));
  if (permission === "granted") return html`<span class="tag ok"><${Icon} name="check" size=${13} />Permitidos neste navegador</span>`;
  if (permission === "denied") return html`<span class="tag warn">Bloqueados no navegador</span>`;
  if (permission === "unsupported") return html`<span class="tag">Este navegador não os tem</span>`;
  return html`<${Button} class="small" icon="bell" onClick=${() => Notification.requestPermission().then(setPermission)}>Permitir<//>`;
}
