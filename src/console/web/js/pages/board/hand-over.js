// Giving somebody who waits to an agent, or to another queue: a person's decision wins over the hub's.
import { html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { number, plural } from "../../lib/format.js";
import { Avatar, Button, Field, Tag } from "../../components/controls.js";
import { Dialog } from "../../components/dialog.js";
import { toast } from "../../components/toast.js";
import { departments } from "../../store/people.js";
import { LABELS } from "../../store/presence.js";
import { queues, refreshLoads, refreshQueue } from "./store.js";
import { teamOf } from "./figures.js";

/** Sends what was chosen; the dialog stays with the API's words when it refuses. */
function useSending(onClose) {
  const [state, setState] = useState({ isBusy: false, error: null });
  const send = async (work, done) => {
    setState({ isBusy: true, error: null });
    try {
      await work();
      toast(done, { kind: "ok" });
      onClose();
    } catch (error) {
      setState({ isBusy: false, error });
    }
  };
  return [state, send, (message) => setState({ isBusy: false, error: { message, fields: {} } })];
}

export function AssignDialog({ place, department, onClose }) {
  const [chosen, setChosen] = useState(null);
  const [{ isBusy, error }, send, refuse] = useSending(onClose);
  const team = teamOf(department);
  const who = team.find(({ agent }) => agent.id === chosen);
  const submit = () => {
    if (!who) return refuse("Escolha uma pessoa.");
    send(async () => {
      await api.post(`atendimento/filas/${place.id}/atribuir/`, { atendente: chosen });
      refreshQueue(place.departamento);
      refreshLoads();
    }, `Conversa entregue a ${who.name}.`);
  };
  return html`<${Dialog} title=${`Entregar ${place.cliente_nome}`} onClose=${onClose} onSubmit=${submit}
    footer=${html`<${Button} onClick=${onClose}>Cancelar<//><${Button} kind="primary" type="submit" isBusy=${isBusy} icon="user">Entregar<//>`}>
    <div class="targets" role="radiogroup" aria-label="A quem">${team.map(({ agent, name, status, load, room }, index) => html`<label class="target" key=${agent.id}>
      <input type="radio" name="agent" autofocus=${index === 0} checked=${chosen === agent.id} onChange=${() => setChosen(agent.id)} /><${Avatar} name=${name} presence=${status} />
      <span class="grow"><span class="cut">${name}</span><small>${LABELS[status]} · ${load} de ${department.max_atendimentos_simultaneos}</small></span>
      ${status !== "online" ? html`<${Tag}>${LABELS[status]}<//>` : room > 0 ? html`<${Tag} kind="ok">${plural(room, "vaga", "vagas")}<//>` : html`<${Tag} kind="warn">Sem vaga<//>`}</label>`)}
      ${team.length === 0 && html`<p class="soft">Este departamento não tem atendentes.</p>`}</div>
    ${who && (who.status !== "online" || who.room <= 0) && html`<p class="notice" role="status"><span>${who.status !== "online" ? `${who.name} não está online: a conversa fica à espera dessa pessoa.` : `${who.name} já está no limite: a conversa vai além dele, e isso fica registrado.`}</span></p>`}
    ${error && html`<p class="notice danger" role="alert">${error.message}</p>`}
  <//>`;
}

export function MoveDialog({ place, onClose }) {
  const others = departments.value.filter((row) => row.ativo && row.id !== place.departamento);
  const [target, setTarget] = useState(others[0]?.id ?? 0);
  const [reason, setReason] = useState("");
  const [{ isBusy, error }, send] = useSending(onClose);
  const name = others.find((row) => row.id === target)?.nome;
  const submit = () => send(async () => {
    await api.post(`atendimento/filas/${place.id}/mover/`, { departamento: target, motivo: reason.trim() });
    refreshQueue(place.departamento);
    refreshQueue(target);
  }, `Agora na fila de ${name}.`);
  return html`<${Dialog} title=${`Mover ${place.cliente_nome}`} size="small" onClose=${onClose} onSubmit=${submit}
    footer=${html`<${Button} onClick=${onClose}>Cancelar<//><${Button} kind="primary" type="submit" isBusy=${isBusy} icon="arrow-right-left">Mover<//>`}>
    <p class="soft">A idade na fila vai junto: quem espera há mais tempo não perde o lugar.</p>
    <${Field} label="Para a fila de" error=${error?.fields?.departamento?.[0]} control=${(attributes) => html`<select ...${attributes} autofocus value=${target} onChange=${(event) => setTarget(Number(event.currentTarget.value))}>${others.map((row) => html`<option key=${row.id} value=${row.id} selected=${row.id === target}>${row.nome} (${number((queues.value.get(row.id) ?? []).length)} esperando)</option>`)}</select>`} />
    <${Field} label="Motivo" hint="Opcional. Fica na história da conversa." error=${error?.fields?.motivo?.[0]} control=${(attributes) => html`<textarea ...${attributes} rows="2" maxlength="1000" value=${reason} onInput=${(event) => setReason(event.currentTarget.value)}></textarea>`} />
    ${error && Object.keys(error.fields ?? {}).length === 0 && html`<p class="notice danger" role="alert">${error.message}</p>`}
  <//>`;
}
