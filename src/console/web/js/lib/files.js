// Files that need a token: fetched, then given to the browser.
/** The browser has begun with it by then. */
const KEPT_MS = 60_000;

/** Saves a blob as a file of this name. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}

/** Copies a text; false where the browser does not let us (plain http in a local network). */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
