// What `make test` wants to hear: failures with their reasons, and a closing line that scripts/count-tests.py reads.
interface Event {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    readonly skip?: unknown;
    readonly message?: string;
    readonly details?: { readonly error?: { readonly cause?: unknown }; readonly type?: string };
  };
}

export default async function* report(source: AsyncIterable<Event>): AsyncGenerator<string, void, undefined> {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for await (const { type, data } of source) {
    if (type === "test:stdout" || type === "test:stderr") yield data.message ?? "";
    if ((type !== "test:pass" && type !== "test:fail") || data.details?.type === "suite") continue;
    const verdict = type === "test:fail" ? "failed" : data.skip === undefined ? "passed" : "skipped";
    counts[verdict] += 1;
    if (verdict !== "passed") yield `${verdict}: ${data.name}\n`;
    const cause = data.details?.error?.cause;
    if (verdict === "failed") yield `${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}\n`;
  }
  yield `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`;
}
