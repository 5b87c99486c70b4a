// Signals that end a wait, and not what is waited for.

/** What `work` becomes, unless `signal` aborts before: then it rejects with its reason, and the work goes on. */
export function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(signal.reason);
    if (signal.aborted) aborted();
    else signal.addEventListener("abort", aborted);
    const over = (): void => signal.removeEventListener("abort", aborted);
    work.then(resolve, reject).finally(over);
  });
}
