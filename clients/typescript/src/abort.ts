// Signals that end a wait, and not what is waited for.
import { kindOf } from "./values.js";

/** What a signal ends at this moment: one listener for all of it, as Node warns of eleven. */
class Ends {
  readonly all = new Set<() => void>();
  readonly handleEvent = (): void => [...this.all].forEach((end) => end());
}
const known = new WeakMap<AbortSignal, Ends>();

/** Calls `end` when `signal` aborts, until the function that it returns is called. */
export function onAbort(signal: AbortSignal | undefined, end: () => void): () => void {
  if (signal === undefined) return () => undefined;
  const ends = known.get(signal) ?? new Ends();
  if (ends.all.size === 0) {
    known.set(signal, ends);
    signal.addEventListener("abort", ends);
  }
  ends.all.add(end);
  return () => {
    if (ends.all.delete(end) && ends.all.size === 0) signal.removeEventListener("abort", ends);
  };
}

/** What `work` becomes, unless `signal` aborts before: then it rejects with its reason, and the work goes on. */
export function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(signal.reason);
    if (signal.aborted) aborted();
    const over = onAbort(signal, aborted);
    work.then(resolve, reject).finally(over);
  });
}

/** The signal of a call's options.  Throws TypeError for what is none. */
export function signalOf(options: { readonly signal?: AbortSignal | undefined }): AbortSignal | undefined {
  if (options === null || typeof options !== "object" || "aborted" in options) {
    throw new TypeError(`options: expected {signal}, got ${kindOf(options)}`);
  }
  const { signal } = options;
  if (signal === undefined || typeof signal?.aborted === "boolean") return signal;
  throw new TypeError(`signal: expected an AbortSignal, got ${kindOf(signal)}`);
}
