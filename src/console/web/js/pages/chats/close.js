// Ending a conversation.
import { html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { Button, Field, Switch } from "../../components/controls.js";
import { Dialog } from "../../components/dialog.js";
import { path, patchRow } from "../../store/chats.js";

export function CloseDialog({ row, onClose, onDone }) {
  const [notes, setNotes] = useState("");
  const [asks, setAsks] = useState(true);
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);
  const submit = async () => {
    setBusy(true);
    setError("");
    try {
      const closed = await api.post(path(row.chat_id, "encerrar/"), { ...(!asks && { solicitar_avaliacao: false }), ...(notes.trim() && { observacoes: notes.trim() }) });
      patchRow(row.chat_id, { status: "finalizado", finalizado_em: closed.finalizado_em });
      onDone();
    } catch (failure) {
      setError(failure.message);
      setBusy(false);
    }
  };
  return html`<${Dialog} title=${`Encerrar a conversa com ${row.cliente_nome}?`} size="small" onClose=${onClose} onSubmit=${submit}
    footer=${html`<${Button} onClick=${onClose}>Cancelar<//><${Button} kind="primary" type="submit" autofocus isBusy=${isBusy} icon="circle-check-big">Encerrar<//>`}>
    <${Switch} label="Pedir uma avaliação" hint="O cliente recebe o convite, se as configurações o permitem." checked=${asks} onChange=${setAsks} />
    <${Field} label="Observações (opcional)" control=${(attributes) => html`<textarea ...${attributes} rows="3" maxlength="10000" value=${notes} onInput=${(event) => setNotes(event.currentTarget.value)}></textarea>`} />
    ${error && html`<p class="notice danger" role="alert">${error}</p>`}
  <//>`;
}
