// The door.
import { html, useState } from "../lib/html.js";
import { useReady } from "../lib/ready.js";
import { farewell, signIn } from "../lib/session.js";
import { Button, Field } from "../components/controls.js";
import { Icon } from "../components/icon.js";

const icon = document.querySelector("link[rel=icon]").href;

export function SignIn() {
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);
  useReady(true);
  const submit = async (event) => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setError("");
    try {
      const refusal = await signIn(username.trim(), password);
      if (refusal) {
        setError(refusal);
        setPassword("");
      }
    } catch {
      setError("Sem conexão com o servidor. Tente de novo.");
    } finally {
      setBusy(false);
    }
  };
  return html`<main class="door">
    <form onSubmit=${submit} aria-labelledby="door-title">
      <div class="door-head"><img src=${icon} alt="" /><h1 id="door-title">Entrar no DX Connect</h1><p class="soft">Use o usuário que a sua gerência criou.</p></div>
      ${error && html`<p class="notice danger" role="alert"><${Icon} name="circle-alert" /><span>${error}</span></p>`}
      ${!error && farewell.value && html`<p class="notice" role="status"><${Icon} name="info" /><span>${farewell.value}</span></p>`}
      <${Field} label="Usuário" control=${(attributes) => html`<input ...${attributes} name="username" autocomplete="username" autocapitalize="none" spellcheck=${false} required autofocus value=${username} onInput=${(event) => setUsername(event.currentTarget.value)} />`} />
      <${Field} label="Senha" control=${(attributes) => html`<input ...${attributes} name="password" type="password" autocomplete="current-password" required value=${password} onInput=${(event) => setPassword(event.currentTarget.value)} />`} />
      <${Button} kind="primary" type="submit" isBusy=${isBusy} icon=${isBusy ? "loader-circle" : undefined}>Entrar<//>
    </form>
  </main>`;
}
