// Somebody who answers.
import { html, useState } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { Link } from "../../lib/router.js";
import { roleName } from "../../lib/format.js";
import { Button, Field, IconButton } from "../../components/controls.js";
import { toast } from "../../components/toast.js";
import { departments, reloadPeople } from "../../store/people.js";
import { useForm } from "./form.js";

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
  const { values, set, setValues, field, errors, isBusy, submit } = useForm(empty());
  const save = submit(async (body) => {
    await api.post("agents/", { ...body, display_name: body.display_name.trim(), username: body.username.trim() });
    // What has to be handed over stays in sight.
    onStay();
    setMade(body);
    await reloadPeople();
  });
  const toggle = (id) => set("departamentos", values.departamentos.includes(id) ? values.departamentos.filter((other) => other !== id) : [...values.departamentos, id]);
  const typeName = (event) => {
    const name = event.currentTarget.value;
    // Follows the name until it was typed by hand.
    setValues((old) => ({ ...old, display_name: name, username: old.username === usernameOf(old.display_name) ? usernameOf(name) : old.username }));
  };
  if (made) return html`<${Handover} made=${made} onMore=${() => { setValues(empty()); setMade(null); }} onNext=${onNext} />`;
  return html`<form class="step-form" onSubmit=${save}>
    <div class="fields">
      <${Field} label="Nome" error=${errors.display_name} control=${(attributes) => html`<input ...${attributes} required maxlength="150" autocomplete="off" value=${values.display_name} onInput=${typeName} />`} />
      <${Field} label="Usuário" error=${errors.username} control=${(attributes) => html`<input ...${attributes} required maxlength="150" autocapitalize="none" autocomplete="off" spellcheck=${false} ...${field("username")} />`} />
      <${Field} label="Senha" hint="Feita ao acaso; troque se quiser." error=${errors.password} control=${(attributes) => html`<input ...${attributes} required maxlength="128" autocomplete="off" spellcheck=${false} class="mono" ...${field("password")} />`} />
      <${Field} label="Papel" error=${errors.role} control=${(attributes) => html`<select ...${attributes} value=${values.role} onChange=${(event) => set("role", event.currentTarget.value)}>${ROLES.map((role) => html`<option key=${role} value=${role} selected=${role === values.role}>${roleName(role)}</option>`)}</select>`} />
    </div>
    <div class="field"><span class="field-label" id="start-places">Departamentos</span><div class="chips" role="group" aria-labelledby="start-places">${departments.value.filter((row) => row.ativo).map((row) => html`<button type="button" class="chip" key=${row.id} aria-pressed=${values.departamentos.includes(row.id) ? "true" : "false"} onClick=${() => toggle(row.id)}>${row.nome}</button>`)}</div>${errors.departamentos && html`<p class="note" role="alert">${errors.departamentos}</p>`}</div>
    ${errors.whole && html`<p class="notice danger" role="alert">${errors.whole}</p>`}
    <div class="step-actions"><${Button} kind="primary" type="submit" isBusy=${isBusy} icon="user-plus">Cadastrar<//><${Link} href="/pessoas">Todas as pessoas<//></div>
  </form>`;
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
