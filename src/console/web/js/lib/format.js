// How numbers, times and people are written in Brazil.
const LOCALE = "pt-BR";
const timeOfDay = new Intl.DateTimeFormat(LOCALE, { hour: "2-digit", minute: "2-digit" });
const dayMonth = new Intl.DateTimeFormat(LOCALE, { day: "2-digit", month: "2-digit" });
const weekday = new Intl.DateTimeFormat(LOCALE, { weekday: "short" });
const longDay = new Intl.DateTimeFormat(LOCALE, { weekday: "long", day: "numeric", month: "long" });
const full = new Intl.DateTimeFormat(LOCALE, { dateStyle: "short", timeStyle: "short" });
const integer = new Intl.NumberFormat(LOCALE);

const DAY_MS = 86_400_000;
const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
const daysAgo = (date) => Math.round((midnight(new Date()) - midnight(date)) / DAY_MS);

export const clock = (instant) => timeOfDay.format(new Date(instant));
export const dateTime = (instant) => full.format(new Date(instant)).replace(",", "");
export const number = (value) => integer.format(value);

/** For a list: 14:05, ontem, seg., 03/11. */
export function shortly(instant) {
  const date = new Date(instant);
  const days = daysAgo(date);
  if (days <= 0) return timeOfDay.format(date);
  if (days === 1) return "ontem";
  return days < 7 ? weekday.format(date) : dayMonth.format(date);
}

/** For a line between the messages of two days. */
export function day(instant) {
  const date = new Date(instant);
  const days = daysAgo(date);
  if (days === 0) return "Hoje";
  if (days === 1) return "Ontem";
  const text = longDay.format(date);
  return text[0].toUpperCase() + text.slice(1);
}

/** 45 s, 12 min, 3 h 05, 2 d. */
export function duration(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, "0")}`;
  return `${Math.floor(hours / 24)} d`;
}

/** 0:07, 12:40, 3:05:09. */
export function countdown(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (value) => String(value).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** 5511970000001 as +55 11 97000-0001; others as they are. */
export function phone(digits) {
  const found = /^55(\d{2})(\d{4,5})(\d{4})$/.exec(digits ?? "");
  return found ? `+55 ${found[1]} ${found[2]}-${found[3]}` : (digits ?? "");
}

export function bytes(count) {
  if (!count) return "";
  const units = ["B", "KB", "MB", "GB"];
  const power = Math.min(3, Math.floor(Math.log(count) / Math.log(1024)));
  const value = count / 1024 ** power;
  return `${integer.format(power > 0 && value < 10 ? Math.round(value * 10) / 10 : Math.round(value))} ${units[power]}`;
}

export function initials(name) {
  const words = (name ?? "").replace(/[^\p{L}\p{N} ]/gu, " ").trim().split(/\s+/);
  return ((words[0]?.[0] ?? "?") + (words.length > 1 ? words.at(-1)[0] : "")).toUpperCase();
}

export const plural = (count, one, many) => `${integer.format(count)} ${count === 1 ? one : many}`;

const ROLES = { admin: "Administrador", gerente: "Gerente", supervisor: "Supervisor", atendente: "Atendente" };
export const roleName = (role) => ROLES[role] ?? role;
const PRIORITIES = { baixa: "Baixa", normal: "Normal", alta: "Alta", urgente: "Urgente" };
export const priorityName = (priority) => PRIORITIES[priority] ?? priority;
const STATUSES = { aguardando: "Aguardando", em_atendimento: "Em atendimento", pausado: "Pausado", finalizado: "Finalizado", cancelado: "Cancelado" };
export const statusName = (status) => STATUSES[status] ?? status;
