// When the console could be used: a mark that tests and the browser's own tools read.
import { useEffect } from "./html.js";

/** Marks the first time at which `isReady` holds on the screen. */
export function useReady(isReady) {
  useEffect(() => {
    if (isReady && performance.getEntriesByName("dx.interactive").length === 0) performance.mark("dx.interactive");
  }, [isReady]);
}
