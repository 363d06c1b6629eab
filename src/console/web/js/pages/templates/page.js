// Templates of generated documents.
import { html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { useLoaded } from "../../lib/load.js";
import { navigate } from "../../lib/router.js";
import { may } from "../../lib/session.js";
import { Button, Tag } from "../../components/controls.js";
import { Card, Mark, Page, Row, Rows } from "../../components/page.js";
import { Failure, Skeleton } from "../../components/states.js";
import { Editor } from "./editor.js";
import { KINDS } from "./words.js";

const PATH = "/modelos";
const ICONS = { contrato: "signature", boleto: "banknote", proposta: "briefcase", certificado: "star" };

export default function TemplatesPage({ params: { template: key } }) {
  const { data, error, reload, set } = useLoaded(() => api.get("config/documents/"));
  const [copied, setCopied] = useState(null);
  const title = "Modelos de documento";
  if (error && !data) return html`<${Page} title=${title}><${Failure} error=${error} onRetry=${reload} /><//>`;
  if (!data) return html`<${Page} title=${title}><${Skeleton} rows=${4} kind="row" /><//>`;
  const templates = data.document_templates ?? data;
  if (key && (key === "novo" || templates[key])) {
    return html`<${Editor} key=${key} name=${key === "novo" ? null : key} template=${key === "novo" ? copied : templates[key]} taken=${Object.keys(templates)} onSaved=${(all) => set(all)} onCopy=${(template) => { setCopied(template); navigate(`${PATH}/novo`); }} />`;
  }
  const rows = Object.entries(templates).map(([id, template]) => ({ id, ...template }));
  const start = () => {
    setCopied(null);
    navigate(`${PATH}/novo`);
  };
  return html`<${Page} title=${title} lead="Contratos, boletos e propostas são feitos a partir deles, na ficha do cliente." actions=${may("core.manage_config_documents") && html`<${Button} kind="primary" icon="plus" onClick=${start}>Novo modelo<//>`}>
    <${Card}><${Rows} list=${{ data: rows }} rows=${rows} label="Modelos" empty=${{ icon: "file-text", title: "Nenhum modelo" }}
      row=${(row) => html`<${Row} href=${`${PATH}/${row.id}`} mark=${html`<${Mark} icon=${ICONS[row.tipo] ?? "file-text"} />`} title=${row.nome} hint=${row.id}><${Tag}>${KINDS[row.tipo]}<//><//>`} /><//>
  <//>`;
}
