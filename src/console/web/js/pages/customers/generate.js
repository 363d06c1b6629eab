// A contract or a boleto for a customer, made from a template.
import { html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { copy } from "../../lib/clipboard.js";
import { save } from "../../lib/download.js";
import { useLoaded } from "../../lib/load.js";
import { Button } from "../../components/controls.js";
import { Dialog } from "../../components/dialog.js";
import { FormTrouble, SelectField, TextField, useForm } from "../../components/form.js";
import { Icon } from "../../components/icon.js";
import { Pdf } from "../../components/pdf.js";
import { Empty, Failure, Skeleton } from "../../components/states.js";
import { askedFor, labelOf } from "../templates/words.js";

const KINDS = { contrato: { title: "Gerar contrato", path: "documentos/gerar-contrato/", data: "dados_contrato", first: "contrato_padrao" }, boleto: { title: "Gerar boleto", path: "documentos/gerar-boleto/", data: "dados_boleto", first: "boleto_padrao" } };
/** Of a boleto, whatever its template says: they make the bar code. */
const CHARGE = ["valor_total", "data_vencimento", "descricao_servicos"];
/** From the settings of the company; whoever wants others goes there. */
const FROM_SETTINGS = new Set(["banco", "agencia", "conta", "nosso_numero"]);

const isDay = (name) => /^data_|_data$|vencimento/.test(name);
const isAmount = (name) => /^valor|_valor$/.test(name);
const about = (name) => (isDay(name) ? { type: "date" } : isAmount(name) ? { inputmode: "decimal", placeholder: "1500,00" } : {});
/** 1.500,00 and 1500.00 as the API reads them. */
const amount = (text) => (text.includes(",") ? text.replaceAll(".", "").replace(",", ".") : text);

export function GenerateDialog({ kind, customer, onClose, onDone }) {
  const { data, error, reload } = useLoaded(async () => {
    const map = await api.get("config/documents/");
    return Object.entries(map.document_templates ?? map).filter(([, template]) => template.tipo === kind);
  }, [kind]);
  const [made, setMade] = useState(null);
  const { title } = KINDS[kind];
  if (made) return html`<${Made} key="made" made=${made} onClose=${onDone} />`;
  if (!data || data.length === 0) {
    return html`<${Dialog} key="wait" title=${title} onClose=${onClose}>${error ? html`<${Failure} error=${error} onRetry=${reload} />` : data ? html`<${Empty} icon="file-text" title="Nenhum modelo deste tipo" />` : html`<${Skeleton} rows=${4} />`}<//>`;
  }
  return html`<${Fill} key="fill" kind=${kind} customer=${customer} templates=${data} onClose=${onClose} onMade=${setMade} />`;
}

function Fill({ kind, customer, templates, onClose, onMade }) {
  const { title, path, data, first } = KINDS[kind];
  const form = useForm({ template_nome: templates.find(([key]) => key === first)?.[0] ?? templates[0][0] });
  const template = templates.find(([key]) => key === form.values.template_nome)?.[1];
  const asked = askedFor(template?.conteudo ?? "").filter((name) => !FROM_SETTINGS.has(name));
  const names = kind === "boleto" ? [...new Set([...CHARGE, ...asked])] : asked;
  const submit = async () => {
    const answer = await form.submit(({ template_nome, ...values }) => {
      const filled = names.filter((name) => values[name]?.trim()).map((name) => [name, isAmount(name) ? amount(values[name].trim()) : values[name].trim()]);
      return api.post(path, { cliente_id: customer.id, template_nome, [data]: Object.fromEntries(filled) });
    }, (field) => (field.startsWith(`${data}.`) ? field.slice(data.length + 1) : field));
    if (answer) onMade(answer);
  };
  return html`<${Dialog} title=${title} onClose=${onClose} onSubmit=${submit} footer=${html`<${Button} onClick=${onClose}>Cancelar<//><${Button} kind="primary" type="submit" icon="file-text" isBusy=${form.isBusy}>Gerar<//>`}>
    <p class="soft">Para <strong>${customer.nome_display}</strong>. Nome, documento e endereço vêm do cadastro; o que faltar sai em branco e é dito depois.</p>
    ${templates.length > 1 && html`<${SelectField} form=${form} name="template_nome" label="Modelo" options=${templates.map(([key, { nome }]) => [key, nome])} />`}
    <div class="fields">${names.map((name, index) => html`<${TextField} key=${name} form=${form} name=${name} label=${labelOf(name)} autofocus=${index === 0} area=${name.startsWith("descricao")} ...${about(name)} />`)}</div>
    <${FormTrouble} form=${form} />
  <//>`;
}

function Made({ made, onClose }) {
  const { documento: row, variaveis_faltantes: missing } = made;
  const file = useLoaded(() => api.blob(`documentos/${row.id}/arquivo/`), [row.id]);
  return html`<${Dialog} size="large" title=${made.message} onClose=${onClose} onSubmit=${onClose} footer=${html`<${Button} icon="download" disabled=${!file.data} onClick=${() => save(file.data, row.nome_arquivo)}>Baixar<//><${Button} kind="primary" type="submit">Ver os documentos<//>`}>
    ${missing.length > 0 && html`<p class="notice" role="status"><${Icon} name="triangle-alert" size=${16} /><span>Ficou em branco: ${missing.map(labelOf).join(", ")}.</span></p>`}
    ${made.linha_digitavel && html`<${Code} label="Linha digitável" text=${made.linha_digitavel} />`}
    ${made.pix_copia_e_cola && html`<${Code} label="Pix copia e cola" text=${made.pix_copia_e_cola} />`}
    <${Pdf} blob=${file.data} isBusy=${file.isBusy} note=${file.error?.message} name=${row.nome_arquivo} label=${row.nome} />
  <//>`;
}

function Code({ label, text }) {
  const [isCopied, setCopied] = useState(false);
  return html`<div class="secret"><output aria-label=${label}>${text}</output><${Button} class="small" icon=${isCopied ? "check" : "copy"} aria-label=${`Copiar: ${label}`} onClick=${async () => setCopied(await copy(text))}>${isCopied ? "Copiado" : "Copiar"}<//></div>`;
}
