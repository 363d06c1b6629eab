// What a page shows out of the API: loaded when it is opened, again after a gap of the line, and when an event says so.
import { useCallback, useEffect, useRef, useState } from "./html.js";
import * as api from "./api.js";
import { onEvent, onSnapshot } from "./socket.js";

const PAGE_SIZE = 50;

/** `{ data, error, isBusy, reload, set }` of `load()`, anew whenever `inputs` change. What is there stays while it is loaded again. */
export function useLoaded(load, inputs = []) {
  const [state, setState] = useState({ data: null, error: null, isBusy: true });
  const last = useRef({ number: 0 });
  last.current.load = load;
  const reload = useCallback(async () => {
    const number = (last.current.number += 1);
    setState((old) => ({ ...old, isBusy: true }));
    try {
      const data = await last.current.load();
      if (number === last.current.number) setState({ data, error: null, isBusy: false });
    } catch (error) {
      if (number === last.current.number) setState((old) => ({ data: old.data, error, isBusy: false }));
    }
  }, []);
  useEffect(() => {
    setState({ data: null, error: null, isBusy: true });
    reload();
    return () => (last.current.number += 1);
  }, inputs);
  useEffect(() => onSnapshot(reload), []);
  const set = useCallback((change) => setState((old) => ({ ...old, data: typeof change === "function" ? change(old.data) : change })), []);
  return { ...state, reload, set };
}

/** A list of any length, page by page: `{ rows, count, error, isBusy, hasMore, more, reload, set }`. */
export function usePages(path, params = {}) {
  const [pages, setPages] = useState(1);
  const key = JSON.stringify(params);
  const wanted = useRef(1);
  wanted.current = pages;
  useEffect(() => setPages(1), [path, key]);
  const list = useLoaded(() => loadPages(path, params, wanted.current), [path, key]);
  useEffect(() => {
    if (pages > 1) list.reload();
  }, [pages]);
  const rows = list.data?.rows ?? null;
  const count = list.data?.count ?? 0;
  return { ...list, rows, count, hasMore: rows !== null && rows.length < count, more: () => setPages(pages + 1), set: (change) => list.set((old) => old && { ...old, rows: change(old.rows) }) };
}

async function loadPages(path, params, pages) {
  const answers = await Promise.all(Array.from({ length: pages }, (_, index) => api.get(path, { ...params, page: index + 1, page_size: PAGE_SIZE })));
  const byId = new Map(answers.flatMap((answer) => answer.results).map((row) => [row.id, row]));
  return { rows: [...byId.values()], count: answers[0].count };
}

/** Calls `listener` for these events while the page is there. */
export function useEvents(names, listener) {
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => {
    const ends = names.map((name) => onEvent(name, (...about) => latest.current(...about)));
    return () => ends.forEach((end) => end());
  }, [names.join()]);
}

/** `value`, once it has been the same for so long: for searching while somebody types. */
export function useSettled(value, pauseMs = 250) {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), pauseMs);
    return () => clearTimeout(timer);
  }, [value, pauseMs]);
  return settled;
}
