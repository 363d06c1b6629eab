// What the forms of the steps have in common.
import { html } from "../../lib/html.js";
import { FormTrouble } from "../../components/form.js";

/** Fields, what was refused, and what can be done; the browser checks what is required. */
export function StepForm({ form, onSubmit, actions, children }) {
  const submit = (event) => {
    event.preventDefault();
    onSubmit();
  };
  return html`<form class="step-form" onSubmit=${submit}>${children}<${FormTrouble} form=${form} /><div class="step-actions">${actions}</div></form>`;
}
