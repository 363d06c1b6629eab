// A number as a file: what opens it is sealed with a passphrase.
import { html, useState } from "../../lib/html.js";
import { accessToken } from "../../lib/session.js";
import { ApiError } from "../../lib/api.js";
import { save } from "../../lib/download.js";
import { Button, Field } from "../../components/controls.js";
import { Dialog } from "../../components/dialog.js";
import { FormTrouble, TextField, useForm } from "../../components/form.js";
import { Icon } from "../../components/icon.js";
import { toast } from "../../components/toast.js";

const SESSIONS = "/api/v1/whatsapp/sessions/";
const PASSPHRASE_CHARS_MIN = 12;

/** A request with the passphrase, which travels in a header only. */
async function ask(path, passphrase, options = {}) {
  let answer;
  try {
    const headers = { Authorization: `Bearer ${await accessToken()}`, ...options.headers };
    // A header holds bytes; the server reads them as UTF-8.
    if (passphrase) headers["X-Backup-Passphrase"] = String.fromCharCode(...new TextEncoder().encode(passphrase));
    answer = await fetch(SESSIONS + path, { ...options, headers });
  } catch {
    throw new ApiError(0);
  }
  if (!answer.ok) throw new ApiError(answer.status, await answer.json().catch(() => null));
  return answer;
}

export function ExportDialog({ row, onClose }) {
  const form = useForm({ passphrase: "", again: "" });
  const submit = async () => {
    const { passphrase, again } = form.values;
    if (passphrase.length < PASSPHRASE_CHARS_MIN) return form.setErrors({ passphrase: `Use pelo menos ${PASSPHRASE_CHARS_MIN} caracteres.` });
    if (passphrase !== again) return form.setErrors({ again: "As duas não são iguais." });
    const file = await form.submit(async () => (await ask(`${row.id}/export/`, passphrase)).blob());
    if (!file) return undefined;
    save(file, `whatsapp_session_${row.id}_backup.json`);
    toast("Arquivo salvo. Guarde-o separado da senha.", { kind: "ok" });
    return onClose();
  };
  return html`<${Dialog} title="Exportar o número" onClose=${onClose} onSubmit=${submit}
    footer=${html`<${Button} onClick=${onClose}>Cancelar<//><${Button} kind="primary" icon="download" type="submit" isBusy=${form.isBusy}>Exportar<//>`}>
    <p class="soft">Com o arquivo e a senha o número pode ser aberto em outro servidor. A senha não é guardada: sem ela o arquivo não serve.</p>
    ${row.is_connected && html`<p class="notice"><${Icon} name="triangle-alert" size=${16} />O número está conectado: a próxima mensagem já deixa o arquivo desatualizado. Para mudar de servidor, desconecte antes. A cópia e o original nunca podem funcionar ao mesmo tempo.</p>`}
    <${TextField} form=${form} name="passphrase" label="Senha do arquivo" hint="De 12 a 128 caracteres." type="password" autocomplete="new-password" maxlength="128" autofocus />
    <${TextField} form=${form} name="again" label="A senha de novo" type="password" autocomplete="new-password" maxlength="128" />
    <${FormTrouble} form=${form} />
  <//>`;
}

export function ImportDialog({ onClose, onDone }) {
  const [file, setFile] = useState(null);
  const form = useForm({ passphrase: "" });
  const submit = async () => {
    if (!file) return form.setErrors({ file: "Escolha o arquivo." });
    const done = await form.submit(async ({ passphrase }) => (await ask("import/", passphrase, { method: "POST", headers: { "Content-Type": "application/json" }, body: file })).json());
    if (!done) return undefined;
    toast(done.message, { kind: "ok" });
    return onDone(done.session_id);
  };
  return html`<${Dialog} title="Importar um número" onClose=${onClose} onSubmit=${submit}
    footer=${html`<${Button} onClick=${onClose}>Cancelar<//><${Button} kind="primary" icon="upload" type="submit" isBusy=${form.isBusy}>Importar<//>`}>
    <p class="soft">De um arquivo que este sistema exportou. Quem estiver usando o número é desligado dele; depois é preciso conectar.</p>
    <${Field} label="Arquivo" error=${form.errorOf("file")} control=${(attributes) => html`<input ...${attributes} type="file" accept=".json,application/json" onChange=${(event) => { setFile(event.currentTarget.files[0] ?? null); form.setErrors({}); }} />`} />
    <${TextField} form=${form} name="passphrase" label="Senha do arquivo" hint="Vazia só se foi exportado sem senha, de um servidor com a mesma chave." type="password" autocomplete="off" maxlength="128" />
    <${FormTrouble} form=${form} />
  <//>`;
}
