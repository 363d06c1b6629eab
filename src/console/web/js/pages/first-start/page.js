// The first start: what a new hub needs before customers can be answered, step by step.
import { classes, html, useEffect, useRef, useState } from "../../lib/html.js";
import { navigate } from "../../lib/router.js";
import { Button } from "../../components/controls.js";
import { Dialog } from "../../components/dialog.js";
import { Icon } from "../../components/icon.js";
import { Failure, Skeleton } from "../../components/states.js";
import { agents, departments, nameOf } from "../../store/people.js";
import { me } from "../../lib/session.js";
import { phone, plural } from "../../lib/format.js";
import { numbers } from "../../store/numbers.js";
import { facts, isConnected, isOffered, left, reload, remember, steps } from "../../store/first-start.js";
import { DepartmentStep } from "./department.js";
import { NumberStep } from "./number.js";
import { PasswordStep } from "./password.js";
import { PersonStep } from "./person.js";
import { TestStep } from "./test-message.js";

/** Title, what it is for, what is there already, and its form. */
const STEPS = {
  password: { title: "Trocar a senha do administrador", why: "A primeira senha passou por um terminal ou por um arquivo.", done: () => "Senha trocada.", Form: PasswordStep },
  department: { title: "Criar um departamento", why: "As conversas chegam à fila de um departamento, que as entrega à sua equipe.", done: () => departments.value.map((row) => row.nome).join(", "), Form: DepartmentStep },
  person: { title: "Cadastrar quem atende", why: "Cada pessoa entra com o próprio usuário.", done: () => others().map(nameOf).join(", "), Form: PersonStep },
  number: { title: "Conectar um número", why: "É por ele que os clientes escrevem.", done: connected, Form: NumberStep },
  test: { title: "Receber uma mensagem de teste", why: "Para ver o caminho inteiro antes do primeiro cliente.", done: () => `${plural(facts.value?.tickets ?? 0, "conversa chegou", "conversas chegaram")}.`, Form: TestStep },
};

const others = () => agents.value.filter((row) => row.is_active && row.id !== me.value.id);

function connected() {
  const ready = (numbers.value ?? []).filter(isConnected);
  return ready.map((row) => phone(row.phone_number) || row.device_name).join(", ");
}

export default function FirstStartPage() {
  const [error, setError] = useState(null);
  const [chosen, setChosen] = useState(null);
  const [isLeaving, setLeaving] = useState(false);
  const isKnown = facts.value?.isPasswordChanged !== undefined && numbers.value && facts.value?.tickets !== undefined;
  const load = () => {
    setError(null);
    reload().catch(setError);
  };
  useEffect(() => {
    remember({ seen: true });
    if (!isKnown) load();
  }, []);
  const open = !isKnown ? "" : chosen ?? steps.value.find(({ isDone }) => !isDone)?.name ?? "";
  const shown = useRef(open);
  useEffect(() => {
    // Whoever has finished a step stands at the next one.
    if (shown.current && shown.current !== open) document.querySelector(".step.open .step-head")?.focus();
    shown.current = open;
  }, [open]);
  if (!isKnown) return html`<div class="page"><div class="page-inner narrow"><${Head} />${error ? html`<${Failure} error=${error} onRetry=${load} />` : html`<${Skeleton} rows=${5} kind="row" />`}</div></div>`;
  // After a step is done its own result stays in sight until the person goes on.
  const next = () => setChosen(null);
  const done = steps.value.length - left.value;
  return html`<div class="page"><div class="page-inner narrow">
    <${Head}>${isOffered.value && html`<div class="actions"><${Button} kind="quiet" onClick=${() => setLeaving(true)}>Dispensar<//></div>`}<//>
    <div class="start-progress" role="img" aria-label=${`${done} de ${steps.value.length} passos feitos`}>${steps.value.map(({ name, isDone }) => html`<i key=${name} class=${isDone ? "done" : ""}></i>`)}</div>
    ${left.value === 0 && html`<${Ready} />`}
    <ol class="start">${steps.value.map(({ name, isDone }, index) => html`<${Step} key=${name} name=${name} number=${index + 1} isDone=${isDone} isOpen=${open === name} onOpen=${() => setChosen(open === name ? "none" : name)} onStay=${() => setChosen(name)} onNext=${next} />`)}</ol>
  </div></div>
  ${isLeaving && html`<${LeaveDialog} onClose=${() => setLeaving(false)} />`}`;
}

const Head = ({ children }) => html`<header class="page-header"><div><h1>Primeiros passos</h1><p>Em poucos minutos o atendimento funciona. Dá para sair e continuar depois.</p></div>${children}</header>`;

function Step({ name, number, isDone, isOpen, onOpen, onStay, onNext }) {
  const { title, why, done, Form } = STEPS[name];
  return html`<li class=${classes("card", "step", isDone && "done", isOpen && "open")}>
    <h2><button type="button" class="step-head" aria-expanded=${isOpen ? "true" : "false"} onClick=${onOpen}>
      <span class="step-number">${isDone ? html`<${Icon} name="check" size=${16} />` : number}</span>
      <span class="grow"><span>${title}${isDone && html`<span class="visually-hidden"> (feito)</span>`}</span>${(isDone || !isOpen) && html`<small class="cut">${isDone ? done() : why}</small>`}</span>
      <${Icon} name=${isOpen ? "chevron-up" : "chevron-down"} /></button></h2>
    ${isOpen && html`<div class="step-body">${!isDone && html`<p class="soft">${why}</p>`}<${Form} isDone=${isDone} onStay=${onStay} onNext=${onNext} /></div>`}
  </li>`;
}

function Ready() {
  const finish = () => {
    remember({ dismissed: true });
    navigate("/conversas");
  };
  return html`<section class="card start-ready" role="status"><${Icon} name="circle-check-big" size=${28} /><div class="grow"><h2>Tudo pronto</h2><p class="soft">O número está conectado e a primeira conversa chegou. Horário de atendimento, mensagens automáticas e mais pessoas ficam nas configurações.</p></div>
    <${Button} kind="primary" onClick=${finish}>Ir para as conversas<//></section>`;
}

function LeaveDialog({ onClose }) {
  const leave = () => {
    remember({ dismissed: true });
    onClose();
    navigate("/conversas");
  };
  return html`<${Dialog} title="Dispensar os primeiros passos" size="small" onClose=${onClose} onSubmit=${leave}
    footer=${html`<${Button} onClick=${onClose}>Cancelar<//><${Button} kind="primary" type="submit">Dispensar<//>`}>
    <p class="soft">${plural(left.value, "passo ainda não foi feito", "passos ainda não foram feitos")}. Eles saem da barra deste navegador; o endereço <strong>/inicio</strong> continua a mostrá-los.</p>
  <//>`;
}
