// The first department.
import { html } from "../../lib/html.js";
import * as api from "../../lib/api.js";
import { Link } from "../../lib/router.js";
import { Button } from "../../components/controls.js";
import { TextField, useForm } from "../../components/form.js";
import { fail } from "../../components/toast.js";
import { departments, reloadPeople } from "../../store/people.js";
import { me } from "../../lib/session.js";
import { remember } from "../../store/first-start.js";
import { StepForm } from "./form.js";

const EMPTY = { nome: "", tempo_resposta_esperado_minutos: "15", max_atendimentos_simultaneos: "5" };

export function DepartmentStep({ isDone, onNext }) {
  const form = useForm(EMPTY);
  const save = async () => {
    // Its maker belongs to it, so that the test message reaches somebody.
    const made = await form.submit((values) => api.post("atendimento/departamentos/", { ...values, nome: values.nome.trim(), atendentes: [me.value.id] }));
    if (made === undefined) return;
    await reloadPeople().catch(fail);
    form.reset(EMPTY);
    onNext();
  };
  const [only] = departments.value;
  const keep = () => {
    remember({ keepsDepartments: true });
    onNext();
  };
  const actions = html`<${Button} kind="primary" type="submit" isBusy=${form.isBusy} icon="plus">Criar departamento<//>
    ${!isDone && departments.value.length === 1 && html`<${Button} onClick=${keep}>Usar só “${only.nome}”<//>`}
    <${Link} href="/departamentos">Todos os departamentos<//>`;
  return html`<${StepForm} form=${form} onSubmit=${save} actions=${actions}>
    <div class="fields">
      <${TextField} form=${form} name="nome" label="Nome" required maxlength="100" placeholder="Vendas, Financeiro…" />
      <${TextField} form=${form} name="tempo_resposta_esperado_minutos" label="Meta de primeira resposta (minutos)" type="number" required min="1" max="43200" />
      <${TextField} form=${form} name="max_atendimentos_simultaneos" label="Conversas ao mesmo tempo, por pessoa" type="number" required min="1" max="1000" />
    </div>
  <//>`;
}
