// What was sent to a webhook, and sending it again.
import { html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { dateTime, number, plural } from "../../lib/format.js";
import { useLoaded, usePages } from "../../lib/load.js";
import { Button, Tag } from "../../components/controls.js";
import { Dialog } from "../../components/dialog.js";
import { FormTrouble, SelectField, TextField, useForm } from "../../components/form.js";
import { Card, Filter, Pairs, Row, Rows } from "../../components/page.js";
import { Failure, Skeleton } from "../../components/states.js";
import { fail, toast } from "../../components/toast.js";
import { EVENTS } from "./webhooks.js";

const STATES = { pendente: ["À espera", "warn"], entregue: ["Entregue", "ok"], desistiu: ["Não entregue", "danger"] };
const eventName = (event) => new Map(EVENTS).get(event) ?? (event === "ping" ? "Teste" : event);
const StateTag = ({ row }) => html`<${Tag} kind=${STATES[row.situacao]?.[1]}>${STATES[row.situacao]?.[0] ?? row.situacao}<//>`;

export function Deliveries({ id, onChange }) {
  const [filters, setFilters] = useState({ situacao: "", evento: "" });
  const [shown, setShown] = useState(null);
  const list = usePages(`integracoes/webhooks/${id}/entregas/`, filters);
  return html`<${Card} title="O que foi enviado" actions=${html`<${Filter} label="Situação" value=${filters.situacao} onChange=${(situacao) => setFilters({ ...filters, situacao })} options=${[["", "Todas"], ...Object.entries(STATES).map(([key, [label]]) => [key, label])]} />
      <${Filter} label="Evento" value=${filters.evento} onChange=${(evento) => setFilters({ ...filters, evento })} options=${[["", "Todos os eventos"], ...EVENTS, ["ping", "Teste"]]} /><${Button} class="small" icon="refresh-cw" isBusy=${list.isBusy} onClick=${list.reload}>Atualizar<//>`}>
    <${Rows} list=${list} label="Entregas" empty=${{ icon: "send", title: "Nada enviado", children: "O que for enviado a este webhook aparece aqui por 14 dias." }}
      row=${(row) => html`<${Row} onClick=${() => setShown(row)} title=${eventName(row.evento)} hint=${[dateTime(row.ocorrido_em), plural(row.tentativas, "tentativa", "tentativas"), row.erro].filter(Boolean).join(" · ")}>${row.status_http && html`<${Tag}>HTTP ${row.status_http}<//>`}<${StateTag} row=${row} /><//>`} />
    ${shown && html`<${DeliveryDialog} id=${id} row=${shown} onClose=${() => setShown(null)} onDone=${() => { setShown(null); list.reload(); onChange(); }} />`}
  <//>`;
}

function indented(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function DeliveryDialog({ id, row, onClose, onDone }) {
  const path = `integracoes/webhooks/${id}/entregas/${row.id}/`;
  const { data, error, reload } = useLoaded(() => api.get(path), [row.id]);
  const [isBusy, setBusy] = useState(false);
  const again = async () => {
    setBusy(true);
    try {
      await api.post(`${path}reenviar/`);
      toast("Vai ser enviada de novo.", { kind: "ok" });
      onDone();
    } catch (error) {
      fail(error);
      setBusy(false);
    }
  };
  return html`<${Dialog} size="large" title=${eventName(row.evento)} onClose=${onClose} onSubmit=${again} footer=${html`<${Button} onClick=${onClose}>Fechar<//>${row.evento !== "ping" && html`<${Button} kind="primary" icon="rotate-cw" type="submit" isBusy=${isBusy}>Reenviar<//>`}`}>
    <${Pairs} rows=${[["Situação", html`<${StateTag} row=${row} />`], ["Aconteceu em", dateTime(row.ocorrido_em)], ["Entregue em", row.entregue_em && dateTime(row.entregue_em)], ["Tentativas", number(row.tentativas)], ["Reenvios", row.reenvios || null], ["Próxima tentativa", row.proxima_tentativa_em && dateTime(row.proxima_tentativa_em)], ["HTTP", row.status_http], ["Duração", row.duracao_ms === null ? null : `${number(row.duracao_ms)} ms`], ["Erro", row.erro], ["Evento", row.evento_id]]} />
    ${row.resposta && html`<div><h3>Resposta</h3><pre class="code-box" tabindex="0">${row.resposta}</pre></div>`}
    ${error && html`<${Failure} error=${error} onRetry=${reload} />`}
    ${!data && !error && html`<${Skeleton} rows=${3} />`}
    ${data && html`<div><h3>Corpo enviado</h3><pre class="code-box" tabindex="0">${indented(data.corpo)}</pre></div>`}
  <//>`;
}

const instant = (local) => (local ? new Date(local).toISOString() : undefined);

export function ReplayDialog({ row, onClose, onDone }) {
  const form = useForm({ de: "", ate: "", situacao: "" });
  const submit = async () => {
    const answer = await form.submit(({ de, ate, situacao }) => api.post(`integracoes/webhooks/${row.id}/reenviar/`, { de: instant(de), ate: instant(ate), situacao: situacao || undefined }));
    if (!answer) return;
    toast(`${plural(answer.reenviadas, "entrega vai", "entregas vão")} de novo.`, { kind: "ok" });
    onDone();
  };
  return html`<${Dialog} title="Reenviar um período" onClose=${onClose} onSubmit=${submit} footer=${html`<${Button} onClick=${onClose}>Cancelar<//><${Button} kind="primary" type="submit" icon="rotate-cw" isBusy=${form.isBusy}>Reenviar<//>`}>
    <p class="soft">Manda de novo o que aconteceu neste tempo, no máximo 10.000 eventos. O outro sistema reconhece os repetidos pelo id.</p>
    <div class="fields"><${TextField} form=${form} name="de" label="De" type="datetime-local" required autofocus /><${TextField} form=${form} name="ate" label="Até" hint="Vazio: até agora." type="datetime-local" /></div>
    <${SelectField} form=${form} name="situacao" label="Quais" options=${[["", "Todos"], ["desistiu", "Só os não entregues"], ["entregue", "Só os entregues"]]} />
    <${FormTrouble} form=${form} />
  <//>`;
}
