// What happened in the service: figures of the period, by day, by department, by person.
import { html, useEffect, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { saveAnswer } from "../../lib/download.js";
import { clock, number } from "../../lib/format.js";
import { isAtLeast } from "../../lib/session.js";
import { Button } from "../../components/controls.js";
import { Chart, timeUnit } from "../../charts/chart.js";
import { Failure, Skeleton } from "../../components/states.js";
import { fail } from "../../components/toast.js";
import { Comparison } from "./comparison.js";
import { longDay, shortDay } from "./period.js";
import { mean, percent, seconds } from "./units.js";

const PATH = "atendimento/relatorios/";
const paramsOf = ({ from, to, department, agent }) => ({ de: from, ate: to, departamento: department, atendente: agent });

async function load(choice) {
  const ask = async (agrupar) => (await api.get(PATH, { ...paramsOf(choice), agrupar })).linhas;
  const [total, days, departments, agents] = await Promise.all(["total", "dia", "departamento", "atendente"].map(ask));
  return { total: total[0], days, departments, agents, at: Date.now() };
}

/** Saves the API's own CSV of a grouping. */
function CsvButton({ choice, grouping, label, children }) {
  const [isBusy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    await api.raw(PATH, { ...paramsOf(choice), agrupar: grouping, formato: "csv" }).then((answer) => saveAnswer(answer, `relatorio_${choice.from}_${choice.to}.csv`)).catch(fail);
    setBusy(false);
  };
  return html`<${Button} class="small" icon="download" isBusy=${isBusy} onClick=${run} aria-label=${`CSV ${label}`}>${children ?? "CSV"}<//>`;
}

export function ServiceReport({ choice }) {
  const [state, setState] = useState({ data: null, error: null, isBusy: true });
  const again = () => {
    let isGone = false;
    setState((old) => ({ ...old, error: null, isBusy: true }));
    load(choice).then((data) => isGone || setState({ data, error: null, isBusy: false }), (error) => isGone || setState({ data: null, error, isBusy: false }));
    return () => (isGone = true);
  };
  useEffect(again, [choice.from, choice.to, choice.department, choice.agent]);
  const { data, error, isBusy } = state;
  if (error) return html`<${Failure} error=${error} onRetry=${again} />`;
  if (!data) return html`<${Skeleton} rows=${6} kind="row" />`;
  return html`<div class="report" aria-busy=${isBusy ? "true" : "false"}>
    <${Totals} total=${data.total} />
    <div class="report-note soft"><span>Calculado às ${clock(data.at)}</span><${Button} kind="quiet" class="small" icon="refresh-cw" isBusy=${isBusy} onClick=${again}>Atualizar<//>
      <span class="report-csv"><${CsvButton} choice=${choice} grouping="dia" label="por dia">CSV por dia<//></span></div>
    <${Days} days=${data.days} total=${data.total} />
    ${isAtLeast("supervisor") && html`
      <${Comparison} title="Por departamento" rows=${data.departments} nameOf=${(row) => row.departamento_nome} idOf=${(row) => row.departamento} actions=${html`<${CsvButton} choice=${choice} grouping="departamento" label="por departamento" />`} />
      <${Comparison} title="Por pessoa" rows=${data.agents} nameOf=${(row) => row.atendente_nome} idOf=${(row) => row.atendente} actions=${html`<${CsvButton} choice=${choice} grouping="atendente" label="por pessoa" />`} />`}
  </div>`;
}

function Totals({ total }) {
  const { abertos, encerrados, encerrados_automaticamente: automatic, abandonados, espera, primeira_resposta: first, sla, avaliacoes, atendimento } = total;
  const items = [
    ["Abertas", number(abertos), `${number(total.mensagens.recebidas)} mensagens de clientes`],
    ["Encerradas", number(encerrados), automatic > 0 ? `${number(automatic)} por inatividade` : "por pessoas"],
    ["Abandonadas", number(abandonados), "ninguém chegou a atender"],
    ["No prazo", percent(sla.percentual), sla.total > 0 ? `${number(sla.no_prazo)} de ${number(sla.total)}` : "nenhuma resposta devida"],
    ["Espera", seconds(espera.p50_segundos), espera.p90_segundos === null ? "mediana" : `mediana; 90% até ${seconds(espera.p90_segundos)}`],
    ["Primeira resposta", seconds(first.p50_segundos), first.p90_segundos === null ? "mediana" : `mediana; 90% até ${seconds(first.p90_segundos)}`],
    ["Duração", seconds(atendimento.media_segundos), "média por conversa"],
    ["Avaliação", mean(avaliacoes.media), avaliacoes.total > 0 ? `de 5, em ${number(avaliacoes.total)}` : "nenhuma ainda"],
  ];
  return html`<dl class="totals report-totals">${items.map(([name, value, note]) => html`<div key=${name}><dt>${name}</dt><dd class="numbers">${value}</dd><dd class="faint">${note}</dd></div>`)}</dl>`;
}

const sum = (values) => values.reduce((all, value) => all + value, 0);

function Days({ days, total }) {
  const columns = days.map((row) => ({ label: shortDay(row.dia), title: longDay(row.dia) }));
  const of = (read) => days.map(read);
  const time = { columns, format: seconds, unitOf: timeUnit };
  const stars = total.avaliacoes.distribuicao;
  const offers = of((row) => row.ofertas.feitas);
  return html`<div class="charts">
    <${Chart} title="Conversas" columns=${columns} series=${[
      { name: "Abertas", kind: "bar", tone: "accent", values: of((row) => row.abertos) },
      { name: "Encerradas", kind: "bar", tone: "soft", values: of((row) => row.encerrados) },
      { name: "Abandonadas", kind: "bar", tone: "danger", values: of((row) => row.abandonados) },
    ]} />
    <${Chart} title="Respostas no prazo" hint="Primeiras respostas até o prazo do departamento" columns=${columns} format=${percent} max=${100} series=${[{ name: "No prazo", kind: "line", tone: "accent", values: of((row) => row.sla.percentual) }]} />
    <${Chart} title="Espera até alguém atender" ...${time} series=${[
      { name: "Mediana", kind: "line", tone: "accent", values: of((row) => row.espera.p50_segundos) },
      { name: "90% até", kind: "line", tone: "warn", isDashed: true, values: of((row) => row.espera.p90_segundos) },
    ]} />
    <${Chart} title="Tempo até a primeira resposta" ...${time} series=${[
      { name: "Mediana", kind: "line", tone: "accent", values: of((row) => row.primeira_resposta.p50_segundos) },
      { name: "90% até", kind: "line", tone: "warn", isDashed: true, values: of((row) => row.primeira_resposta.p90_segundos) },
    ]} />
    <${Chart} title="Mensagens" columns=${columns} series=${[
      { name: "De clientes", kind: "bar", tone: "accent", values: of((row) => row.mensagens.recebidas) },
      { name: "Da equipe", kind: "bar", tone: "soft", values: of((row) => row.mensagens.enviadas) },
      { name: "Automáticas", kind: "bar", tone: "warn", values: of((row) => row.mensagens.automaticas) },
    ]} />
    <${Chart} title="Avaliações" hint="De 1 a 5, em todo o período" columns=${["1", "2", "3", "4", "5"].map((star) => ({ label: "★".repeat(Number(star)), title: `Nota ${star}` }))} series=${[{ name: "Avaliações", kind: "bar", tone: "accent", values: ["1", "2", "3", "4", "5"].map((star) => stars[star]) }]} />
    <${Chart} title="Transferências" columns=${columns} series=${[
      { name: "Recebidas", kind: "bar", tone: "accent", values: of((row) => row.transferencias.recebidas) },
      { name: "Enviadas", kind: "bar", tone: "soft", values: of((row) => row.transferencias.enviadas) },
    ]} />
    ${sum(offers) > 0 && html`<${Chart} title="Ofertas" columns=${columns} series=${[
      { name: "Feitas", kind: "bar", tone: "accent", values: offers },
      { name: "Recusadas", kind: "bar", tone: "warn", values: of((row) => row.ofertas.recusadas) },
      { name: "Sem resposta", kind: "bar", tone: "danger", values: of((row) => row.ofertas.expiradas) },
    ]} />`}
  </div>`;
}
