// The frame of a page of lists and forms, and the lists themselves.
import { classes, html, useLayoutEffect, useRef } from "../lib/html.js";
import { Link } from "../lib/router.js";
import { Button } from "./controls.js";
import { Icon } from "./icon.js";
import { Empty, Failure, Skeleton } from "./states.js";

/** `back`: `[address, label]` of where one comes from; `aside` stands beside the title. */
export function Page({ title, lead, back, aside, actions, size, children }) {
  return html`<div class="page"><div class=${classes("page-inner", size)}>
    <header class="page-header"><div class="page-title">
      ${back && html`<${Link} class="page-back" href=${back[0]}><${Icon} name="chevron-left" size=${15} />${back[1]}<//>`}
      <div class="page-name"><h1>${title}</h1>${aside}</div>${lead && html`<p>${lead}</p>`}</div>
      ${actions && html`<div class="actions">${actions}</div>`}</header>
    ${children}
  </div></div>`;
}

/** A box with a heading. With `onSubmit` it is a form. */
export function Card({ title, lead, actions, onSubmit, children, class: extra }) {
  const submit = (event) => {
    event.preventDefault();
    onSubmit();
  };
  const body = html`<div class="card-body">${children}</div>`;
  return html`<section class=${classes("card", extra)}>
    ${title && html`<header><div class="grow"><h2>${title}</h2>${lead && html`<p class="soft card-lead">${lead}</p>`}</div>${actions && html`<div class="actions">${actions}</div>`}</header>`}
    ${onSubmit ? html`<form onSubmit=${submit} noValidate>${body}</form>` : body}
  </section>`;
}

/** Names and values: rows of `[name, value]`; without a value a row is left out. */
export const Pairs = ({ rows }) => html`<dl class="pairs">${rows.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;

/**
 * The rows of `useLoaded` or `usePages` with all their states. `row(item)` draws one; `empty` is what stands there when there is none.
 */
export function Rows({ list, rows = list.rows ?? list.data, row, empty, label }) {
  if (list.error && !rows) return html`<${Failure} error=${list.error} onRetry=${list.reload} />`;
  if (!rows) return html`<${Skeleton} rows=${6} kind="row" />`;
  if (rows.length === 0) return html`<${Empty} ...${empty} />`;
  return html`<ul class="rows" aria-label=${label} aria-busy=${list.isBusy ? "true" : undefined}>${rows.map((item) => html`<li key=${item.id}>${row(item)}</li>`)}</ul>
    ${list.hasMore && html`<div class="rows-more"><${Button} isBusy=${list.isBusy} icon="chevron-down" onClick=${list.more}>Mostrar mais<//></div>`}`;
}

/** One row: a link where `href` is, a button where `onClick` is. */
export function Row({ href, onClick, mark, title, hint, children, dim }) {
  const inside = html`${mark}<span class="row-text"><strong class="cut">${title}</strong>${hint && html`<small class="cut">${hint}</small>`}</span>${children && html`<span class="row-side">${children}</span>`}`;
  const name = classes("row", dim && "dim");
  if (href) return html`<${Link} class=${name} href=${href}>${inside}<${Icon} name="chevron-right" size=${16} /><//>`;
  return onClick ? html`<button type="button" class=${name} onClick=${onClick}>${inside}<${Icon} name="chevron-right" size=${16} /></button>` : html`<div class=${name}>${inside}</div>`;
}

/** The picture at the beginning of a row. */
export const Mark = ({ icon, kind }) => html`<span class=${classes("row-mark", kind)} aria-hidden="true"><${Icon} name=${icon} /></span>`;

/** A text to search by, with its icon. */
export const SearchBox = ({ value, onInput, label }) => html`<div class="search"><${Icon} name="search" size=${16} /><input type="search" placeholder=${label} aria-label=${label} value=${value} onInput=${(event) => onInput(event.currentTarget.value)} /></div>`;

/** A choice that narrows a list down: `options` are `[value, label]`, the first one is everything. */
export const Filter = ({ label, value, options, onChange }) => html`<select class="input filter" aria-label=${label} value=${value} onChange=${(event) => onChange(event.currentTarget.value)}>${options.map(([key, text]) => html`<option key=${key} value=${key} selected=${String(key) === String(value)}>${text}</option>`)}</select>`;

/** Sections of one page, each with an address of its own: `[href, label]`. */
export function Sections({ label, items, current }) {
  const bar = useRef(null);
  // On a narrow screen the present one may lie beyond the edge.
  useLayoutEffect(() => bar.current.querySelector("[aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" }), [current]);
  return html`<nav class="sections" aria-label=${label} ref=${bar}>${items.map(([href, text]) => html`<${Link} key=${href} href=${href} aria-current=${href === current ? "page" : undefined}>${text}<//>`)}</nav>`;
}
