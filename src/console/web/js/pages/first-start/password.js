// A new password for the administrator who is here.
import { html } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { me, signIn } from "../../lib/session.js";
import { connect, disconnect } from "../../lib/socket.js";
import { Button } from "../../components/controls.js";
import { TextField, useForm } from "../../components/form.js";
import { loadPassword } from "../../store/first-start.js";
import { StepForm } from "./form.js";

const CHARS_MIN = 8;

const EMPTY = { password: "", again: "" };

/** A new password ends all tokens: the socket must not be told that the session is over. */
async function change(password) {
  const username = me.value.username;
  disconnect();
  try {
    await api.patch(`agents/${me.value.id}/`, { password });
    const refusal = await signIn(username, password);
    if (refusal) throw new Error(refusal);
    await loadPassword();
  } finally {
    connect();
  }
}

export function PasswordStep({ isDone, onNext }) {
  const form = useForm(EMPTY);
  const save = async () => {
    const { password, again } = form.values;
    if (password !== again) return form.setErrors({ again: "As duas não são iguais." });
    if ((await form.submit(() => change(password))) === undefined) return;
    form.reset(EMPTY);
    onNext();
  };
  const actions = html`<${Button} kind="primary" type="submit" isBusy=${form.isBusy} icon="lock" disabled=${!form.values.password}>${isDone ? "Trocar de novo" : "Trocar a senha"}<//>`;
  return html`<${StepForm} form=${form} onSubmit=${save} actions=${actions}>
    <input type="text" class="visually-hidden" autocomplete="username" value=${me.value.username} readonly tabindex="-1" aria-hidden="true" />
    <div class="fields">
      <${TextField} form=${form} name="password" label="Nova senha" hint=${`Pelo menos ${CHARS_MIN} caracteres.`} type="password" autocomplete="new-password" required maxlength="128" />
      <${TextField} form=${form} name="again" label="Repita a senha" hint="Outros aparelhos terão de entrar de novo." type="password" autocomplete="new-password" required maxlength="128" />
    </div>
  <//>`;
}
