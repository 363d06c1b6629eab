// A list of any length of which only what is seen is in the document. All rows have the same height.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../lib/html.js";

/** Rows beyond the edges, so that a quick scroll shows no holes. */
const OVERSCAN = 8;

/**
 * `row(item, index)` draws one; `keyOf(item)` names it. `active` is the index of the row to be kept in view.
 */
export function VirtualList({ items, rowHeight, row, keyOf, label, active = -1, onNearEnd }) {
  const box = useRef(null);
  const [view, setView] = useState({ top: 0, height: 800 });
  const measure = () => {
    const { scrollTop, clientHeight } = box.current;
    // In steps of rows: not every pixel is worth a rendering.
    const top = Math.floor(scrollTop / rowHeight) * rowHeight;
    setView((old) => (old.top === top && old.height === clientHeight ? old : { top, height: clientHeight }));
    if (onNearEnd && scrollTop + clientHeight > items.length * rowHeight - clientHeight) onNearEnd();
  };
  useLayoutEffect(() => {
    const observer = new ResizeObserver(measure);
    observer.observe(box.current);
    return () => observer.disconnect();
  }, [rowHeight]);
  const activeKey = active >= 0 && items[active] ? keyOf(items[active]) : null;
  useEffect(() => {
    if (active < 0) return;
    const { scrollTop, clientHeight } = box.current;
    const top = active * rowHeight;
    if (top < scrollTop) box.current.scrollTop = top;
    else if (top + rowHeight > scrollTop + clientHeight) box.current.scrollTop = top + rowHeight - clientHeight;
  }, [activeKey]);
  const first = Math.max(0, Math.floor(view.top / rowHeight) - OVERSCAN);
  const last = Math.min(items.length, Math.ceil((view.top + view.height) / rowHeight) + OVERSCAN);
  const rows = [];
  for (let index = first; index < last; index += 1) {
    const item = items[index];
    rows.push(html`<div class="virtual-row" role="listitem" key=${keyOf(item)} aria-setsize=${items.length} aria-posinset=${index + 1} style=${{ height: `${rowHeight}px`, transform: `translateY(${index * rowHeight}px)` }}>${row(item, index)}</div>`);
  }
  return html`<div class="virtual-list" ref=${box} onScroll=${measure}>
    <div class="virtual-content" role="list" aria-label=${label} style=${{ height: `${items.length * rowHeight}px` }}>${rows}</div>
  </div>`;
}
