// E-mail that the system sends, and what holds for all numbers.
import { html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { me } from "../../lib/session.js";
import { Confirm } from "../../components/confirm.js";
import { Button } from "../../components/controls.js";
import { SwitchField, TextField, useForm } from "../../components/form.js";
import { Card } from "../../components/page.js";
import { toast } from "../../components/toast.js";
import { Section } from "./section.js";

/** The API never shows the password: what is stored stands for itself. */
const readEmail = (email) => ({ ...email, smtp_senha: "***" });

export function Email() {
  const [isAsked, setAsked] = useState(false);
  return html`<${Section} part="email" numbers=${["smtp_port"]} read=${readEmail}>${(form) => html`
    <${Card} title="Servidor de e-mail" lead="Por ele saem os e-mails do sistema." actions=${html`<${Button} class="small" icon="mail-check" disabled=${form.isDirty} title=${form.isDirty ? "Salve antes de testar" : undefined} onClick=${() => setAsked(true)}>Enviar um teste<//>`}>
      <div class="fields"><${TextField} form=${form} name="smtp_host" label="Servidor SMTP" maxlength="253" placeholder="smtp.empresa.com.br" /><${TextField} form=${form} name="smtp_port" label="Porta" inputmode="numeric" />
      <${TextField} form=${form} name="smtp_usuario" label="Usuário" hint="Vazio: o servidor não pede login." maxlength="254" /><${TextField} form=${form} name="smtp_senha" label="Senha" hint="*** mantém a que estiver gravada; vazia a apaga." type="password" autocomplete="new-password" />
      <${TextField} form=${form} name="email_from" label="Remetente" type="email" placeholder="contato@empresa.com.br" /></div>
      <${SwitchField} form=${form} name="smtp_ssl" label="Só com conexão cifrada (TLS)" hint="Desligado: com TLS quando o servidor o oferece." />
    <//>`}<//>
    ${isAsked && html`<${TestDialog} onClose=${() => setAsked(false)} />`}`;
}

function TestDialog({ onClose }) {
  const form = useForm({ para: me.value.email });
  const run = async () => {
    const answer = await api.post("config/email/test/", { para: form.values.para });
    toast(answer?.message ?? "E-mail enviado.", { kind: "ok" });
  };
  return html`<${Confirm} title="Enviar um e-mail de teste" kind="primary" label="Enviar" icon="mail" run=${run} onClose=${onClose}><${TextField} form=${form} name="para" label="Para" type="email" required /><//>`;
}

export const Mobile = () => html`<${Section} part="whatsapp" numbers=${["reconnect_backoff_seconds"]}>${(form) => html`
  <${Card} title="WhatsApp" lead="Vale para todos os números; o que é de um só está na página dele.">
    <${SwitchField} form=${form} name="enabled" label="WhatsApp ligado" />
    <div class="fields"><${TextField} form=${form} name="device_name" label="Nome do aparelho" hint="Como aparece em Dispositivos conectados, no celular." maxlength="100" /><${TextField} form=${form} name="reconnect_backoff_seconds" label="Espera antes de reconectar, em segundos" inputmode="numeric" /></div>
    <${SwitchField} form=${form} name="stealth_mode" label="Modo discreto" hint="Não mostra aos clientes que o número está online." />
    <${SwitchField} form=${form} name="human_delays" label="Ritmo humano" hint="Pausas entre mensagens, como as de quem digita." />
    <div class="fields"><${TextField} form=${form} name="proxy_url" label="Proxy" hint="*** mantém o gravado; vazio apaga." placeholder="socks5://servidor:1080" /><${TextField} form=${form} name="session_data" label="Conexão exportada" hint="De versões anteriores. *** mantém; vazio apaga." /></div>
  <//>`}<//>`;
