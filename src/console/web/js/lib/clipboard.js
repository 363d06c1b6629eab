// What is copied.
/** Copies a text; false where the browser does not let us (plain http in a local network). */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
