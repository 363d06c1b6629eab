// Requests to the API (docs/API.md). Paths are relative to /api/v1/. Failures are `ApiError`s whose `message` is
// a sentence for people: the API's own `detail` wherever there is one.
import { accessToken, expel } from "./session.js";

const API = "/api/v1/";
/** Longer than the server's own 30 s. */
const TIMEOUT_MS = 40_000;

export class ApiError extends Error {
  /** @param status 0 when the server was not reached */
  constructor(status, data) {
    super(sentence(status, data));
    this.status = status;
    this.data = data;
    /** Texts by field of a validation error. */
    this.fields = status === 400 && !data?.detail ? (data ?? {}) : {};
  }

  /** Whether the same request may work later. */
  get isTransient() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

function sentence(status, data) {
  if (data?.detail) return data.detail;
  if (status === 400 && data) {
    const [name, texts] = Object.entries(data)[0] ?? [];
    const text = Array.isArray(texts) ? texts[0] : texts;
    if (typeof text === "string") return name === "non_field_errors" ? text : `${label(name)}: ${text}`;
  }
  if (status === 0) return "Sem conexão com o servidor.";
  if (status === 413) return "O arquivo é grande demais.";
  if (status === 429) return "Muitas solicitações. Espere um pouco e tente de novo.";
  return "Não foi possível concluir. Tente de novo.";
}

const label = (name) => name.split(".").pop().replaceAll("_", " ");

function address(path, params) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params ?? {})) {
    if (value !== undefined && value !== null && value !== "") query.set(name, value);
  }
  const text = query.toString();
  return API + path + (text && `?${text}`);
}

async function ask(method, path, { params, body, form, signal } = {}) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const send = async (token) => {
    headers.Authorization = `Bearer ${token}`;
    const timeout = AbortSignal.timeout(form ? TIMEOUT_MS * 5 : TIMEOUT_MS);
    return fetch(address(path, params), {
      method,
      headers,
      body: form ?? (body === undefined ? undefined : JSON.stringify(body)),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
  };
  let answer;
  try {
    const token = await accessToken();
    if (!token) throw new ApiError(401, { detail: "Entre de novo." });
    answer = await send(token);
    if (answer.status === 401) {
      const other = await accessToken({ renew: true });
      if (other) answer = await send(other);
    }
  } catch (error) {
    if (error instanceof ApiError || signal?.aborted) throw error;
    throw new ApiError(0);
  }
  if (answer.ok) return answer;
  const data = await answer.json().catch(() => null);
  if (answer.status === 401) expel(data);
  throw new ApiError(answer.status, data);
}

const json = async (answer) => (answer.status === 204 ? null : answer.json());

export const get = async (path, params, signal) => json(await ask("GET", path, { params, signal }));
export const post = async (path, body = {}) => json(await ask("POST", path, { body }));
export const put = async (path, body = {}) => json(await ask("PUT", path, { body }));
export const patch = async (path, body = {}) => json(await ask("PATCH", path, { body }));
export const remove = async (path, params) => json(await ask("DELETE", path, { params }));
/** A form, with files. */
export const upload = async (path, form) => json(await ask("POST", path, { form }));
export const patchForm = async (path, form) => json(await ask("PATCH", path, { form }));
/** A file that is made of what is sent. */
export const postForBlob = async (path, body, signal) => (await ask("POST", path, { body, signal })).blob();
/** A file that needs a token. */
export const blob = async (path, params, signal) => (await ask("GET", path, { params, signal })).blob();
/** The answer itself, for its headers. */
export const raw = (path, params, signal) => ask("GET", path, { params, signal });

/** All rows of a list `{count, next, results}`, up to `max` of them. */
export async function all(path, params, max = 1000) {
  const rows = [];
  for (let page = 1; rows.length < max; page += 1) {
    const answer = await get(path, { ...params, page, page_size: 100 });
    rows.push(...answer.results);
    if (!answer.next) break;
  }
  return rows;
}
