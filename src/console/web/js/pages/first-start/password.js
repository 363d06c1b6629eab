// A new password for the administrator who is here.
import { html } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { me, signIn } from "../../lib/session.js";
import { connect, disconnect } from "../../lib/socket.js";
import { Button, Field } from "../../components/controls.js";
import { loadPassword } from "../../store/first-start.js";
import { useForm } from "./form.js";

const CHARS_MIN = 8;

export function PasswordStep({ isDone, onNext }) {
  const { values, field, errors, setErrors, setValues, isBusy, submit } = useForm({ password: "", again: "" });
  const save = submit(async ({ password, again }) => {
    if (password !== again) return setErrors({ again: "As duas não são iguais." });
    const username = me.value.username;
    // A new password ends all tokens: the socket must not be told that the session is over.
    disconnect();
    try {
      await api.patch(`agents/${me.value.id}/`, { password });
      const refusal = await signIn(username, password);
      if (refusal) throw new Error(refusal);
      await loadPassword();
    } finally {
      connect();
    }
    setValues({ password: "", again: "" });
    onNext();
  });
  return html`<form class="step-form" onSubmit=${save}>
    <input type="text" class="visually-hidden" autocomplete="username" value=${me.value.username} readonly tabindex="-1" aria-hidden="true" />
    <div class="fields">
      <${Field} label="Nova senha" hint=${`Pelo menos ${CHARS_MIN} caracteres.`} error=${errors.password} control=${(attributes) => html`<input ...${attributes} type="password" autocomplete="new-password" required maxlength="128" ...${field("password")} />`} />
      <${Field} label="Repita a senha" hint="Outros aparelhos terão de entrar de novo." error=${errors.again} control=${(attributes) => html`<input ...${attributes} type="password" autocomplete="new-password" required maxlength="128" ...${field("again")} />`} />
    </div>
    ${errors.whole && html`<p class="notice danger" role="alert">${errors.whole}</p>`}
    <div class="step-actions"><${Button} kind="primary" type="submit" isBusy=${isBusy} icon="lock" disabled=${!values.password}>${isDone ? "Trocar de novo" : "Trocar a senha"}<//></div>
  </form>`;
}
