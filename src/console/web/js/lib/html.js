// The one way to write markup: `html` is htm bound to Preact. Texts are escaped by construction;
// nothing in the console may use innerHTML (the policy of the page refuses it, too).
import { h, render, Fragment, createContext } from "../../vendor/preact.js";
import htm from "../../vendor/htm.js";

export { h, render, Fragment, createContext };
export { useCallback, useContext, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "../../vendor/preact-hooks.js";
export { signal, computed, effect, batch, untracked, useSignal, useComputed, useSignalEffect } from "../../vendor/signals.js";

export const html = htm.bind(h);

/** Joins the class names that apply: `classes("row", isOpen && "open")`. */
export const classes = (...names) => names.filter(Boolean).join(" ");
