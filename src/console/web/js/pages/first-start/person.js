// Somebody who answers.
import { html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { Link } from "../../lib/router.js";
import { roleName } from "../../lib/format.js";
import { Button, IconButton } from "../../components/controls.js";
import { SelectField, TextField, useForm } from "../../components/form.js";
import { fail, toast } from "../../components/toast.js";
import { departments, reloadPeople } from "../../store/people.js";
import { StepForm } from "./form.js";

const ROLES = ["atendente", "supervisor", "gerente"];
/** Letters that are not taken for one another when they are read aloud; 12 of 55 are 69 bits. */
const LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ2345679";
const PASSWORD_CHARS = 12;

function makePassword() {
  // Bytes beyond the last whole multiple would favour the first letters.
  const fair = 256 - (256 % LETTERS.length);
  let made = "";
  while (made.length < PASSWORD_CHARS) {
    for (const byte of crypto.getRandomValues(new Uint8Array(PASSWORD_CHARS))) {
      if (byte < fair && made.length < PASSWORD_CHARS) made += LETTERS[byte % LETTERS.length];
    }
  }
  return made;
}

const usernameOf = (name) => (name.trim().split(/\s+/)[0] ?? "").normalize("NFD").replace(/[^\w]/g, "").toLowerCase();

const empty = () => ({ display_name: "", username: "", password: makePassword(), role: "atendente", departamentos: departments.value.filter((row) => row.ativo).slice(0, 1).map((row) => row.id) });

export function PersonStep({ onStay, onNext }) {
  const [made, setMade] = useState(null);
  const [first] = useState(empty);
  const form = useForm(first);
  const { values, set } = form;
  const save = async () => {
    const body = { ...values, display_name: values.display_name.trim(), username: values.username.trim() };
    if ((await form.submit(() => api.post("agents/", body))) === undefined) return;
    // What has to be handed over stays in sight.
    onStay();
    setMade(body);
    reloadPeople().catch(fail);
  };
  const toggle = (id) => set("departamentos", values.departamentos.includes(id) ? values.departamentos.filter((other) => other !== id) : [...values.departamentos, id]);
  const typeName = (event) => {
    const name = event.currentTarget.value;
    // Follows the name until it was typed by hand.
    if (values.username === usernameOf(values.display_name)) set("username", usernameOf(name));
    set("display_name", name);
  };
  if (made) return html`<${Handover} made=${made} onMore=${() => { form.reset(empty()); setMade(null); }} onNext=${onNext} />`;
  const actions = html`<${Button} kind="primary" type="submit" isBusy=${form.isBusy} icon="user-plus">Cadastrar<//><${Link} href="/pessoas">Todas as pessoas<//>`;
  const error = form.errorOf("departamentos");
  return html`<${StepForm} form=${form} onSubmit=${save} actions=${actions}>
    <div class="fields">
      <${TextField} form=${form} name="display_name" label="Nome" required maxlength="150" onInput=${typeName} />
      <${TextField} form=${form} name="username" label="Usuário" required maxlength="150" autocapitalize="none" spellcheck=${false} />
      <${TextField} form=${form} name="password" label="Senha" hint="Feita ao acaso; troque se quiser." required maxlength="128" spellcheck=${false} class="mono" />
      <${SelectField} form=${form} name="role" label="Papel" options=${ROLES.map((role) => [role, roleName(role)])} />
    </div>
    <div class="field"><span class="field-label" id="start-places">Departamentos</span><div class="chips" role="group" aria-labelledby="start-places">${departments.value.filter((row) => row.ativo).map((row) => html`<button type="button" class="chip" key=${row.id} aria-pressed=${values.departamentos.includes(row.id) ? "true" : "false"} onClick=${() => toggle(row.id)}>${row.nome}</button>`)}</div>${error && html`<p class="note" role="alert">${error}</p>`}</div>
  <//>`;
}

function Handover({ made, onMore, onNext }) {
  const text = `${location.origin}\nUsuário: ${made.username}\nSenha: ${made.password}`;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      toast("Copiado.", { kind: "ok" });
    } catch {
      toast("O navegador não deixa copiar. Selecione o texto.", { kind: "danger" });
    }
  };
  return html`<div class="step-form" role="status"><p><strong>${made.display_name || made.username}</strong> já pode entrar. Entregue estes dados; a senha não é mostrada de novo.</p>
    <div class="handover"><pre>${text}</pre><${IconButton} icon="copy" label="Copiar os dados de acesso" onClick=${copy} /></div>
    <div class="step-actions"><${Button} kind="primary" onClick=${onNext}>Continuar<//><${Button} icon="user-plus" onClick=${onMore}>Cadastrar outra pessoa<//></div></div>`;
}
