// Another number for the company.
import { html } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { Button } from "../../components/controls.js";
import { Dialog } from "../../components/dialog.js";
import { FormTrouble, nested, SelectField, TextField, useForm } from "../../components/form.js";
import { departments } from "../../store/people.js";

/** The provider is chosen once; a number cannot change it. */
const KINDS = [
  ["web", "WhatsApp Web", "Um celular com WhatsApp, ligado por QR code ou código."],
  ["cloud", "Cloud API da Meta", "Um número da conta comercial na Meta; nada para escanear."],
  ["sandbox", "Simulado", "Para experimentar: ninguém recebe nada."],
];
const EMPTY = { provider: "web", device_name: "", departamento: "", "cloud.phone_number_id": "", "cloud.business_account_id": "", "cloud.access_token": "", "cloud.app_secret": "" };

export const departmentOptions = (none) => [["", none], ...departments.value.filter((row) => row.ativo).map((row) => [row.id, row.nome])];

export function NewNumberDialog({ onClose, onDone }) {
  const form = useForm(EMPTY);
  const isCloud = form.values.provider === "cloud";
  const submit = async () => {
    const row = await form.submit((values) => {
      const { cloud, departamento, ...rest } = nested(values);
      return api.post("whatsapp/sessions/", { ...rest, departamento: departamento ? Number(departamento) : null, ...(isCloud && { cloud }) });
    });
    if (row) onDone(row.id);
  };
  return html`<${Dialog} title="Novo número" onClose=${onClose} onSubmit=${submit}
    footer=${html`<${Button} onClick=${onClose}>Cancelar<//><${Button} kind="primary" type="submit" isBusy=${form.isBusy}>Criar<//>`}>
    <div class="options" role="radiogroup" aria-label="Tipo">${KINDS.map(([value, label, hint]) => html`<label class="option" key=${value}><input type="radio" name="provider" checked=${form.values.provider === value} onChange=${() => form.set("provider", value)} /><span>${label}<small>${hint}</small></span></label>`)}</div>
    <${TextField} form=${form} name="device_name" label="Nome" hint="Como a equipe o reconhece: Recepção, Vendas…" maxlength="100" required autofocus />
    <${SelectField} form=${form} name="departamento" label="Departamento" hint="Para onde vão as conversas que chegam por ele." options=${departmentOptions("O padrão da empresa")} />
    ${isCloud && html`<${CloudFields} form=${form} />`}
    <${FormTrouble} form=${form} />
  <//>`;
}

/** Access to Meta's Cloud API. Secrets are written only; `***` says that there is one. */
export function CloudFields({ form, hasSecrets = false }) {
  const kept = hasSecrets ? "*** mantém o que está gravado; vazio apaga." : undefined;
  return html`<div class="fields">
    <${TextField} form=${form} name="cloud.phone_number_id" label="ID do número (phone_number_id)" inputmode="numeric" />
    <${TextField} form=${form} name="cloud.business_account_id" label="ID da conta comercial (WABA)" inputmode="numeric" />
    <${TextField} form=${form} name="cloud.access_token" label="Token de acesso" hint=${kept ?? "De um usuário do sistema, com as duas permissões do WhatsApp Business."} type="password" autocomplete="new-password" />
    <${TextField} form=${form} name="cloud.app_secret" label="Segredo do app" hint=${kept ?? "Assina o que a Meta entrega."} type="password" autocomplete="new-password" />
    ${hasSecrets && html`<${TextField} form=${form} name="cloud.previous_app_secret" label="Segredo anterior" hint="Aceito também durante uma troca." type="password" autocomplete="new-password" />`}
  </div>`;
}
