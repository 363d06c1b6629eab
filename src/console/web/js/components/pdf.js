// A PDF in the page, where the browser shows them; a button that saves it, where not (telephones).
import { html, useEffect, useState } from "../lib/html.js";
import { save } from "../lib/download.js";
import { Button } from "./controls.js";
import { Icon } from "./icon.js";

const canShow = () => navigator.pdfViewerEnabled !== false;

/** `blob` is the file, or null while there is none. */
export function Pdf({ blob, name, label, isBusy, note }) {
  const [url, setUrl] = useState(null);
  useEffect(() => {
    if (!blob || !canShow()) return undefined;
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return html`<div class="pdf" aria-busy=${isBusy ? "true" : undefined}>
    ${url ? html`<iframe class="pdf-frame" title=${label} src=${`${url}#toolbar=0&navpanes=0&view=FitH`}></iframe>` : html`<div class="pdf-none">${blob ? html`<${Icon} name="file-text" size=${28} /><p>Este navegador não mostra PDF na página.</p><${Button} icon="download" onClick=${() => save(blob, name)}>Baixar o PDF<//>` : html`<${Icon} name=${note ? "circle-alert" : "loader-circle"} size=${24} /><p>${note ?? "Preparando…"}</p>`}</div>`}
    ${isBusy && url && html`<span class="pdf-busy"><${Icon} name="loader-circle" size=${15} />Atualizando</span>`}
  </div>`;
}
