// The company's WhatsApp numbers, and the page of one.
import { html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { phone } from "../../lib/format.js";
import { useEvents, useLoaded } from "../../lib/load.js";
import { navigate } from "../../lib/router.js";
import { Button, Switch, Tag } from "../../components/controls.js";
import { Card, Mark, Page, Row, Rows } from "../../components/page.js";
import { departmentsById } from "../../store/people.js";
import { ImportDialog } from "./backup.js";
import { NewNumberDialog } from "./new.js";
import { NumberPage } from "./number.js";
import { nameOf, providerIcon, providerName, StatusTag } from "./words.js";

const PATH = "/numeros";

export default function NumbersPage({ params }) {
  return params.number ? html`<${NumberPage} key=${params.number} id=${Number(params.number)} />` : html`<${Numbers} />`;
}

function Numbers() {
  const list = useLoaded(() => api.all("whatsapp/sessions/"));
  const [hasOld, setHasOld] = useState(false);
  const [dialog, setDialog] = useState(null);
  useEvents(["session_status"], ({ session_id: id, status }) => {
    if (!list.data?.some((row) => row.id === id)) return list.reload();
    list.set((rows) => rows.map((row) => (row.id === id ? { ...row, status } : row)));
  });
  const rows = list.data?.filter((row) => hasOld || row.is_active).sort((a, b) => b.is_active - a.is_active || b.is_default - a.is_default || a.id - b.id);
  const isHiding = list.data?.some((row) => !row.is_active);
  const open = (id) => {
    setDialog(null);
    navigate(`${PATH}/${id}`);
  };
  return html`<${Page} title="Números" lead="Os números de WhatsApp da empresa. São dela, não de quem os conectou."
    actions=${html`<${Button} icon="upload" onClick=${() => setDialog("import")}>Importar<//><${Button} kind="primary" icon="plus" onClick=${() => setDialog("new")}>Novo número<//>`}>
    <${Card}>
      <${Rows} list=${list} rows=${rows} label="Números" empty=${{ icon: "smartphone", title: "Nenhum número", children: "Conecte o primeiro número para começar a atender." }}
        row=${(row) => html`<${Row} href=${`${PATH}/${row.id}`} dim=${!row.is_active} mark=${html`<${Mark} icon=${providerIcon(row.provider)} kind=${row.status === "ready" ? "ok" : ""} />`} title=${nameOf(row)}
          hint=${[phone(row.phone_number) || "Ainda sem número", providerName(row.provider), departmentsById.value.get(row.departamento)?.nome].filter(Boolean).join(" · ")}>
          ${row.is_default && html`<${Tag}>Padrão<//>`}<${StatusTag} row=${row} /><//>`} />
      ${isHiding && html`<${Switch} label="Mostrar também os que estão fora de uso" checked=${hasOld} onChange=${setHasOld} />`}
    <//>
    ${dialog === "new" && html`<${NewNumberDialog} onClose=${() => setDialog(null)} onDone=${open} />`}
    ${dialog === "import" && html`<${ImportDialog} onClose=${() => setDialog(null)} onDone=${open} />`}
  <//>`;
}
