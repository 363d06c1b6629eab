// Templates that Meta has approved for a number: what reaches a customer outside the 24-hour window.
import { html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { dateTime } from "../../lib/format.js";
import { useLoaded } from "../../lib/load.js";
import { Button, Tag } from "../../components/controls.js";
import { Dialog } from "../../components/dialog.js";
import { Card, Pairs, Row, Rows } from "../../components/page.js";
import { fail, toast } from "../../components/toast.js";

const STATUSES = { approved: ["Aprovado", "ok"], pending: ["Em análise", "warn"], rejected: ["Recusado", "danger"], paused: ["Pausado", "warn"], disabled: ["Desativado", "danger"], other: ["Outro", ""] };
const CATEGORIES = { MARKETING: "Marketing", UTILITY: "Utilidade", AUTHENTICATION: "Autenticação" };
const category = (word) => CATEGORIES[word?.toUpperCase()] ?? word;
const bodyOf = (template) => template.components.find((part) => part.type?.toLowerCase() === "body")?.text ?? "";
const StatusOf = ({ template }) => html`<${Tag} kind=${STATUSES[template.status]?.[1]}>${STATUSES[template.status]?.[0] ?? template.status}<//>`;

export function Templates({ id, mayRead }) {
  const list = useLoaded(() => api.all("whatsapp/templates/", { session: id }), [id]);
  const [shown, setShown] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const read = async () => {
    setBusy(true);
    try {
      toast((await api.post("whatsapp/templates/sincronizar/", { session_id: id })).message, { kind: "ok" });
      list.reload();
    } catch (error) {
      fail(error);
    }
    setBusy(false);
  };
  return html`<${Card} title="Modelos da Meta" lead="São criados na Meta; aqui se leem sozinhos a cada hora." actions=${mayRead && html`<${Button} class="small" icon="refresh-cw" isBusy=${isBusy} onClick=${read}>Ler agora<//>`}>
    <${Rows} list=${list} label="Modelos" empty=${{ icon: "copy", title: "Nenhum modelo", children: "Crie os modelos na Meta e leia-os aqui." }}
      row=${(template) => html`<${Row} onClick=${() => setShown(template)} title=${template.name} hint=${bodyOf(template)}><${Tag}>${template.language}<//><${StatusOf} template=${template} /><//>`} />
    ${shown && html`<${Dialog} title=${shown.name} onClose=${() => setShown(null)}>
      <${Pairs} rows=${[["Situação", html`<${StatusOf} template=${shown} />`], ["Motivo da recusa", shown.rejected_reason], ["Idioma", shown.language], ["Categoria", category(shown.category)], ["Lido em", dateTime(shown.synced_at)]]} />
      ${shown.components.map((part, index) => html`<div key=${index} class="template-part"><h3>${part.type}</h3><p>${part.text ?? part.format ?? (part.buttons ?? []).map((button) => button.text).join(" · ")}</p></div>`)}
    <//>`}
  <//>`;
}
