// Files for the person's own disk.

/** The browser has begun to save by then. */
const KEPT_MS = 60_000;

/** Saves a blob under a name. */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}

/** Saves an answer of the API under the name that it gives. */
export async function saveAnswer(answer, name) {
  const given = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1];
  save(await answer.blob(), given ?? name);
}

/** Rows of texts and numbers as the API writes its own CSV (docs/API.md, Reports): for spreadsheets in Brazil. */
export function csv(rows) {
  const cell = (value) => {
    if (typeof value === "number") return String(value).replace(".", ",");
    // A spreadsheet would run it as a formula.
    const text = /^[=+\-@\t\r]/.test(value ?? "") ? `'${value}` : (value ?? "");
    return /[;"\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return new Blob([`\uFEFF${rows.map((row) => row.map(cell).join(";")).join("\r\n")}\r\n`], { type: "text/csv;charset=utf-8" });
}
