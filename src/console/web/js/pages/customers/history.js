// Who changed what of a customer.
import { html } from "../../lib/html.js";
import { dateTime } from "../../lib/format.js";
import { usePages } from "../../lib/load.js";
import { Card, Rows } from "../../components/page.js";
import { Changes } from "../audit.js";

const ACTIONS = { criado: "criou", alterado: "alterou", excluido: "excluiu", gerado: "gerou", importado: "importou", exportado: "exportou" };

export function History({ id }) {
  const list = usePages(`clientes/${id}/historico/`);
  return html`<${Card} title="Histórico"><${Rows} list=${list} label="Histórico" empty=${{ icon: "rotate-ccw-clock", title: "Nada ainda" }}
    row=${(row) => html`<div class="row-block"><p><strong>${row.usuario_nome ?? "O sistema"}</strong> ${ACTIONS[row.acao] ?? row.acao} <small class="numbers">· ${dateTime(row.data)}</small></p>${row.motivo && html`<p class="soft">${row.motivo}</p>`}<${Changes} rows=${row.alteracoes.map(({ campo, valor_anterior, valor_novo }) => [campo, valor_anterior, valor_novo])} /></div>`} /><//>`;
}
