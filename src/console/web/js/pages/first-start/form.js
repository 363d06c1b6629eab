// What the steps have in common.
import { useState } from "../../lib/html.js";

/** `[values, field, errors, isBusy, submit]`: what is typed stays when the API refuses, with its words at the field. */
export function useForm(first) {
  const [values, setValues] = useState(first);
  const [errors, setErrors] = useState({});
  const [isBusy, setBusy] = useState(false);
  const set = (name, value) => setValues((old) => ({ ...old, [name]: value }));
  /** Attributes of a text field. */
  const field = (name) => ({ value: values[name], onInput: (event) => set(name, event.currentTarget.value) });
  const submit = (work) => async (event) => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setErrors({});
    try {
      await work(values);
    } catch (error) {
      const fields = Object.fromEntries(Object.entries(error.fields ?? {}).map(([name, texts]) => [name, [texts].flat()[0]]));
      const isPlaced = Object.keys(fields).some((name) => name in first);
      setErrors({ ...fields, whole: isPlaced ? undefined : error.message });
    } finally {
      setBusy(false);
    }
  };
  return { values, set, setValues, field, errors, setErrors, isBusy, submit };
}
