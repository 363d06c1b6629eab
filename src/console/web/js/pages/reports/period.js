// Days as the company counts them: in São Paulo (docs/API.md, Reports). A day is `AAAA-MM-DD`.

/** Brazil has had no summer time since 2019. */
const OFFSET = "-03:00";
const DAY_MS = 86_400_000;
const inSaoPaulo = new Intl.DateTimeFormat("sv-SE", { timeZone: "America/Sao_Paulo" });
const short = new Intl.DateTimeFormat("pt-BR", { timeZone: "America/Sao_Paulo", day: "2-digit", month: "2-digit" });
const long = new Intl.DateTimeFormat("pt-BR", { timeZone: "America/Sao_Paulo", weekday: "short", day: "2-digit", month: "2-digit", year: "numeric" });

/** The longest period of the API. */
export const DAYS_MAX = 366;

export const dayOf = (instant) => inSaoPaulo.format(new Date(instant));
export const today = () => dayOf(Date.now());
export const begin = (day) => Date.parse(`${day}T00:00:00${OFFSET}`);
export const end = (day) => begin(day) + DAY_MS;
export const plusDays = (day, count) => dayOf(begin(day) + count * DAY_MS + DAY_MS / 2);
export const shortDay = (day) => short.format(begin(day));
export const longDay = (day) => long.format(begin(day));

/** All days of a period, both ends included. */
export function daysOf({ from, to }) {
  const days = [];
  for (let day = from; day <= to && days.length < DAYS_MAX; day = plusDays(day, 1)) days.push(day);
  return days;
}

/** `[name, from, to]` of the periods that are one click away. */
export function presets() {
  const now = today();
  return [
    ["Hoje", now, now],
    ["7 dias", plusDays(now, -6), now],
    ["30 dias", plusDays(now, -29), now],
    ["Este mês", `${now.slice(0, 8)}01`, now],
    ["Mês passado", `${plusDays(`${now.slice(0, 8)}01`, -1).slice(0, 8)}01`, plusDays(`${now.slice(0, 8)}01`, -1)],
  ];
}

const isDay = (text) => /^\d{4}-\d\d-\d\d$/.test(text ?? "") && !Number.isNaN(begin(text));

/** The period of an address; without one the last seven days. */
export function periodOf({ de, ate }) {
  const to = isDay(ate) ? ate : today();
  const from = isDay(de) ? de : plusDays(to, -6);
  return from <= to ? { from, to } : { from: to, to: from };
}
