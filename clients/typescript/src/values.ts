// Values as text: one JSON document each, compact. NaN and infinities become null.

/** Throws TypeError for what JSON has not: undefined, functions, bigints, cycles. */
export function encode(value: unknown): string {
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`${typeof value} is no JSON value`);
  return text;
}

export function decode(text: string): unknown {
  return JSON.parse(text);
}
