// The settings of the company, section by section: whoever may change one sees it.
import { html } from "../../lib/html.js";
import { may } from "../../lib/session.js";
import { Page, Sections } from "../../components/page.js";
import { Empty } from "../../components/states.js";
import { Appearance } from "./appearance.js";
import { Company } from "./company.js";
import { Email, Mobile } from "./channels.js";
import { Hours } from "./hours.js";
import { Messages, Service } from "./chat.js";
import { WebhookPage, Webhooks } from "./webhooks.js";

const PATH = "/configuracoes";
const SECTIONS = [
  ["empresa", "Empresa", "core.manage_config_company", Company],
  ["atendimento", "Atendimento", "core.manage_config_chat", Service],
  ["mensagens", "Mensagens automáticas", "core.manage_config_chat", Messages],
  ["horarios", "Horários e feriados", "core.manage_config_chat", Hours],
  ["whatsapp", "WhatsApp", "core.manage_config_whatsapp", Mobile],
  ["email", "E-mail", "core.manage_config_email", Email],
  ["aparencia", "Aparência", "core.manage_config_appearance", Appearance],
  ["integracoes", "Integrações", "integracoes.manage_webhooks", Webhooks],
];

export default function SettingsPage({ params: { section, id } }) {
  const own = SECTIONS.filter(([, , right]) => may(right));
  const [name, , , Section] = own.find(([key]) => key === section) ?? own[0] ?? [];
  if (!Section) return html`<${Empty} icon="lock" title="Nenhuma configuração é sua" />`;
  if (name === "integracoes" && id) return html`<${WebhookPage} key=${id} id=${Number(id)} />`;
  return html`<${Page} title="Configurações" lead="Valem para a empresa inteira, na hora.">
    <${Sections} label="Configurações" items=${own.map(([key, label]) => [`${PATH}/${key}`, label])} current=${`${PATH}/${name}`} />
    <${Section} key=${name} />
  <//>`;
}
