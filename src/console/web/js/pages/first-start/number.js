// The default number is connected: scanned where there is something to scan.
import { classes, html, useEffect, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { countdown, phone } from "../../lib/format.js";
import { now } from "../../lib/now.js";
import { Link } from "../../lib/router.js";
import { onEvent } from "../../lib/socket.js";
import { Button, Field } from "../../components/controls.js";
import { Icon } from "../../components/icon.js";
import { fail } from "../../components/toast.js";
import { departments } from "../../store/people.js";
import { numbers, reloadNumbers } from "../../store/numbers.js";

const KINDS = {
  sandbox: "Este servidor simula o WhatsApp: o código é lido sozinho e nada sai daqui. Bom para experimentar.",
  web: "No celular, abra o WhatsApp, toque em Dispositivos conectados, depois em Conectar dispositivo, e leia o código.",
  cloud: "Um número da API oficial da Meta. O acesso (token e ids) é configurado em Números.",
};
const PHASES = [
  ["connecting", "Conectando"],
  ["qrcode", "Código para ler"],
  ["authenticated", "Pareado"],
  ["ready", "Pronto"],
];
/** Where a chat goes whose number has no department: to the first active one by name. */
const usual = () => departments.value.filter((row) => row.ativo).reduce((first, row) => (!first || row.nome < first.nome ? row : first), null);
const place = (status) => PHASES.findIndex(([name]) => name === status);

export function NumberStep({ isDone, onStay, onNext }) {
  const number = numbers.value.find((row) => row.is_default) ?? numbers.value[0];
  const [code, setCode] = useState(number?.qr_code ? { image: number.qr_code } : null);
  const [isBusy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState(null);
  const id = number?.id;
  const status = number?.status;
  useEffect(() => onEvent("qrcode", (data) => data.session_id === id && setCode({ image: data.image_b64, until: Date.parse(data.expires_at) })), [id]);
  useEffect(() => {
    if (status !== "qrcode") setCode(null);
    setTrouble(null);
    if (status !== "error") return undefined;
    let isGone = false;
    // In words, and what to do: the state alone is a code.
    api.get(`whatsapp/sessions/${id}/diagnostico/`).then(({ diagnostico }) => isGone || setTrouble(diagnostico[0]), () => {});
    return () => (isGone = true);
  }, [id, status]);
  if (!number) return html`<p class="soft">Nenhum número cadastrado. <${Link} href="/numeros">Cadastre um em Números<//>.</p>`;
  const start = async () => {
    setBusy(true);
    onStay();
    try {
      await api.post("whatsapp/sessions/start/", { session_id: id });
      await reloadNumbers();
    } catch (error) {
      fail(error);
    }
    setBusy(false);
  };
  const choose = async (event) => {
    try {
      await api.patch(`whatsapp/sessions/${id}/`, { departamento: Number(event.currentTarget.value) || null });
    } catch (error) {
      fail(error);
    }
    reloadNumbers().catch(fail);
  };
  const isOn = place(status) >= 0;
  return html`<div class="step-form">
    <p class="soft">${KINDS[number.provider]}</p>
    <${Field} label="As conversas deste número vão para" control=${(attributes) => html`<select ...${attributes} value=${number.departamento ?? ""} onChange=${choose}><option value="" selected=${!number.departamento}>${usual() ? `${usual().nome} (o primeiro pelo nome)` : "Nenhum departamento"}</option>${departments.value.filter((row) => row.ativo).map((row) => html`<option key=${row.id} value=${row.id} selected=${row.id === number.departamento}>${row.nome}</option>`)}</select>`} />
    ${isOn && html`<ol class="phases" aria-label="Conexão">${PHASES.map(([name, label], index) => html`<li key=${name} class=${classes(index < place(status) && "past", index === place(status) && "at")} aria-current=${index === place(status) ? "step" : undefined}><span class="phase-mark">${index < place(status) || status === "ready" ? html`<${Icon} name="check" size=${13} />` : ""}</span>${label}</li>`)}</ol>`}
    ${code && html`<figure class="qr"><img src=${`data:image/png;base64,${code.image}`} alt="Código para ler com o celular" width="232" height="232" />${code.until && html`<figcaption class="soft">Vale por mais <span class="numbers">${countdown(code.until - now.value)}</span>; depois vem outro.</figcaption>`}</figure>`}
    ${status === "error" && html`<p class="notice danger" role="alert"><${Icon} name="circle-alert" /><span>${trouble ? `${trouble.texto} ${trouble.o_que_fazer ?? ""}` : "A conexão não deu certo."}</span></p>`}
    <div class="step-actions">${status === "ready"
      ? html`<span class="tag ok"><${Icon} name="check" size=${13} />${phone(number.phone_number) || number.device_name}</span><${Button} kind="primary" onClick=${onNext}>Continuar<//>`
      : number.provider === "cloud" && !number.cloud?.phone_number_id
        ? html`<${Link} class="button primary" href=${`/numeros/${id}`}>Configurar em Números<//>`
        : html`<${Button} kind="primary" icon="qr-code" isBusy=${isBusy || (isOn && !code)} onClick=${start}>${status === "error" ? "Tentar de novo" : isOn ? "Conectando…" : "Conectar"}<//>`}
      <${Link} href="/numeros">${isDone ? "Todos os números" : "Outro número ou outro tipo"}<//></div>
  </div>`;
}
