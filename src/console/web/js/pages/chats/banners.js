// What has to be known before answering: an offer that runs out, a hand-over, the 24-hour window.
import { html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { countdown, dateTime, duration } from "../../lib/format.js";
import { now } from "../../lib/now.js";
import { Link, navigate } from "../../lib/router.js";
import { me } from "../../lib/session.js";
import { Button } from "../../components/controls.js";
import { Icon } from "../../components/icon.js";
import { fail } from "../../components/toast.js";
import { isOpen, loadDetail, offers, path, refresh } from "../../store/chats.js";
import { preview } from "./kinds.js";
import { address } from "./lists.js";

/** Shown from then on: the hub itself tells of the last hour. */
const WINDOW_SHOWN_MS = 4 * 3_600_000;
const WINDOW_URGENT_MS = 3_600_000;

export function Banners({ row, detail, onAccept }) {
  if (!isOpen(row)) return null;
  const offer = offers.value.get(row.chat_id);
  const handOver = detail?.transferencia_pendente;
  return html`${offer && html`<${Offer} row=${row} until=${offer} onAccept=${onAccept} />`}
    ${!offer && handOver && row.atendente_id === me.value.id && html`<${HandOver} row=${row} handOver=${handOver} />`}
    <${Window} detail=${detail} />`;
}

/** What one may say to an offer: `[isBusy, accept, refuse]`. */
function useOffer(row) {
  const [isBusy, setBusy] = useState(false);
  const say = (action) => async () => {
    setBusy(true);
    await api.post(path(row.chat_id, `${action}/`)).catch(fail);
    await refresh(row.chat_id);
    setBusy(false);
  };
  return [isBusy, say("aceitar"), say("recusar")];
}

const timeLeft = (until) => (until > now.value ? countdown(until - now.value) : "0:00");

function Offer({ row, until, onAccept }) {
  const [isBusy, , refuse] = useOffer(row);
  return html`<div class="banner accent" role="alert"><${Icon} name="timer" />
    <span class="grow">Esta conversa é oferecida a você. <span class="numbers" aria-live="off">Responda em ${timeLeft(until)}.</span></span>
    <${Button} class="small" isBusy=${isBusy} onClick=${refuse}>Recusar<//><${Button} class="small" kind="primary" onClick=${onAccept}>Aceitar<//></div>`;
}

/** An offer above the list, wherever one is in it. */
export function OfferCard({ row, until }) {
  const [isBusy, accept, refuse] = useOffer(row);
  const take = async () => {
    await accept();
    navigate(address(row.chat_id));
  };
  return html`<section class="offer" role="alert" aria-label=${`Oferta: ${row.cliente_nome}`}>
    <${Link} class="offer-text" href=${address(row.chat_id)}><span class="chat-row-line"><strong class="cut grow">${row.cliente_nome}</strong><span class="numbers offer-time" aria-live="off"><${Icon} name="timer" size=${14} />${timeLeft(until)}</span></span><span class="cut">${preview(row)}</span><//>
    <div class="offer-buttons"><${Button} class="small" disabled=${isBusy} onClick=${refuse}>Recusar<//><${Button} class="small" kind="primary" isBusy=${isBusy} onClick=${take}>Aceitar<//></div>
  </section>`;
}

function HandOver({ row, handOver }) {
  const answer = (action) => async () => {
    try {
      await api.post(path(row.chat_id, `transferencia/${action}/`));
      if (action === "aceitar") loadDetail(row.chat_id).catch(fail);
      else refresh(row.chat_id);
    } catch (error) {
      fail(error);
      refresh(row.chat_id);
    }
  };
  return html`<div class="banner accent" role="status"><${Icon} name="arrow-right-left" />
    <span class="grow"><strong>${handOver.atendente_origem_nome || "Um colega"}</strong> passou esta conversa a você${handOver.motivo ? html`: “${handOver.motivo}”` : "."}</span>
    <${Button} class="small" onClick=${answer("recusar")}>Devolver à fila<//><${Button} class="small" kind="primary" onClick=${answer("aceitar")}>Ficar com ela<//></div>`;
}

function Window({ detail }) {
  if (!detail?.janela_aberta_ate) return null;
  const until = Date.parse(detail.janela_aberta_ate);
  const left = until - now.value;
  if (left > WINDOW_SHOWN_MS) return null;
  if (left <= 0) {
    return html`<div class="banner warn" role="status"><${Icon} name="hourglass" /><span>A janela de 24 horas fechou em ${dateTime(until)}. Só um modelo aprovado pode ser enviado até o cliente escrever.</span></div>`;
  }
  return html`<div class=${left < WINDOW_URGENT_MS ? "banner warn" : "banner"}><${Icon} name="hourglass" />
    <span>A janela de 24 horas fecha em <span class="numbers">${left < WINDOW_URGENT_MS ? countdown(left) : duration(left)}</span>.</span></div>`;
}
