// The first department.
import { html } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { Link } from "../../lib/router.js";
import { Button, Field } from "../../components/controls.js";
import { departments, reloadPeople } from "../../store/people.js";
import { me } from "../../lib/session.js";
import { remember } from "../../store/first-start.js";
import { useForm } from "./form.js";

export function DepartmentStep({ isDone, onNext }) {
  const { field, errors, setValues, isBusy, submit } = useForm({ nome: "", tempo_resposta_esperado_minutos: "15", max_atendimentos_simultaneos: "5" });
  const save = submit(async (values) => {
    // Its maker belongs to it, so that the test message reaches somebody.
    await api.post("atendimento/departamentos/", { ...values, nome: values.nome.trim(), atendentes: [me.value.id] });
    await reloadPeople();
    setValues((old) => ({ ...old, nome: "" }));
    onNext();
  });
  const [only] = departments.value;
  const keep = () => {
    remember({ keepsDepartments: true });
    onNext();
  };
  return html`<form class="step-form" onSubmit=${save}>
    <div class="fields">
      <${Field} label="Nome" error=${errors.nome} control=${(attributes) => html`<input ...${attributes} required maxlength="100" placeholder="Vendas, Financeiro…" ...${field("nome")} />`} />
      <${Field} label="Meta de primeira resposta (minutos)" error=${errors.tempo_resposta_esperado_minutos} control=${(attributes) => html`<input ...${attributes} type="number" required min="1" max="43200" ...${field("tempo_resposta_esperado_minutos")} />`} />
      <${Field} label="Conversas ao mesmo tempo, por pessoa" error=${errors.max_atendimentos_simultaneos} control=${(attributes) => html`<input ...${attributes} type="number" required min="1" max="1000" ...${field("max_atendimentos_simultaneos")} />`} />
    </div>
    ${errors.whole && html`<p class="notice danger" role="alert">${errors.whole}</p>`}
    <div class="step-actions"><${Button} kind="primary" type="submit" isBusy=${isBusy} icon="plus">Criar departamento<//>
      ${!isDone && departments.value.length === 1 && html`<${Button} onClick=${keep}>Usar só “${only.nome}”<//>`}
      <${Link} href="/departamentos">Todos os departamentos<//></div>
  </form>`;
}
