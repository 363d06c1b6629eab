// One number: how it is, why, and what can be done about it.
import { html, useEffect, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { dateTime, duration, number, phone, plural } from "../../lib/format.js";
import { useEvents, useLoaded } from "../../lib/load.js";
import { now } from "../../lib/now.js";
import { navigate } from "../../lib/router.js";
import { may } from "../../lib/session.js";
import { Confirm } from "../../components/confirm.js";
import { Button, IconButton, Tag } from "../../components/controls.js";
import { Icon } from "../../components/icon.js";
import { Menu } from "../../components/menu.js";
import { Card, Page, Pairs } from "../../components/page.js";
import { Failure, Skeleton } from "../../components/states.js";
import { fail, toast } from "../../components/toast.js";
import { ExportDialog } from "./backup.js";
import { Pairing } from "./pairing.js";
import { CloudCard, NumberSettings } from "./settings.js";
import { Templates } from "./templates.js";
import { nameOf, providerName, StatusTag, statusWord } from "./words.js";

const BACK = ["/numeros", "Números"];
/** Signs of life and queues change without an event. */
const REFRESH_MS = 15_000;
/** Of the history; the rest is asked for. */
const STATES_SHOWN = 6;
const LEVELS = { info: ["info", ""], aviso: ["triangle-alert", "warn"], erro: ["circle-alert", "danger"] };
const DONE = { stop: "O número foi desconectado.", reconnect: "Reconectando…" };

async function load(id) {
  const [row, about, metrics, live] = await Promise.all([
    api.get(`whatsapp/sessions/${id}/`),
    api.get(`whatsapp/sessions/${id}/diagnostico/`),
    api.get(`whatsapp/sessions/${id}/metrics/`),
    api.get("whatsapp/sessions/status/", { session_id: id }),
  ]);
  return { row, about, metrics, live };
}

export function NumberPage({ id }) {
  const { data, error, reload } = useLoaded(() => load(id), [id]);
  const [dialog, setDialog] = useState(null);
  const [isBusy, setBusy] = useState(false);
  useEvents(["session_status"], (change) => change.session_id === id && reload());
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && reload(), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  if (error && !data) return html`<${Page} title="Número" back=${BACK}><${Failure} error=${error} onRetry=${reload} /><//>`;
  if (!data) return html`<${Page} title="Número" back=${BACK}><${Skeleton} rows=${6} kind="row" /><//>`;
  const { row } = data;
  const act = async (name) => {
    setBusy(true);
    try {
      await (name === "stop" ? api.post("whatsapp/sessions/stop/", { session_id: id }) : api.post(`whatsapp/sessions/${id}/reconnect/`));
      toast(DONE[name], { kind: "ok" });
      await reload();
    } finally {
      setBusy(false);
    }
  };
  const retire = async () => {
    await api.remove(`whatsapp/sessions/${id}/`);
    toast("O número saiu de uso. O histórico fica.", { kind: "ok" });
    navigate(BACK[0]);
  };
  const isOn = row.status !== "disconnected" && row.status !== "error";
  const isManager = may("whatsapp.manage_sessions");
  const actions = isManager && row.is_active && html`
    ${isOn && html`<${Button} icon="unplug" isBusy=${isBusy} onClick=${() => setDialog("stop")}>Desconectar<//>`}
    ${row.status !== "disconnected" && html`<${Button} icon="refresh-cw" isBusy=${isBusy} onClick=${() => (row.status === "ready" ? setDialog("reconnect") : act("reconnect").catch(fail))}>Reconectar<//>`}
    <${Menu} label="Mais sobre o número" side="bottom-end" button=${(attributes) => html`<${IconButton} icon="ellipsis" label="Mais sobre o número" ...${attributes} />`}
      items=${[{ label: "Exportar…", hint: "Como arquivo, com senha", icon: "download", run: () => setDialog("export") }, !row.is_default && { label: "Tirar de uso…", icon: "ban", kind: "danger", run: () => setDialog("retire") }]} />`;
  return html`<${Page} title=${nameOf(row)} back=${BACK} lead=${[phone(row.phone_number), providerName(row.provider)].filter(Boolean).join(" · ")} actions=${actions}
    aside=${html`<${StatusTag} row=${row} />${row.is_default && html`<${Tag}>Padrão<//>`}`}>
    <${State} data=${data} onStart=${reload} isManager=${isManager} />
    <${Figures} data=${data} />
    ${isManager && row.is_active && html`<${NumberSettings} row=${row} onSaved=${reload} />${row.provider === "cloud" && html`<${CloudCard} row=${row} onSaved=${reload} />`}`}
    ${row.provider === "cloud" && html`<${Templates} id=${id} mayRead=${isManager} />`}
    <${States} states=${data.about.historico} />
    ${dialog === "export" && html`<${ExportDialog} row=${row} onClose=${() => setDialog(null)} />`}
    ${dialog === "stop" && html`<${Confirm} title="Desconectar o número?" label="Desconectar" icon="unplug" run=${() => act("stop")} onClose=${() => setDialog(null)}>Nada mais sai nem chega por ele até que alguém o conecte de novo.<//>`}
    ${dialog === "reconnect" && html`<${Confirm} title="Reconectar agora?" kind="primary" label="Reconectar" icon="refresh-cw" run=${() => act("reconnect")} onClose=${() => setDialog(null)}>O número está conectado. Por alguns segundos as mensagens esperam.<//>`}
    ${dialog === "retire" && html`<${Confirm} title="Tirar o número de uso?" label="Tirar de uso" icon="ban" run=${retire} onClose=${() => setDialog(null)}>Ele é desconectado e não volta à lista. As conversas e mensagens ficam.<//>`}
  <//>`;
}

function State({ data: { row, about, live }, onStart, isManager }) {
  const seconds = row.connected_at && row.status === "ready" ? (now.value - Date.parse(row.connected_at)) / 1000 : null;
  const next = about.proxima_tentativa_em && Date.parse(about.proxima_tentativa_em) - now.value;
  return html`<${Card} title="Conexão" class="connection" actions=${html`<${StatusTag} row=${row} />`}>
    <ul class="findings">${about.diagnostico.map((finding) => html`<li key=${finding.texto} class=${`finding ${LEVELS[finding.nivel]?.[1]}`}><${Icon} name=${LEVELS[finding.nivel]?.[0]} /><div><p>${finding.texto}</p>${finding.o_que_fazer && html`<p class="soft">${finding.o_que_fazer}</p>`}</div></li>`)}</ul>
    ${isManager && html`<${Pairing} row=${row} onStart=${onStart} />`}
    <${Pairs} rows=${[
      ["Sinal da rede", row.status === "ready" ? (live.socket_alive ? html`<span class="alive"><span class="dot online"></span>respondeu há menos de dois minutos</span>` : html`<span class="alive"><span class="dot away"></span>sem resposta há mais de dois minutos</span>`) : null],
      ["Conectado há", seconds === null ? null : duration(seconds * 1000)],
      ["Reconecta por si", about.reconecta_sozinho ? "Sim" : "Não"],
      ["Tentativas", about.tentativas ? `${about.tentativas} de ${about.tentativas_max}` : null],
      ["Próxima tentativa", next ? (next > 0 ? `em ${duration(next)}` : "agora") : null],
      ["Suspenso até", row.banned_until && dateTime(row.banned_until)],
      ["Última mensagem recebida", about.ultima_mensagem_recebida_em && dateTime(about.ultima_mensagem_recebida_em)],
      ["Última mensagem enviada", about.ultima_mensagem_enviada_em && dateTime(about.ultima_mensagem_enviada_em)],
    ]} />
  <//>`;
}

const Figure = ({ value, label, hint, kind }) => html`<div class="figure"><strong class=${kind}>${value}</strong><span>${label}</span>${hint && html`<small>${hint}</small>`}</div>`;

function Figures({ data: { row, about, metrics } }) {
  const { fila: queue, contatos_novos: fresh } = about;
  return html`<${Card} title="Movimento">
    <div class="figures">
      <${Figure} value=${number(row.total_messages_received)} label="recebidas" />
      <${Figure} value=${number(row.total_messages_sent)} label="enviadas" />
      <${Figure} value=${number(queue.aguardando + queue.enviando)} label="na fila de saída" kind=${queue.mais_antiga_ha_segundos > 60 ? "warn" : ""} hint=${queue.mais_antiga_ha_segundos ? `a mais antiga há ${duration(queue.mais_antiga_ha_segundos * 1000)}` : ""} />
      <${Figure} value=${metrics.avg_latency_ms === null ? "—" : `${number(Math.round(metrics.avg_latency_ms))} ms`} label="até a rede aceitar, em média" hint=${metrics.avg_latency_ms === null ? "" : `${number(metrics.latency_acceptable_rate)}% em até 5 s`} />
      <${Figure} value=${fresh.limite === null ? number(fresh.usados) : `${number(fresh.usados)} / ${number(fresh.limite)}`} label="pessoas novas contatadas em 24 h" kind=${fresh.restantes === 0 ? "warn" : ""}
        hint=${fresh.bloqueado_ate ? `bloqueado até ${dateTime(fresh.bloqueado_ate)}` : fresh.libera_em ? `próxima vaga ${dateTime(fresh.libera_em)}` : fresh.limite === null ? "sem limite" : ""} />
      <${Figure} value=${about.ritmo_ms ? `${number(about.ritmo_ms)} ms` : "livre"} label="entre duas mensagens" />
    </div>
    ${metrics.failures.length > 0 && html`<div><h3>Falhas das últimas 24 horas</h3><ul class="plain">${metrics.failures.map((failure) => html`<li key=${failure.codigo + failure.erro}><span class="grow">${failure.erro || failure.codigo}</span><small>${plural(failure.total, "vez", "vezes")} · última ${dateTime(failure.ultima_em)}</small></li>`)}</ul></div>`}
  <//>`;
}

function States({ states }) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? states : states.slice(0, STATES_SHOWN);
  return html`<${Card} title="O que aconteceu">
    ${states.length === 0 ? html`<p class="soft">Ainda nada.</p>` : html`<ol class="plain">${shown.map((state) => html`<li key=${state.em + state.status}><span class="grow">${statusWord(state.status)}${state.motivo && html`<small> · ${state.motivo.texto ?? state.motivo}</small>`}</span><small class="numbers">${dateTime(state.em)}</small></li>`)}</ol>`}
    ${states.length > shown.length && html`<div><${Button} class="small" onClick=${() => setWhole(true)}>Mostrar ${states.length - shown.length} anteriores<//></div>`}
  <//>`;
}
