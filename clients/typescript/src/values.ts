// Values as text: one JSON document each, compact. Whole numbers beyond 2^53 lose digits when they are read, as
// JSON.parse has it.

export interface Encoding {
  /** NaN and infinities become null; else they are refused. */
  readonly convertNan?: boolean | undefined;
}

const OF_JSON = new Set(["Object", "Array", "String", "Number", "Boolean"]);

/**
 * Throws TypeError for what JSON has not, named by its kind: NaN, functions, bigints, Map, typed arrays, cycles. As
 * always in JSON, an object's field that is undefined is left out, and a Date becomes a text.
 */
export function encode(value: unknown, { convertNan = false }: Encoding = {}): string {
  if (typeof value === "string" || typeof value === "boolean") return JSON.stringify(value);
  // Called with what holds the value; `each` is what its toJSON, if it has one, made of it.
  function checked(this: unknown, name: string, each: unknown): unknown {
    if (convertNan && typeof each === "number" && !Number.isFinite(each)) return null;
    const given = (this as Record<string, unknown>)[name];
    const kind = foreignKind(ArrayBuffer.isView(given) ? given : each, Array.isArray(this));
    if (kind !== null) throw new TypeError(`${kind} is no JSON value${name === "" ? "" : `, at '${name}'`}`);
    return each;
  }
  const text = JSON.stringify(value, checked);
  if (text === undefined) throw new TypeError("undefined is no JSON value");
  return text;
}

/** What a value is that JSON has not; null: JSON has it. */
function foreignKind(value: unknown, isElement: boolean): string | null {
  switch (typeof value) {
    case "number":
      return Number.isFinite(value) ? null : String(value);
    case "undefined":
      return isElement ? "undefined" : null;
    case "function":
    case "symbol":
    case "bigint":
      return `a ${typeof value}`;
    case "object": {
      const kind = value === null ? "Object" : Object.prototype.toString.call(value).slice("[object ".length, -1);
      return OF_JSON.has(kind) ? null : `a ${kind}`;
    }
    default:
      return null;
  }
}

/** What kind of value this is, for messages: "null", "a number", "a Map". */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  const name = typeof value === "object" ? (value.constructor?.name ?? "Object") : typeof value;
  return `${/^[aeio]/i.test(name) ? "an" : "a"} ${name}`;
}

/** Whether this is an object of named values: no Map, no array, nothing else that has elements. */
export function isNamed(value: unknown): value is Readonly<Record<string, unknown>> {
  const isObject = Object.prototype.toString.call(value) === "[object Object]";
  return isObject && !(Symbol.iterator in Object(value)) && !(Symbol.asyncIterator in Object(value));
}

/** The fields and values of an object.  Throws TypeError for what has none, with what `taker` takes. */
export function entriesOf<Value>(given: Readonly<Record<string, Value>>, taker: string): [string, Value][] {
  if (isNamed(given)) return Object.entries(given);
  throw new TypeError(`${taker}: expected an object of fields and values, got ${kindOf(given)}`);
}

/** The elements of an iterable.  Throws TypeError for what is none. */
export function elementsOf<Value>(given: Iterable<Value>, taker: string): Value[] {
  if (given !== null && given !== undefined && Symbol.iterator in Object(given)) return Array.from(given);
  throw new TypeError(`${taker}: expected an array or another iterable, got ${kindOf(given)}`);
}

export function decode(text: string): unknown {
  return JSON.parse(text);
}
