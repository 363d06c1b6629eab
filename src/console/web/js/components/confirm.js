// Asking before what cannot be taken back, or reaches customers.
import { html, useState } from "../lib/html.js";
import { Button } from "./controls.js";
import { Dialog } from "./dialog.js";

/** `run()` may fail: its words are shown and the question stays. */
export function Confirm({ title, children, label, icon, kind = "danger", run, onClose }) {
  const [state, setState] = useState({ isBusy: false, error: "" });
  const submit = async () => {
    setState({ isBusy: true, error: "" });
    try {
      await run();
      onClose();
    } catch (error) {
      setState({ isBusy: false, error: error.message });
    }
  };
  return html`<${Dialog} title=${title} size="small" onClose=${onClose} onSubmit=${submit}
    footer=${html`<${Button} autofocus onClick=${onClose}>Cancelar<//><${Button} kind=${kind} icon=${icon} type="submit" isBusy=${state.isBusy}>${label}<//>`}>
    <div class="soft">${children}</div>
    ${state.error && html`<p class="notice danger" role="alert">${state.error}</p>`}
  <//>`;
}
