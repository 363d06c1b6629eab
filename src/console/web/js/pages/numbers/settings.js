// What is chosen for a number.
import { html } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { changesOf, nested, SaveBar, SelectField, SwitchField, TextField, useForm } from "../../components/form.js";
import { Card } from "../../components/page.js";
import { toast } from "../../components/toast.js";
import { CloudFields, departmentOptions } from "./new.js";

const whole = (text) => (text === "" || text === null ? null : Number(text));

/** Saves what changed. `numbers`: names whose text is a number, or nothing. */
async function saveChanges(form, row, numbers, onSaved) {
  const saved = await form.submit(() => {
    const changes = changesOf(form);
    for (const name of numbers) if (name in changes) changes[name] = whole(changes[name]);
    return api.patch(`whatsapp/sessions/${row.id}/`, nested(changes));
  });
  if (saved === undefined) return;
  toast("Número salvo.", { kind: "ok" });
  onSaved(saved);
}

export function NumberSettings({ row, onSaved }) {
  const { device_name, auto_reconnect, keep_groups, proxy_enabled, proxy_url } = row;
  const form = useForm({ device_name, departamento: row.departamento ?? "", auto_reconnect, pace_ms: row.pace_ms ?? "", cold_contacts_per_day: row.cold_contacts_per_day ?? "", keep_groups, proxy_enabled, proxy_url });
  const isWeb = row.provider === "web";
  return html`<${Card} title="Ajustes" onSubmit=${() => saveChanges(form, row, ["departamento", "pace_ms", "cold_contacts_per_day"], onSaved)}>
    <div class="fields">
      <${TextField} form=${form} name="device_name" label="Nome" maxlength="100" />
      <${SelectField} form=${form} name="departamento" label="Departamento" hint="Para onde vão as conversas que chegam por ele." options=${departmentOptions("O padrão da empresa")} />
      <${TextField} form=${form} name="pace_ms" label="Ritmo, em milissegundos" inputmode="numeric" placeholder=${isWeb ? "800" : "livre"} hint="O tempo mínimo entre duas mensagens. Vazio: o do tipo do número." />
      <${TextField} form=${form} name="cold_contacts_per_day" label="Pessoas novas por dia" inputmode="numeric" placeholder=${isWeb ? "25" : "sem limite"} hint="Quantas que nunca escreveram podem ser contatadas. Vazio: o do tipo do número." />
    </div>
    <${SwitchField} form=${form} name="auto_reconnect" label="Reconectar por si" hint="Quando a conexão cai, volta sem que alguém faça nada." />
    ${isWeb && html`<${SwitchField} form=${form} name="keep_groups" label="Guardar mensagens de grupos" hint="Só para leitura, de quem vê todas as conversas. Sem isto o que se diz em grupos é descartado." />`}
    <${SwitchField} form=${form} name="proxy_enabled" label="Usar um proxy" hint="A partir da próxima conexão, também para arquivos." />
    ${(form.values.proxy_enabled || form.errors.proxy_url) && html`<${TextField} form=${form} name="proxy_url" label="Endereço do proxy" placeholder="socks5://usuario:senha@servidor:1080" maxlength="500" />`}
    <${SaveBar} form=${form} />
  <//>`;
}

export function CloudCard({ row, onSaved }) {
  const form = useForm(Object.fromEntries(Object.entries(row.cloud ?? {}).map(([name, value]) => [`cloud.${name}`, value])));
  return html`<${Card} title="Acesso à Cloud API" lead="Uma mudança reconecta o número." onSubmit=${() => saveChanges(form, row, [], onSaved)}>
    <${CloudFields} form=${form} hasSecrets />
    <${SaveBar} form=${form} />
  <//>`;
}
