// Charts, drawn as SVG. Each is one picture with a sentence for those who do not see it; `Chart` has its figures as a table behind a
// button. Series differ by dashes and marks, too, not by colour alone.
import { classes, html, useId, useLayoutEffect, useRef, useState } from "../lib/html.js";
import { number } from "../lib/format.js";
import { Icon } from "../components/icon.js";

const HEIGHT_PX = 190;
/** Room for the figures of the scale, for the dates below, and above the highest mark. */
const LEFT_PX = 44;
const BOTTOM_PX = 22;
const TOP_PX = 10;
const RIGHT_PX = 8;
/** A date below needs so much. */
const LABEL_PX = 46;
const BAR_PX_MAX = 26;

/** The least round number that is not below: 1, 2, 5, 10, 20, 50, … */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].find((step) => step * power >= value) * power;
}

/** Where the lines of a scale from zero lie: three to six of them. `unit`: steps are multiples of it. */
function ticksOf(max, unit = 1) {
  const step = Math.max(unit, roundUp(Math.max(max, unit) / 4 / unit) * unit);
  const count = Math.max(1, Math.ceil(max / step));
  return Array.from({ length: count + 1 }, (_, index) => index * step);
}

/** The steps of a scale of times, in seconds: people count in 60s. */
export function timeUnit(maxSeconds) {
  return [1, 15, 60, 300, 900, 3600, 14_400, 86_400].findLast((unit) => unit * 3 <= maxSeconds) ?? 1;
}

function useWidth() {
  const box = useRef(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const measure = () => setWidth(Math.floor(box.current.clientWidth));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return [box, width];
}

/**
 * Columns over time or of any other kind.
 * `columns`: `[{ label, title }]`; `series`: `[{ name, kind: "bar" | "line", tone, values }]`, a value may be `null`: nothing was
 * counted. `tone`: `accent`, `soft`, `warn`, `danger`. `format` writes a value. `max`: the upper end, when it is known. `unitOf(max)`: of the scale.
 */
export function Chart({ title, hint, columns, series, format = number, max, unitOf = () => 1, actions, height = HEIGHT_PX }) {
  const [isTable, setTable] = useState(false);
  const id = useId();
  const values = series.flatMap((one) => one.values).filter((value) => value !== null);
  const isEmpty = values.every((value) => value === 0);
  return html`<figure class="card chart" aria-labelledby=${id}>
    <header><div class="grow"><h2 id=${id}>${title}</h2>${hint && html`<small>${hint}</small>`}</div><div class="actions">${actions}
      <button type="button" class="icon-button small" aria-pressed=${isTable ? "true" : "false"} aria-label=${`Ver “${title}” como tabela`} title="Ver como tabela" onClick=${() => setTable(!isTable)}><${Icon} name="table" size=${16} /></button></div></header>
    ${isTable
      ? html`<${Figures} title=${title} columns=${columns} series=${series} format=${format} />`
      : html`${series.length > 1 && html`<ul class="legend" aria-hidden="true">${series.map((one) => html`<li key=${one.name}><${Swatch} series=${one} />${one.name}</li>`)}</ul>`}
        ${isEmpty ? html`<p class="chart-none">Nada neste período.</p>` : html`<${Plot} title=${title} columns=${columns} series=${series} format=${format} max=${max ?? Math.max(...values)} unitOf=${unitOf} height=${height} />`}`}
  </figure>`;
}

const Swatch = ({ series }) => html`<svg width="16" height="10" class=${`tone-${series.tone}`} aria-hidden="true">${series.kind === "line"
  ? html`<line x1="0" x2="16" y1="5" y2="5" class=${classes("chart-line", series.isDashed && "dashed")} />`
  : html`<rect x="3" width="10" height="10" rx="2" class="chart-bar" />`}</svg>`;

function Figures({ title, columns, series, format }) {
  return html`<div class="table-wrap chart-table" tabindex="0" role="region" aria-label=${`Tabela: ${title}`}><table class="table"><thead><tr><th scope="col"><span class="visually-hidden">Coluna</span></th>${series.map((one) => html`<th scope="col" class="number" key=${one.name}>${one.name}</th>`)}</tr></thead>
    <tbody>${columns.map((column, index) => html`<tr key=${index}><th scope="row">${column.title ?? column.label}</th>${series.map((one) => html`<td class="number" key=${one.name}>${one.values[index] === null ? "—" : format(one.values[index])}</td>`)}</tr>`)}</tbody></table></div>`;
}

/** In one sentence: the highest value of each series. */
function summary(title, columns, series, format) {
  const parts = series.map(({ name, values }) => {
    const known = values.filter((value) => value !== null);
    if (known.length === 0) return `${name}: sem valores`;
    const most = Math.max(...known);
    const column = columns[values.indexOf(most)];
    return `${name}: no máximo ${format(most)} (${column.title ?? column.label})`;
  });
  return `${title}. ${parts.join("; ")}.`;
}

function Plot({ title, columns, series, format, max, unitOf, height }) {
  const [box, width] = useWidth();
  const [at, setAt] = useState(-1);
  const ticks = ticksOf(max, unitOf(max));
  const top = ticks.at(-1) || 1;
  const inner = { width: Math.max(1, width - LEFT_PX - RIGHT_PX), height: height - TOP_PX - BOTTOM_PX };
  const step = inner.width / columns.length;
  const x = (index) => LEFT_PX + step * (index + 0.5);
  const y = (value) => TOP_PX + inner.height * (1 - value / top);
  const bars = series.filter((one) => one.kind === "bar");
  const every = Math.max(1, Math.ceil(LABEL_PX / step));
  const follow = (event) => {
    const index = Math.floor((event.clientX - box.current.getBoundingClientRect().left - LEFT_PX) / step);
    setAt(index >= 0 && index < columns.length ? index : -1);
  };
  return html`<div class="plot" ref=${box} onPointerMove=${follow} onPointerDown=${follow} onPointerLeave=${() => setAt(-1)}>
    ${width > 0 && html`<svg width=${width} height=${height} role="img" aria-label=${summary(title, columns, series, format)}>
      ${ticks.map((tick) => html`<g key=${tick}><line x1=${LEFT_PX} x2=${width - RIGHT_PX} y1=${y(tick)} y2=${y(tick)} class="chart-grid" /><text x=${LEFT_PX - 7} y=${y(tick) + 4} text-anchor="end">${format(tick)}</text></g>`)}
      ${at >= 0 && html`<rect x=${LEFT_PX + step * at} y=${TOP_PX} width=${step} height=${inner.height} class="chart-at" />`}
      ${columns.map((column, index) => index % every === 0 && html`<text key=${index} x=${x(index)} y=${height - 5} text-anchor="middle">${column.label}</text>`)}
      ${bars.map((one, place) => html`<${Columns} key=${one.name} series=${one} x=${x} y=${y} step=${step} place=${place} of=${bars.length} />`)}
      ${series.filter((one) => one.kind === "line").map((one) => html`<${Line} key=${one.name} series=${one} x=${x} y=${y} />`)}
    </svg>`}
    ${at >= 0 && html`<div class="chart-tip" style=${{ left: `${Math.min(Math.max(x(at), 90), width - 90)}px` }}><strong>${columns[at].title ?? columns[at].label}</strong>
      ${series.map((one) => html`<span key=${one.name}><${Swatch} series=${one} />${one.name}<b class="numbers">${one.values[at] === null ? "—" : format(one.values[at])}</b></span>`)}</div>`}
  </div>`;
}

function Columns({ series, x, y, step, place, of }) {
  const width = Math.max(1, Math.min(BAR_PX_MAX, (step * 0.72) / of));
  const gap = width > 4 ? 1 : 0;
  return html`<g class=${`tone-${series.tone}`}>${series.values.map((value, index) => value > 0 && html`<rect key=${index} x=${x(index) + (place - of / 2) * width} y=${y(value)} width=${width - gap} height=${y(0) - y(value)} rx=${Math.min(2, width / 4)} class="chart-bar" />`)}</g>`;
}

/** Marks where there are few values; a gap where nothing was counted. */
function Line({ series, x, y }) {
  let path = "";
  series.values.forEach((value, index) => {
    if (value === null) return;
    const begins = index === 0 || series.values[index - 1] === null;
    path += `${begins ? "M" : "L"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
  });
  const isAlone = (index) => (series.values[index - 1] ?? null) === null && (series.values[index + 1] ?? null) === null;
  const hasMarks = series.values.length <= 31;
  return html`<g class=${`tone-${series.tone}`}><path d=${path} class=${classes("chart-line", series.isDashed && "dashed")} />
    ${series.values.map((value, index) => value !== null && (hasMarks || isAlone(index)) && html`<circle key=${index} cx=${x(index)} cy=${y(value)} r="2.5" class="chart-mark" />`)}</g>`;
}

/** A small plot without a scale: what came, as columns; how many waited, as a line above an area. `label` says it in words. */
export function Trend({ arrivals, waiting, label, height = 44 }) {
  const [box, width] = useWidth();
  const step = width / Math.max(1, arrivals.length);
  const scale = (values) => {
    const most = Math.max(1, ...values);
    return (value) => height - 1 - (value / most) * (height - 4);
  };
  const yBar = scale(arrivals);
  const yLine = scale(waiting);
  const points = waiting.map((value, index) => `${(step * (index + 0.5)).toFixed(1)} ${yLine(value).toFixed(1)}`);
  return html`<div class="trend" ref=${box}>${width > 0 && html`<svg width=${width} height=${height} role="img" aria-label=${label}>
    <line x1="0" x2=${width} y1=${height - 0.5} y2=${height - 0.5} class="chart-grid" />
    <g class="tone-soft">${arrivals.map((value, index) => value > 0 && html`<rect key=${index} x=${step * index + 1} y=${yBar(value)} width=${Math.max(1, step - 2)} height=${height - 1 - yBar(value)} rx="1" class="chart-bar" />`)}</g>
    ${waiting.some((value) => value > 0) && html`<g class="tone-accent"><path d=${`M${(step * 0.5).toFixed(1)} ${height - 1}L${points.join("L")}L${(step * (waiting.length - 0.5)).toFixed(1)} ${height - 1}Z`} class="chart-area" /><path d=${`M${points.join("L")}`} class="chart-line" /></g>`}
  </svg>`}</div>`;
}

/** How much of a whole: a bar within its frame. The words beside it say the same. */
export function Meter({ value, max, tone = "accent" }) {
  const share = max > 0 ? Math.min(1, value / max) * 100 : 0;
  return html`<svg class=${`meter tone-${tone}`} width="100%" height="6" aria-hidden="true"><rect width="100%" height="6" rx="3" class="meter-ground" />${share > 0 && html`<rect width=${`${share}%`} height="6" rx="3" class="chart-bar" />`}</svg>`;
}

/**
 * Stretches of time side by side. `stretches`: `[{ from, to, tone, title }]` in milliseconds, within `from` and `to`.
 */
export function Stripe({ stretches, from, to, label, height = 18 }) {
  const place = (at) => ((Math.min(to, Math.max(from, at)) - from) / (to - from)) * 100;
  return html`<svg class="stripe" width="100%" height=${height} role="img" aria-label=${label}><rect width="100%" height=${height} class="meter-ground" />
    ${stretches.map((one, index) => html`<rect key=${index} class=${`stretch ${one.tone}`} x=${`${place(one.from)}%`} width=${`${Math.max(0, place(one.to) - place(one.from))}%`} height=${height}><title>${one.title}</title></rect>`)}</svg>`;
}
