// Webhooks: other systems that are told what happens, and what became of each delivery.
import { html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { dateTime, number } from "../../lib/format.js";
import { copy } from "../../lib/clipboard.js";
import { useEvents, useLoaded } from "../../lib/load.js";
import { navigate } from "../../lib/router.js";
import { Confirm } from "../../components/confirm.js";
import { Button, IconButton, Tag } from "../../components/controls.js";
import { Dialog } from "../../components/dialog.js";
import { changesOf, ChoicesField, FormTrouble, SaveBar, SwitchField, TextField, useForm } from "../../components/form.js";
import { Icon } from "../../components/icon.js";
import { Menu } from "../../components/menu.js";
import { Card, Mark, Page, Pairs, Row, Rows } from "../../components/page.js";
import { Failure, Skeleton } from "../../components/states.js";
import { fail, toast } from "../../components/toast.js";
import { Deliveries, ReplayDialog } from "./deliveries.js";

const PATH = "/configuracoes/integracoes";
const BACK = [PATH, "Integrações"];
export const EVENTS = [
  ["new_chat", "Conversa nova"], ["message_received", "Mensagem recebida"], ["message_sent", "Mensagem enviada"], ["message_status", "Estado de uma mensagem"], ["message_updated", "Mensagem alterada"], ["media_status", "Arquivo de uma mensagem"],
  ["chat_assigned", "Conversa entregue"], ["chat_transferred", "Conversa transferida"], ["chat_requeued", "Conversa de volta à fila"], ["chat_overflowed", "Conversa transbordada"], ["chat_closed", "Conversa encerrada"], ["chat_auto_closed", "Encerrada por inatividade"], ["chat_rated", "Avaliação"], ["session_status", "Estado de um número"],
];
const OPTIONS = EVENTS.map(([name, label]) => [name, label, name]);

function StateTag({ row }) {
  if (!row.ativo) return html`<${Tag}>Desligado<//>`;
  if (row.pausado_ate) return html`<${Tag} kind="danger">Em pausa<//>`;
  return row.falhas_seguidas > 0 ? html`<${Tag} kind="warn">Com falhas<//>` : html`<${Tag} kind="ok">Ligado<//>`;
}

export function Webhooks() {
  const list = useLoaded(() => api.all("integracoes/webhooks/"));
  const [isAsked, setAsked] = useState(false);
  useEvents(["webhook_failing"], list.reload);
  return html`<${Card} title="Webhooks" lead="Outros sistemas que são avisados do que acontece aqui." actions=${html`<${Button} class="small" kind="primary" icon="plus" onClick=${() => setAsked(true)}>Novo webhook<//>`}>
    <${Rows} list=${list} label="Webhooks" empty=${{ icon: "webhook", title: "Nenhum webhook", children: "Avise o ERP ou o CRM quando uma conversa chega ou termina." }}
      row=${(row) => html`<${Row} href=${`${PATH}/${row.id}`} dim=${!row.ativo} mark=${html`<${Mark} icon="webhook" kind=${row.pausado_ate ? "danger" : ""} />`} title=${row.nome} hint=${row.url}>${row.desistencias > 0 && html`<${Tag} kind="warn">${number(row.desistencias)} não entregues<//>`}<${StateTag} row=${row} /><//>`} />
    ${isAsked && html`<${NewDialog} onClose=${() => setAsked(false)} />`}
  <//>`;
}

function NewDialog({ onClose }) {
  const form = useForm({ nome: "", url: "", eventos: ["new_chat", "chat_closed"], ativo: true });
  const [made, setMade] = useState(null);
  const submit = async () => setMade((await form.submit((values) => api.post("integracoes/webhooks/", values))) ?? null);
  if (made) return html`<${SecretDialog} key="secret" secret=${made.segredo} onClose=${() => navigate(`${PATH}/${made.id}`)} />`;
  return html`<${Dialog} key="new" title="Novo webhook" onClose=${onClose} onSubmit=${submit} footer=${html`<${Button} onClick=${onClose}>Cancelar<//><${Button} kind="primary" type="submit" isBusy=${form.isBusy}>Criar<//>`}>
    <${TextField} form=${form} name="nome" label="Nome" required autofocus /><${TextField} form=${form} name="url" label="Endereço" placeholder="https://erp.empresa.com.br/dx" type="url" required />
    <${ChoicesField} form=${form} name="eventos" label="Eventos" options=${OPTIONS} /><${FormTrouble} form=${form} />
  <//>`;
}

/** Shown once: nobody can read it again. */
function SecretDialog({ secret, until, onClose }) {
  const [isCopied, setCopied] = useState(false);
  return html`<${Dialog} title="O segredo do webhook" onClose=${onClose} onSubmit=${onClose} footer=${html`<${Button} kind="primary" type="submit">Guardei<//>`}>
    <p class="soft">Assina cada entrega (cabeçalho X-DX-Signature). Guarde-o agora: não é mostrado de novo.${until && ` O anterior assina também até ${dateTime(until)}.`}</p>
    <div class="secret"><output class="cut">${secret}</output><${Button} class="small" icon=${isCopied ? "check" : "copy"} onClick=${async () => setCopied(await copy(secret))}>${isCopied ? "Copiado" : "Copiar"}<//></div>
  <//>`;
}

export function WebhookPage({ id }) {
  const { data: row, error, reload, set } = useLoaded(() => api.get(`integracoes/webhooks/${id}/`), [id]);
  const [dialog, setDialog] = useState(null);
  const [ping, setPing] = useState(null);
  const [round, setRound] = useState(0);
  useEvents(["webhook_failing"], ({ webhook_id: about }) => about === id && reload());
  if (error && !row) return html`<${Page} title="Webhook" back=${BACK}><${Failure} error=${error} onRetry=${reload} /><//>`;
  if (!row) return html`<${Page} title="Webhook" back=${BACK}><${Skeleton} rows=${6} kind="row" /><//>`;
  const changed = () => {
    setRound(round + 1);
    reload();
  };
  const test = async () => {
    setPing({ isBusy: true });
    try {
      setPing(await api.post(`integracoes/webhooks/${id}/ping/`));
      changed();
    } catch (error) {
      setPing(null);
      fail(error);
    }
  };
  const resume = async () => {
    try {
      set(await api.post(`integracoes/webhooks/${id}/reativar/`));
      toast("O webhook voltou; o que espera sai agora.", { kind: "ok" });
      changed();
    } catch (error) {
      fail(error);
    }
  };
  const destroy = async () => {
    await api.remove(`integracoes/webhooks/${id}/`);
    toast("Webhook excluído.", { kind: "ok" });
    navigate(PATH);
  };
  const rotate = async () => {
    const answer = await api.post(`integracoes/webhooks/${id}/segredo/`);
    setDialog({ secret: answer.segredo, until: answer.segredo_anterior_ate });
  };
  return html`<${Page} title=${row.nome} back=${BACK} lead=${row.url} aside=${html`<${StateTag} row=${row} />`}
    actions=${html`${(row.pausado_ate || !row.ativo) && html`<${Button} kind="primary" icon="play" onClick=${resume}>Reativar<//>`}<${Button} icon="zap" isBusy=${ping?.isBusy} onClick=${test}>Enviar um teste<//>
      <${Menu} label="Mais sobre o webhook" side="bottom-end" button=${(attributes) => html`<${IconButton} icon="ellipsis" label="Mais sobre o webhook" ...${attributes} />`}
        items=${[{ label: "Reenviar um período…", icon: "rotate-ccw-clock", run: () => setDialog("replay") }, { label: "Trocar o segredo…", icon: "key-round", run: () => setDialog("rotate") }, { label: "Excluir…", icon: "trash", kind: "danger", run: () => setDialog("destroy") }]} />`}>
    ${ping && !ping.isBusy && html`<${PingResult} ping=${ping} onClose=${() => setPing(null)} />`}
    <${Card} title="Entregas" lead="Dos últimos 14 dias">
      <${Pairs} rows=${[["Entregues", number(row.entregues)], ["À espera", number(row.pendentes)], ["Em nova tentativa", number(row.em_nova_tentativa)], ["Não entregues", number(row.desistencias)], ["Falhas seguidas", row.falhas_seguidas || null], ["Em pausa até", row.pausado_ate && dateTime(row.pausado_ate)], ["Último sucesso", row.ultimo_sucesso_em && dateTime(row.ultimo_sucesso_em)], ["Última falha", row.ultima_falha_em && dateTime(row.ultima_falha_em)], ["Último erro", row.ultimo_erro]]} />
    <//>
    <${Deliveries} key=${round} id=${id} onChange=${reload} />
    <${Settings} row=${row} onSaved=${set} />
    ${dialog === "replay" && html`<${ReplayDialog} row=${row} onClose=${() => setDialog(null)} onDone=${() => { setDialog(null); changed(); }} />`}
    ${dialog === "rotate" && html`<${Confirm} title="Trocar o segredo?" kind="primary" label="Trocar" icon="key-round" run=${rotate} onClose=${() => setDialog((now) => (now === "rotate" ? null : now))}>O novo vale já; o anterior assina também por 24 horas, para que o outro sistema tenha tempo de mudar.<//>`}
    ${dialog === "destroy" && html`<${Confirm} title=${`Excluir ${row.nome}?`} label="Excluir" icon="trash" run=${destroy} onClose=${() => setDialog(null)}>As entregas dele vão junto, também as que ainda esperam.<//>`}
    ${dialog?.secret && html`<${SecretDialog} secret=${dialog.secret} until=${dialog.until} onClose=${() => setDialog(null)} />`}
  <//>`;
}

const PingResult = ({ ping, onClose }) => html`<div class=${`notice ${ping.entregue ? "ok" : "danger"}`} role="status"><${Icon} name=${ping.entregue ? "check" : "circle-alert"} size=${16} />
  <span class="grow">${ping.entregue ? `O teste foi aceito em ${number(ping.duracao_ms)} ms (HTTP ${ping.status_http}).` : `O teste não foi aceito: ${ping.erro || `HTTP ${ping.status_http}`}`}${ping.resposta && html`<br /><code>${ping.resposta}</code>`}</span><${IconButton} icon="x" size=${15} label="Fechar" onClick=${onClose} /></div>`;

function Settings({ row, onSaved }) {
  const { nome, url, eventos, ativo } = row;
  const form = useForm({ nome, url, eventos, ativo });
  const save = async () => {
    const saved = await form.submit(() => api.patch(`integracoes/webhooks/${row.id}/`, changesOf(form)));
    if (!saved) return;
    toast("Webhook salvo.", { kind: "ok" });
    onSaved(saved);
  };
  return html`<${Card} title="Ajustes" onSubmit=${save}>
    <div class="fields"><${TextField} form=${form} name="nome" label="Nome" /><${TextField} form=${form} name="url" label="Endereço" type="url" hint="https:// e endereço público." /></div>
    <${SwitchField} form=${form} name="ativo" label="Ligado" hint="O que acontece enquanto está desligado não é guardado para ele." />
    <${ChoicesField} form=${form} name="eventos" label="Eventos" options=${OPTIONS} /><${SaveBar} form=${form} />
  <//>`;
}
