// A customer's first message: simulated, or of a real telephone; seen as it arrives.
import { html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { phone, statusName } from "../../lib/format.js";
import { Link } from "../../lib/router.js";
import { Button } from "../../components/controls.js";
import { TextField, useForm } from "../../components/form.js";
import { Icon } from "../../components/icon.js";
import { fail } from "../../components/toast.js";
import { all, chats, isWaiting } from "../../store/chats.js";
import { own, setPresence } from "../../store/presence.js";
import { isConnected } from "../../store/first-start.js";
import { numbers } from "../../store/numbers.js";
import { StepForm } from "./form.js";

const FIRST = { name: "Cliente de teste", from: "+55 11 97000-0001", text: "Olá! Isto é um teste." };
const digits = (text) => text.replace(/\D/g, "");

export function TestStep({ onStay, onNext }) {
  const number = numbers.value.find(isConnected);
  const [sent, setSent] = useState(null);
  const form = useForm(FIRST);
  const save = async () => {
    const { name, from, text } = form.values;
    const chatId = digits(from);
    onStay();
    const isSent = await form.submit(() => api.post("whatsapp/inject-incoming/", { from: chatId, payload: { type: "text", text, contact_name: name } }));
    if (isSent === undefined) return;
    setSent({ chatId, text });
  };
  if (!number) return html`<p class="soft">Primeiro conecte um número, no passo anterior.</p>`;
  const row = sent ? chats.value.get(sent.chatId) : number.provider === "sandbox" ? null : all.value[0];
  // An automatic answer may be the last message already.
  const text = sent?.text ?? (row?.ultima_mensagem_direcao === "inbound" ? row.ultima_mensagem_texto : "");
  return html`<div class="step-form">
    ${own.value.status !== "online" && !row && html`<p class="notice"><${Icon} name="info" /><span class="grow">Quem está online recebe conversas. Fique online para que esta chegue a você.</span><${Button} class="small" onClick=${() => setPresence("online").catch(fail)}>Ficar online<//></p>`}
    ${number.provider === "sandbox"
      ? html`<${StepForm} form=${form} onSubmit=${save} actions=${html`<${Button} kind=${row ? undefined : "primary"} type="submit" isBusy=${form.isBusy} icon="send-horizontal">${row ? "Enviar outra" : "Enviar como cliente"}<//>`}>
        <div class="fields">
          <${TextField} form=${form} name="name" label="Nome do cliente" required maxlength="255" />
          <${TextField} form=${form} name="from" label="Número dele" required maxlength="30" inputmode="tel" />
        </div>
        <${TextField} form=${form} name="text" label="Mensagem" required maxlength="4096" />
      <//>`
      : html`<p>Escreva, de outro celular, para <strong class="numbers">${phone(number.phone_number)}</strong>. A conversa aparece aqui sozinha.</p>`}
    ${sent && !row && html`<p class="soft arriving" role="status"><${Icon} name="loader-circle" />A caminho…</p>`}
    ${row && html`<div class="arrived" role="status"><${Icon} name="circle-check-big" size=${22} /><div class="grow"><strong>${row.cliente_nome} escreveu</strong>${text && html`<span class="cut">“${text}”</span>`}
      <small>${row.departamento_nome} · ${isWaiting(row) ? (row.atendente_nome ? `oferecida a ${row.atendente_nome}` : "esperando na fila") : row.atendente_nome ? `com ${row.atendente_nome}` : statusName(row.status)}</small></div>
      <${Link} class="button" href=${`/conversas/${encodeURIComponent(row.chat_id)}`}>Abrir a conversa<//><${Button} kind="primary" onClick=${onNext}>Concluir<//></div>`}
  </div>`;
}
