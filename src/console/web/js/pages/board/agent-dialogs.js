// What an agent has open, and setting somebody offline.
import { html, useEffect, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { plural, shortly, statusName } from "../../lib/format.js";
import { Link, navigate } from "../../lib/router.js";
import { Button, Field } from "../../components/controls.js";
import { Dialog } from "../../components/dialog.js";
import { Empty, Failure, Skeleton } from "../../components/states.js";
import { toast } from "../../components/toast.js";

/** What somebody has open, as far as the supervisor may see it. */
export function ChatsDialog({ agent, name, onClose }) {
  const [state, setState] = useState({ rows: null, error: null });
  const load = () => {
    setState({ rows: null, error: null });
    api.get("chats/", { atendente: agent.id, size: 200 }).then((rows) => setState({ rows, error: null }), (error) => setState({ rows: null, error }));
  };
  useEffect(load, []);
  const { rows, error } = state;
  return html`<${Dialog} title=${`Conversas de ${name}`} onClose=${onClose}>
    ${error && html`<${Failure} error=${error} onRetry=${load} />`}
    ${!rows && !error && html`<${Skeleton} rows=${4} kind="row" />`}
    ${rows && rows.length === 0 && html`<${Empty} icon="coffee" title="Nenhuma conversa aberta" />`}
    ${rows && rows.length > 0 && html`<ul class="plain-list">${rows.map((row) => html`<li key=${row.atendimento_id}><span class="grow"><${Link} class="cut" href=${`/conversas/${encodeURIComponent(row.chat_id)}`}>${row.cliente_nome}<//><small class="cut">${[row.departamento_nome, statusName(row.status), row.mensagens_nao_lidas > 0 && plural(row.mensagens_nao_lidas, "não lida", "não lidas")].filter(Boolean).join(" · ")}</small></span>
      <small class="faint numbers">${shortly(row.ultima_mensagem_em ?? row.criado_em)}</small><${Button} class="small" kind="quiet" onClick=${() => { onClose(); navigate(`${location.pathname}?porque=${encodeURIComponent(row.chat_id)}`); }}>Por quê?<//></li>`)}</ul>`}
  <//>`;
}

const REASON_CHARS_MAX = 255;

export function OfflineDialog({ agent, name, load, onClose }) {
  const [reason, setReason] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState(null);
  const submit = async () => {
    setBusy(true);
    setError(null);
    try {
      await api.post(`presence/${agent.id}/forcar-offline/`, { motivo: reason.trim() });
      toast(`${name} está offline.`, { kind: "ok" });
      onClose();
    } catch (refusal) {
      setError(refusal);
      setBusy(false);
    }
  };
  return html`<${Dialog} title=${`Colocar ${name} offline`} size="small" onClose=${onClose} onSubmit=${submit}
    footer=${html`<${Button} onClick=${onClose}>Cancelar<//><${Button} kind="danger" type="submit" isBusy=${isBusy}>Colocar offline<//>`}>
    <p class="soft">Deixa de receber conversas novas até voltar por conta própria.${load > 0 ? ` ${load === 1 ? "A conversa aberta continua" : `As ${load} conversas abertas continuam`} com essa pessoa; transfira o que não pode esperar.` : ""}</p>
    <${Field} label="Motivo" hint="A pessoa lê isto, e fica registrado." error=${error?.fields?.motivo?.[0]} control=${(attributes) => html`<input ...${attributes} autofocus required maxlength=${REASON_CHARS_MAX} value=${reason} onInput=${(event) => setReason(event.currentTarget.value)} />`} />
    ${error && !error.fields?.motivo && html`<p class="notice danger" role="alert">${error.message}</p>`}
  <//>`;
}
