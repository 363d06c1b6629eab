// Figures of reports as they are written. `null`: there was nothing to count.
import { duration } from "../../lib/format.js";

const decimal = new Intl.NumberFormat("pt-BR", { maximumFractionDigits: 1 });

export const seconds = (value) => (value === null ? "—" : duration(value * 1000));
export const percent = (value) => (value === null ? "—" : `${decimal.format(value)}%`);
export const mean = (value) => (value === null ? "—" : decimal.format(value));
