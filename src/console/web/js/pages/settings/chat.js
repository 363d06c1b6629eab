// How conversations run by themselves, and what customers are told without anybody writing it.
import { classes, html } from "../../lib/html.js";
import { SwitchField, TextField } from "../../components/form.js";
import { Card } from "../../components/page.js";
import { Section } from "./section.js";

const NUMBERS = ["timeout_inatividade_minutos", "minutos_aviso_inatividade", "limite_chats_simultaneos"];
const SERVICE = [...NUMBERS, "inatividade_somente_expediente", "solicitar_avaliacao", "distribuicao_automatica"];

export const Service = () => html`<${Section} part="chat" names=${SERVICE} numbers=${NUMBERS}>${(form) => html`
  <${Card} title="Distribuição">
    <${SwitchField} form=${form} name="distribuicao_automatica" label="Distribuir conversas automaticamente" hint="Desligada, elas esperam até que alguém as aceite." />
    <div class="fields"><${TextField} form=${form} name="limite_chats_simultaneos" label="Limite mostrado de conversas por pessoa" hint="Só é mostrado; quanto cada pessoa recebe diz o departamento." inputmode="numeric" /></div>
  <//>
  <${Card} title="Cliente que não responde">
    <div class="fields"><${TextField} form=${form} name="timeout_inatividade_minutos" label="Encerrar depois de quantos minutos" inputmode="numeric" /><${TextField} form=${form} name="minutos_aviso_inatividade" label="Avisar quantos minutos antes" hint="No máximo metade do tempo; 0: sem aviso." inputmode="numeric" /></div>
    <${SwitchField} form=${form} name="inatividade_somente_expediente" label="Contar só dentro do horário" hint="Ninguém é encerrado de madrugada." />
  <//>
  <${Card} title="Avaliação"><${SwitchField} form=${form} name="solicitar_avaliacao" label="Pedir uma nota ao encerrar" hint="O cliente responde de 1 a 5; os textos ficam em Mensagens automáticas." /><//>`}<//>`;

const COMMON = ["nome", "departamento", "protocolo"];
const MESSAGES = [
  ["Ao começar", [["mensagem_saudacao", "Saudação", "Quando uma conversa começa.", COMMON], ["mensagem_fora_expediente", "Fora do horário", "No lugar da saudação.", COMMON], ["mensagem_ausente", "Ninguém disponível", "Quando não há quem atenda.", [...COMMON, "posicao", "espera"]]]],
  ["Cliente que não responde", [["mensagem_inatividade", "Aviso antes de encerrar", "", [...COMMON, "minutos"]]]],
  ["Ao terminar", [["mensagem_encerramento", "Despedida", "Quando uma pessoa encerra.", COMMON], ["mensagem_avaliacao", "Convite para avaliar", "Se a avaliação está ligada.", COMMON], ["mensagem_agradecimento_avaliacao", "Depois da nota", "", COMMON]]],
];
const NAMES = MESSAGES.flatMap(([, fields]) => fields.map(([name]) => name));
/** What a customer would read, for the eye. */
const EXAMPLE = { nome: "Maria", departamento: "Suporte", protocolo: "4821", posicao: "2", espera: "6 minutos", minutos: "5" };
const filled = (text) => (text ?? "").replace(/\{\{\s*(\w+)\s*\}\}/g, (whole, name) => EXAMPLE[name] ?? whole);

export const Messages = () => html`<${Section} part="chat" names=${NAMES}>${(form) => html`${MESSAGES.map(([title, fields]) => html`<${Card} key=${title} title=${title}>
  ${fields.map(([name, label, hint, marks]) => html`<div class="message-field" key=${name}>
    <div><${TextField} form=${form} name=${name} label=${label} hint=${[hint, "Vazia, não é enviada."].filter(Boolean).join(" ")} area rows="3" maxlength="4096" />
      <div class="marks">${marks.map((mark) => html`<button type="button" class="mark" key=${mark} aria-label=${`Inserir {{${mark}}} em ${label}`} onClick=${() => form.set(name, `${form.values[name] ?? ""}{{${mark}}}`)}>{{${mark}}}</button>`)}</div></div>
    <p class=${classes("message-bubble", !form.values[name] && "none")} aria-label=${`Como o cliente lê: ${label}`}>${filled(form.values[name]) || "Não é enviada"}</p>
  </div>`)}<//>`)}`}<//>`;
