// Linking a number: a code to scan, or one to type on the phone. Both end visibly.
import { classes, html, useEffect, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { countdown } from "../../lib/format.js";
import { useEvents } from "../../lib/load.js";
import { now } from "../../lib/now.js";
import { Button } from "../../components/controls.js";
import { FormTrouble, TextField, useForm } from "../../components/form.js";
import { Icon } from "../../components/icon.js";

const isPairing = (status) => status === "connecting" || status === "qrcode";

export const start = (id, phone) => api.post("whatsapp/sessions/start/", { session_id: id, ...(phone && { pairing_phone: phone }) });

/** `{ image | text, expiresAt }`: the code that is valid now. Of a row we do not know until when it is. */
function useCode(row) {
  const [code, setCode] = useState(null);
  const stored = row.qr_code ? { image: row.qr_code, expiresAt: null } : row.pairing_code ? { text: row.pairing_code, expiresAt: null } : null;
  useEvents(["qrcode"], (data) => data.session_id === row.id && setCode({ image: data.image_b64, expiresAt: Date.parse(data.expires_at) }));
  useEvents(["pairing_code"], (data) => data.session_id === row.id && setCode({ text: data.pairing_code, expiresAt: Date.parse(data.expires_at) }));
  useEffect(() => {
    if (!isPairing(row.status)) setCode(null);
  }, [row.status]);
  return isPairing(row.status) ? (code ?? stored) : null;
}

export function Pairing({ row, onStart }) {
  const code = useCode(row);
  if (row.status === "ready" || !row.is_active) return null;
  if (code) return html`<${Code} code=${code} />`;
  if (isPairing(row.status) || row.status === "authenticated") return html`<p class="pairing-wait" role="status"><${Icon} name="loader-circle" />${row.status === "authenticated" ? "Autenticado. Abrindo a conexão…" : "Conectando…"}</p>`;
  return html`<${Begin} row=${row} onStart=${onStart} />`;
}

function Begin({ row, onStart }) {
  const [byPhone, setByPhone] = useState(false);
  const form = useForm({ pairing_phone: "" });
  const go = async (phone) => (await form.submit(() => start(row.id, phone))) && onStart();
  if (row.provider === "cloud") return html`<div class="pairing-begin"><${Button} kind="primary" icon="plug" isBusy=${form.isBusy} onClick=${() => go()}>Conectar<//><${FormTrouble} form=${form} /></div>`;
  if (!byPhone) {
    return html`<div class="pairing-begin"><${Button} kind="primary" icon="qr-code" isBusy=${form.isBusy} onClick=${() => go()}>Conectar com QR code<//>
      <${Button} icon="smartphone" onClick=${() => setByPhone(true)}>Conectar com um código<//><${FormTrouble} form=${form} /></div>`;
  }
  const submit = (event) => {
    event.preventDefault();
    go(form.values.pairing_phone.trim());
  };
  return html`<form class="pairing-phone" onSubmit=${submit} noValidate>
    <${TextField} form=${form} name="pairing_phone" label="Número do celular" hint="Com DDD: 11 98888-7777. Chega um aviso no celular, e o código a digitar aparece aqui." type="tel" autofocus required />
    <${FormTrouble} form=${form} />
    <div class="chips"><${Button} kind="primary" type="submit" isBusy=${form.isBusy}>Pedir o código<//><${Button} onClick=${() => setByPhone(false)}>Voltar ao QR code<//></div>
  </form>`;
}

function Code({ code }) {
  const left = code.expiresAt === null ? null : code.expiresAt - now.value;
  const isOver = left !== null && left <= 0;
  const state = left === null ? "Vale por pouco tempo; o próximo o substitui aqui." : isOver ? "Este código expirou. O próximo aparece aqui; se não vier, conecte de novo." : `Vale por ${countdown(left)}`;
  return html`<div class="pairing">
    <div class=${classes("pairing-code", isOver && "over")}>
      ${code.image ? html`<img src=${`data:image/png;base64,${code.image}`} alt="QR code para ligar o celular" width="232" height="232" />` : html`<output class="pairing-text" aria-label="Código para digitar no celular">${code.text.slice(0, 4)}–${code.text.slice(4)}</output>`}
      ${isOver && html`<span class="pairing-over"><${Icon} name="timer" size=${22} />Expirado</span>`}
    </div>
    <div class="pairing-how">
      <h3>${code.image ? "Escaneie com o celular" : "Digite no celular"}</h3>
      <ol class="steps"><li>Abra o WhatsApp no celular deste número.</li><li>Em <strong>Dispositivos conectados</strong>, toque em <strong>Conectar dispositivo</strong>.</li>
        <li>${code.image ? "Aponte a câmera para este código." : html`Escolha <strong>Conectar com número de telefone</strong> e digite o código.`}</li></ol>
      <p class=${classes("pairing-state numbers", isOver && "over")} role="status"><${Icon} name="timer" size=${16} />${state}</p>
    </div>
  </div>`;
}
