// Logo, colours and styles, for clients that show them.
import { html, useRef, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { Button, Field } from "../../components/controls.js";
import { TextField } from "../../components/form.js";
import { Icon } from "../../components/icon.js";
import { Card } from "../../components/page.js";
import { fail, toast } from "../../components/toast.js";
import { Section } from "./section.js";

/** `logo_url` is another name of `login_logo_url`. */
const read = ({ logo_url, ...appearance }) => appearance;

export function Appearance() {
  // Pictures are stored at once; the section is loaded anew.
  const [round, setRound] = useState(0);
  return html`<${Section} key=${round} part="appearance" read=${read}>${(form) => html`
    <${Card} title="Imagens" lead="PNG, JPEG, WebP ou ICO, até 2 MB. São gravadas na hora."><div class="fields">
      <${Picture} kind="logo" label="Logotipo" url=${form.base.login_logo_url} onDone=${() => setRound(round + 1)} /><${Picture} kind="favicon" label="Ícone da aba" url=${form.base.favicon_url} onDone=${() => setRound(round + 1)} />
    </div><div class="fields"><${TextField} form=${form} name="login_logo_url" label="Endereço do logotipo" hint="Ou o de uma imagem em outro lugar." maxlength="500" /><${TextField} form=${form} name="favicon_url" label="Endereço do ícone" maxlength="500" /></div><//>
    <${Card} title="Cores e estilo" lead="Para os programas que as usam; este console tem as suas próprias.">
      <div class="fields">${[["primary_color", "Cor principal"], ["secondary_color", "Cor secundária"]].map(([name, label]) => html`<${Field} key=${name} label=${label} error=${form.errorOf(name)} control=${(attributes) => html`<span class="colour"><input type="color" aria-label=${`${label}: escolher`} value=${form.values[name]} onInput=${(event) => form.set(name, event.currentTarget.value)} /><input ...${attributes} maxlength="7" value=${form.values[name] ?? ""} onInput=${(event) => form.set(name, event.currentTarget.value)} /></span>`} />`)}</div>
      <${TextField} form=${form} name="custom_css" label="CSS próprio" area rows="6" spellcheck=${false} class="code" maxlength="50000" />
    <//>`}<//>`;
}

function Picture({ kind, label, url, onDone }) {
  const input = useRef(null);
  const [isBusy, setBusy] = useState(false);
  const run = async (work) => {
    setBusy(true);
    try {
      await work();
      toast("Imagem gravada.", { kind: "ok" });
      onDone();
    } catch (error) {
      fail(error);
      setBusy(false);
    }
  };
  const send = (event) => {
    const file = event.currentTarget.files[0];
    if (!file) return;
    const body = new FormData();
    body.set("kind", kind);
    body.set("file", file);
    run(() => api.upload("config/appearance/upload/", body));
  };
  // The page may show pictures of its own host only.
  const isOurs = url && (url.startsWith("/") || url.startsWith(location.origin));
  return html`<div class="picture-field"><h3>${label}</h3><div class="picture-box">${isOurs ? html`<img src=${url} alt="" />` : html`<${Icon} name="image" size=${24} />`}</div>
    <input ref=${input} type="file" hidden accept="image/png,image/jpeg,image/webp,image/x-icon" onChange=${send} />
    <div class="chips"><${Button} class="small" icon="upload" isBusy=${isBusy} onClick=${() => input.current.click()}>Escolher<//>${url && html`<${Button} class="small" icon="trash" disabled=${isBusy} onClick=${() => run(() => api.remove("config/appearance/upload/", { kind }))}>Tirar<//>`}</div></div>`;
}
