// What the browser keeps between visits. Storage may be full or forbidden: then the console works on
// without memory.
const PREFIX = "dx.";

export function read(name, fallback = null) {
  try {
    const text = localStorage.getItem(PREFIX + name);
    return text === null ? fallback : JSON.parse(text);
  } catch {
    return fallback;
  }
}

export function write(name, value) {
  try {
    if (value === null || value === undefined) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Nothing to be done: see above.
  }
}

/** Calls `listener(value)` when another tab of this browser changes `name`. */
export function onChange(name, listener) {
  addEventListener("storage", (event) => {
    // A null key: everything was cleared.
    if (event.key === PREFIX + name || event.key === null) listener(read(name));
  });
}

/** A random id; also where `crypto.randomUUID` is missing (plain http in a local network). */
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The name of this browser towards the hub: leases of presence belong to it. */
export function deviceName() {
  let name = read("device");
  if (!name) {
    name = `console-${randomId().slice(0, 16)}`;
    write("device", name);
  }
  return name;
}

/** Runs `work` in one tab at a time, where the browser can (secure contexts). */
export function exclusively(name, work) {
  return navigator.locks ? navigator.locks.request(PREFIX + name, work) : work();
}
