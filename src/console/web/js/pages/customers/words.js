// Customers and their documents, as people call them.
import { html } from "../../lib/html.js";
import { phone } from "../../lib/format.js";
import { Tag } from "../../components/controls.js";

export const STATUSES = { ativo: ["Ativo", "ok"], inativo: ["Inativo", ""], suspenso: ["Suspenso", "warn"], bloqueado: ["Bloqueado", "danger"] };
export const StatusTag = ({ status }) => html`<${Tag} kind=${STATUSES[status]?.[1]}>${STATUSES[status]?.[0] ?? status}<//>`;
export const REGIMES = { simples_nacional: "Simples Nacional", lucro_presumido: "Lucro presumido", lucro_real: "Lucro real", mei: "MEI", outro: "Outro" };
export const PERSONS = { juridica: "Empresa (CNPJ)", fisica: "Pessoa física (CPF)" };
export const KINDS = { contrato: "Contrato", boleto: "Boleto", proposta: "Proposta", certificado: "Certificado", licenca: "Licença", alvara: "Alvará", comprovante: "Comprovante", outro: "Outro" };
export const DOCUMENT_STATUSES = { gerado: ["Gerado", ""], enviado: ["Enviado", "accent"], assinado: ["Assinado", "ok"], aprovado: ["Aprovado", "ok"], rejeitado: ["Rejeitado", "danger"], cancelado: ["Cancelado", ""], expirado: ["Expirado", "warn"] };
export const options = (words) => Object.entries(words).map(([key, word]) => [key, Array.isArray(word) ? word[0] : word]);
/** The number that a customer is written to at, as people write it. */
export const numberOf = (row) => phone((row.whatsapp_e164 ?? row.telefone_e164 ?? "").replace("+", "")) || row.whatsapp || row.telefone || "";
/** 2026-12-31 as 31/12/2026: a day has no time zone. */
export const day = (date) => date?.split("-").reverse().join("/");
