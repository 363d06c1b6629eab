// Why a chat is where it is: each decision with what was known at that moment, and by whom it went.
import { classes, html, useEffect, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { dateTime, duration, plural } from "../../lib/format.js";
import { Link } from "../../lib/router.js";
import { Tag } from "../../components/controls.js";
import { Dialog } from "../../components/dialog.js";
import { Icon } from "../../components/icon.js";
import { Failure, Skeleton } from "../../components/states.js";
import { path } from "../../store/chats.js";
import { agentsById, departmentsById, nameOf } from "../../store/people.js";
import { onEvent } from "../../lib/socket.js";

const VERDICTS = {
  escolhido: ["escolhido", "ok"],
  disponivel: ["disponível", "ok"],
  sem_vaga: ["sem vaga", "warn"],
  sem_competencia: ["sem a competência", "warn"],
  recusou: ["já recusou", "warn"],
  passou_adiante: ["acabou de passar adiante", "warn"],
  offline: ["offline"],
  ocupado: ["ocupado"],
  ausente: ["em pausa"],
  reconectando: ["reconectando"],
  desativado: ["desativado"],
};

const personName = (id) => nameOf(agentsById.value.get(id)) || "alguém";
const placeName = (id) => departmentsById.value.get(id)?.nome ?? "outro departamento";

/** Icon and sentence of a decision. */
function told(decision) {
  const { tipo, atendente_nome: agent, departamento_nome: place, decidido_por_id: by, atendente_id: to, motivos } = decision;
  const author = by && personName(by);
  switch (tipo) {
    case "atribuido":
      return ["user", `Entregue a ${agent} pelo sistema`];
    case "oferecido":
      return ["timer", `Oferecida a ${agent}`];
    case "oferta_recusada":
      return ["x", `${agent} recusou a oferta`];
    case "oferta_sem_resposta":
      return ["hourglass", `${agent} não respondeu à oferta`];
    case "aceito":
      return ["check", !by || by === to ? `${agent} aceitou` : `${author} entregou a ${agent}`];
    case "transferido":
      return ["arrow-right-left", `${author ?? "O sistema"} passou ${agent ? `a ${agent}` : `à fila de ${place}`}`];
    case "transferencia_devolvida":
      return ["reply", `A transferência voltou à fila de ${place}`];
    case "devolvido_a_fila":
      return ["reply", `Voltou à fila de ${place}`];
    case "transbordado":
      return ["arrow-right-left", `Esperou demais${motivos.de_departamento_id ? ` em ${placeName(motivos.de_departamento_id)}` : ""} e foi para ${place}`];
    case "priorizado":
      return motivos.priorizado ? ["arrow-up", `${author ?? "Alguém"} pôs à frente de todas`] : ["arrow-down", `${author ?? "Alguém"} devolveu à ordem da fila`];
    default:
      return ["circle", tipo];
  }
}

/** What is worth saying of the reasons beside who was looked at. */
function marks({ posicao, esperou_segundos: waited, janela_fechando: window_, prazo_vencendo: deadline, competencias, acima_da_capacidade: over, priorizado: pinned }, isNow) {
  return [
    posicao && { text: `${posicao}ª da fila` },
    waited > 0 && { text: `${isNow ? "espera" : "esperou"} ${duration(waited * 1000)}` },
    pinned && isNow && { text: "posta à frente", kind: "accent" },
    deadline && { text: "prazo vencendo", kind: "warn" },
    window_ && { text: "janela de 24 h fechando", kind: "warn" },
    over && { text: "além do limite", kind: "warn" },
    ...competencias.map((skill) => ({ text: `pede ${skill}`, kind: "accent" })),
  ].filter(Boolean);
}

const Marks = ({ reasons, isNow }) => html`<span class="why-marks">${marks(reasons, isNow).map(({ text, kind }) => html`<${Tag} key=${text} kind=${kind}>${text}<//>`)}</span>`;

function Considered({ reasons }) {
  const { avaliados: rows, omitidos: omitted } = reasons;
  if (rows.length === 0) return null;
  return html`<div class="table-wrap" tabindex="0" role="region" aria-label="Quem foi avaliado"><table class="table why-table"><thead><tr><th scope="col">Pessoa</th><th scope="col">Resultado</th><th scope="col" class="number">Conversas</th><th scope="col" class="number">Sem receber há</th></tr></thead>
    <tbody>${rows.map((row) => html`<tr key=${row.atendente_id}><th scope="row">${row.atendente_nome}${row.ultimo_atendente && html` <small>já atendeu este cliente</small>`}</th><td><${Tag} kind=${VERDICTS[row.resultado]?.[1]}>${VERDICTS[row.resultado]?.[0] ?? row.resultado}<//></td><td class="number">${row.carga} de ${row.capacidade}</td><td class="number">${row.ocioso_segundos === null ? "—" : duration(row.ocioso_segundos * 1000)}</td></tr>`)}</tbody></table>
    ${omitted > 0 && html`<p class="soft">e mais ${plural(omitted, "pessoa", "pessoas")}</p>`}</div>`;
}

export function Why({ chatId, onClose }) {
  const [state, setState] = useState({ why: null, segments: [], detail: null, error: null });
  const load = async () => {
    try {
      const [why, segments, detail] = await Promise.all([
        api.get(path(chatId, "porque/")),
        api.get(path(chatId, "segmentos/")),
        // Not there once it is closed.
        api.get(path(chatId)).catch(() => null),
      ]);
      setState({ why, segments, detail, error: null });
    } catch (error) {
      setState((old) => ({ ...old, error }));
    }
  };
  useEffect(() => {
    load();
    return onEvent("*", (name, data) => data.chat_id === chatId && /^chat_|^new_chat/.test(name) && load());
  }, [chatId]);
  const { why, segments, detail, error } = state;
  const name = detail?.cliente_nome;
  return html`<${Dialog} title=${name ? `Por que ${name} está aqui` : "Por que está aqui"} size="large" onClose=${onClose}>
    ${error && !why && html`<${Failure} error=${error} onRetry=${load} />`}
    ${!why && !error && html`<${Skeleton} rows=${5} kind="row" />`}
    ${why && html`
      ${why.espera && html`<section class="why-now"><h3>Agora</h3><p><strong>${why.espera.explicacao}</strong></p><${Marks} reasons=${why.espera.motivos} isNow=${true} /><${Considered} reasons=${why.espera.motivos} /></section>`}
      <section><h3>Caminho</h3><ol class="why-way">${segments.map((one, index) => html`<li key=${index} class=${classes(!one.fim && "last")}><span class="department-mark" style=${{ background: departmentsById.value.get(one.departamento_id)?.cor }}></span><span>${one.atendente_nome ?? "Na fila"}<small>${one.departamento_nome} · ${duration(one.segundos * 1000)}${one.fim ? "" : " até agora"}</small></span></li>`)}</ol></section>
      <section><h3>Decisões</h3>
        ${why.decisoes.length === 0 && html`<p class="soft">Nenhuma ainda: chegou à fila e espera desde então.</p>`}
        <ol class="why-list">${why.decisoes.map((decision) => html`<${Decision} key=${decision.id} decision=${decision} />`)}</ol></section>
      <p class="why-foot"><${Link} href=${`/conversas/${encodeURIComponent(chatId)}`}>Abrir a conversa<//> <span class="faint">· atendimento ${why.atendimento_id}</span></p>`}
  <//>`;
}

function Decision({ decision }) {
  const [isOpen, setOpen] = useState(false);
  const [icon, text] = told(decision);
  const count = decision.motivos.avaliados.length;
  return html`<li><span class="why-icon"><${Icon} name=${icon} size=${16} /></span><div class="grow">
    <div class="why-head"><strong>${text}</strong><time class="faint numbers">${dateTime(decision.criado_em)}</time></div>
    <${Marks} reasons=${decision.motivos} />
    ${count > 0 && html`<button type="button" class="text-button soft" aria-expanded=${isOpen ? "true" : "false"} onClick=${() => setOpen(!isOpen)}>${isOpen ? "Esconder quem foi avaliado" : `Quem foi avaliado (${count})`}</button>`}
    ${isOpen && html`<${Considered} reasons=${decision.motivos} />`}
  </div></li>`;
}
