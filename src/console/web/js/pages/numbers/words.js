// How numbers are spoken of.
import { html } from "../../lib/html.js";
import { phone } from "../../lib/format.js";
import { Tag } from "../../components/controls.js";

const STATUSES = {
  disconnected: ["Desconectado", ""],
  connecting: ["Conectando", "warn"],
  qrcode: ["Aguardando o celular", "warn"],
  authenticated: ["Autenticado", "warn"],
  ready: ["Conectado", "ok"],
  error: ["Com problema", "danger"],
};
const PROVIDERS = { web: ["WhatsApp Web", "smartphone"], cloud: ["Cloud API da Meta", "cloud"], sandbox: ["Simulado", "flask-conical"] };

export const statusWord = (status) => STATUSES[status]?.[0] ?? status;
export const StatusTag = ({ row }) => (row.is_active ? html`<${Tag} kind=${STATUSES[row.status]?.[1]}>${statusWord(row.status)}<//>` : html`<${Tag}>Fora de uso<//>`);
export const providerName = (provider) => PROVIDERS[provider]?.[0] ?? provider;
export const providerIcon = (provider) => PROVIDERS[provider]?.[1] ?? "phone";
/** What a number is called: the name somebody gave it. */
export const nameOf = (row) => row.device_name || phone(row.phone_number) || `Número ${row.id}`;
