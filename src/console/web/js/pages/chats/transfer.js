// Handing a conversation over: who can take it stands first.
import { html, useEffect, useMemo, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { plural } from "../../lib/format.js";
import { me } from "../../lib/session.js";
import { Avatar, Button, Field, Tag } from "../../components/controls.js";
import { Dialog } from "../../components/dialog.js";
import { Icon } from "../../components/icon.js";
import { Skeleton } from "../../components/states.js";
import { path, refresh } from "../../store/chats.js";
import { agents, departments, nameOf, reloadPeople } from "../../store/people.js";
import { LABELS, presences } from "../../store/presence.js";
import { plain } from "./lists.js";

/** Members of active departments, each with the department in which they would take it and whether there is room. */
function targetsOf(row) {
  const places = new Map(departments.value.filter((place) => place.ativo).map((place) => [place.id, place]));
  const found = [];
  for (const agent of agents.value) {
    if (!agent.is_active || agent.id === row.atendente_id) continue;
    const own = agent.departamentos.filter((id) => places.has(id));
    if (own.length === 0) continue;
    const place = places.get(own.includes(row.departamento_id) ? row.departamento_id : own[0]);
    const status = presences.value.get(agent.id)?.status ?? agent.presence;
    const free = place.max_atendimentos_simultaneos - agent.atendimentos_ativos;
    found.push({ key: `a${agent.id}`, agent, place, status, free, canTake: status === "online" && free > 0 });
  }
  const rank = (target) => (target.canTake ? 0 : target.status === "online" ? 1 : target.status === "offline" ? 3 : 2);
  const isNear = (target) => (target.place.id === row.departamento_id ? 0 : 1);
  return found.sort((a, b) => rank(a) - rank(b) || isNear(a) - isNear(b) || b.free - a.free || nameOf(a.agent).localeCompare(nameOf(b.agent)));
}

export function TransferDialog({ row, onClose, onDone }) {
  const [chosen, setChosen] = useState(null);
  const [term, setTerm] = useState("");
  const [reason, setReason] = useState("");
  const [errors, setErrors] = useState({});
  const [isBusy, setBusy] = useState(false);
  const [isLoaded, setLoaded] = useState(false);
  useEffect(() => {
    // Loads change all the time: asked for now.
    reloadPeople().finally(() => setLoaded(true));
  }, []);
  const people = useMemo(() => targetsOf(row), [agents.value, departments.value, presences.value, row]);
  const queues = departments.value.filter((place) => place.ativo && !(place.id === row.departamento_id && !row.atendente_id));
  const isFound = (text) => plain(text).includes(plain(term));
  const shown = people.filter((target) => isFound(`${nameOf(target.agent)} ${target.place.nome}`));
  const submit = async () => {
    if (!chosen) return setErrors({ target: "Escolha uma pessoa ou uma fila." });
    setBusy(true);
    setErrors({});
    const { agent, place } = chosen;
    const body = { motivo: reason.trim(), departamento_destino_id: place.id, ...(agent && { atendente_destino_id: agent.id }) };
    try {
      await api.post(path(row.chat_id, "transferir/"), body);
      refresh(row.chat_id);
      onDone(agent ? `Conversa passada a ${nameOf(agent)}.` : `Conversa posta na fila de ${place.nome}.`);
    } catch (error) {
      setErrors({ ...Object.fromEntries(Object.entries(error.fields ?? {}).map(([name, texts]) => [name, texts[0]])), whole: error.message });
      setBusy(false);
    }
  };
  const pick = (target) => () => {
    setChosen(target);
    setErrors({});
  };
  const option = (target, icon, name, hint, side) => html`<label class="target" key=${target.key}>
    <input type="radio" name="target" checked=${chosen?.key === target.key} onChange=${pick(target)} />${icon}<span class="grow"><span class="cut">${name}</span><small>${hint}</small></span>${side}</label>`;
  return html`<${Dialog} title=${`Transferir ${row.cliente_nome}`} onClose=${onClose} onSubmit=${submit}
    footer=${html`<${Button} onClick=${onClose}>Cancelar<//><${Button} kind="primary" type="submit" isBusy=${isBusy} icon="arrow-right-left">Transferir<//>`}>
    <input class="input" type="search" autofocus placeholder="Buscar pessoa ou departamento" aria-label="Buscar pessoa ou departamento" value=${term} onInput=${(event) => setTerm(event.currentTarget.value)} />
    <div class="targets" role="radiogroup" aria-label="Para quem">
      ${!isLoaded && people.length === 0 && html`<${Skeleton} rows=${4} kind="row" />`}
      ${shown.map((target) => option(target, html`<${Avatar} name=${nameOf(target.agent)} presence=${target.status} />`, nameOf(target.agent) + (target.agent.id === me.value.id ? " (você)" : ""), `${target.place.nome} · ${plural(target.agent.atendimentos_ativos, "conversa", "conversas")}`, availability(target)))}
      ${queues.filter((place) => isFound(place.nome)).map((place) => option({ key: `d${place.id}`, place }, html`<span class="target-icon"><${Icon} name="layers" /></span>`, `Fila de ${place.nome}`, `${plural(place.total_em_fila, "conversa esperando", "conversas esperando")}`))}
      ${isLoaded && shown.length === 0 && queues.length === 0 && html`<p class="soft">Ninguém encontrado.</p>`}
    </div>
    ${errors.target && html`<p class="notice danger" role="alert">${errors.target}</p>`}
    <${Field} label="Motivo" error=${errors.motivo} hint="Quem recebe lê isto primeiro." control=${(attributes) => html`<textarea ...${attributes} rows="2" maxlength="1000" required value=${reason} onInput=${(event) => setReason(event.currentTarget.value)}></textarea>`} />
    ${errors.whole && !errors.motivo && html`<p class="notice danger" role="alert">${errors.whole}</p>`}
  <//>`;
}

function availability({ canTake, status, free }) {
  if (canTake) return html`<${Tag} kind="ok">${plural(free, "vaga", "vagas")}<//>`;
  if (status === "online") return html`<${Tag} kind="warn">Sem vaga<//>`;
  return html`<${Tag}>${LABELS[status]}<//>`;
}
