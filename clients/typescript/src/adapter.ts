// An adapter: an object of this program that answers reads of a key, as ZnSocket's ListAdapter and DictAdapter do.
import type { Client } from "./client.js";
import { AdapterError, CoppiceError } from "./errors.js";
import type { Answerer } from "./signals.js";
import { encode, isNamed, kindOf } from "./values.js";

export type Adapted = ArrayLike<unknown> | ReadonlyMap<string, unknown> | Readonly<Record<string, unknown>>;
type Question = Readonly<Record<string, unknown>>;

const BATCH = 10_000; // elements in one command of a copy

/** What is measured may be NaN, and is read as null. */
const textOf = (value: unknown): string => encode(value, { convertNan: true });

export interface Adapter {
  readonly key: string;
  readonly answer: Answerer;
}

export function adapterOf(client: Client, key: string, object: Adapted): Adapter {
  if (typeof key !== "string") throw new TypeError(`key: expected the name of an adapter, got ${kindOf(key)}`);
  if (!isListLike(object) && !(object instanceof Map) && !isNamed(object)) {
    throw new TypeError(
      `an adapter of '${key}': expected an array, a typed array, a Map or an object, got ${kindOf(object)}`,
    );
  }
  const prefix = isListLike(object) ? "znsocket.List:" : "znsocket.Dict:";
  const full = key.startsWith(prefix) ? key : prefix + key;
  if (full === prefix) throw new TypeError("key: an adapter needs a name, got an empty text");
  const answer = isListLike(object) ? listAnswers(client, object) : dictAnswers(client, object);
  return { key: full, answer: (question) => answer(question, String(question["method"])) };
}

function isListLike(object: Adapted): object is ArrayLike<unknown> {
  return Array.isArray(object) || (ArrayBuffer.isView(object) && !(object instanceof DataView));
}

const unknownMethod = (method: string): CoppiceError =>
  new CoppiceError("METHOD", `an adapter does not answer '${method}'`);

/** What went wrong, as the JSON text that readers expect in place of a value's. */
const failed = (type: string, msg: string): string => JSON.stringify({ error: { msg, type } });

function listAnswers(client: Client, list: ArrayLike<unknown>) {
  return async (question: Question, method: string): Promise<unknown> => {
    switch (method) {
      case "__len__":
        return list.length;
      case "__getitem__": {
        const index = Number(question["index"]);
        const value = list[index < 0 ? index + list.length : index];
        return value === undefined ? failed("IndexError", "list index out of range") : textOf(value);
      }
      case "slice": {
        const { start, stop, step } = question;
        return positions(list.length, start, stop, step).map((position) => textOf(list[position]));
      }
      case "copy":
        return copyTo(client, `znsocket.List:${String(question["target"])}`, "RPUSH", Array.from(list, textOf));
      default:
        throw unknownMethod(method);
    }
  };
}

function dictAnswers(client: Client, dict: Exclude<Adapted, ArrayLike<unknown>>) {
  const entries = (): [string, unknown][] => (dict instanceof Map ? [...dict] : Object.entries(dict));
  const find = (key: string): unknown =>
    dict instanceof Map ? dict.get(key) : Object.hasOwn(dict, key) ? (dict as Question)[key] : undefined;
  return async (question: Question, method: string): Promise<unknown> => {
    const key = String(question["dict_key"]);
    switch (method) {
      case "__len__":
        return entries().length;
      case "__getitem__": {
        const value = find(key);
        return value === undefined ? failed("KeyError", `'${key}'`) : textOf(value);
      }
      case "get":
        return textOf(find(key) === undefined ? (question["default"] ?? null) : find(key));
      case "__contains__":
        return find(key) !== undefined;
      case "keys":
        return entries().map(([name]) => name);
      case "values":
        return entries().map(([, value]) => textOf(value));
      case "items":
        return entries().map(([name, value]) => [name, textOf(value)]);
      case "copy":
        return copyTo(
          client,
          `znsocket.Dict:${String(question["target"])}`,
          "HSET",
          entries().flatMap(([name, value]) => [name, textOf(value)]),
        );
      default:
        throw unknownMethod(method);
    }
  };
}

/** The owner of an adapter writes its copies itself. */
async function copyTo(
  client: Client,
  key: string,
  command: "RPUSH" | "HSET",
  texts: readonly string[],
): Promise<unknown> {
  if (await client.signals.exists(key)) {
    return failed("KeyError", "Adapter already registered to this key. Please select a different one.");
  }
  if ((await client.exists(key)) > 0) throw new AdapterError(`Key ${key} already exists in storage`);
  const batches: [string, ...string[]][] = [];
  for (let first = 0; first < texts.length; first += BATCH)
    batches.push([command, key, ...texts.slice(first, first + BATCH)]);
  await client.transaction(batches);
  return true;
}

/** The positions of Python's slice. */
export function positions(length: number, start: unknown, stop: unknown, step: unknown): number[] {
  const by = step === null || step === undefined ? 1 : Number(step);
  if (!Number.isInteger(by) || by === 0) throw new RangeError("slice step must be a whole number and not zero");
  const clamped = (bound: unknown, otherwise: number): number => {
    if (bound === null || bound === undefined) return otherwise;
    const position = Number(bound) < 0 ? Number(bound) + length : Number(bound);
    return by > 0 ? Math.min(Math.max(position, 0), length) : Math.min(Math.max(position, -1), length - 1);
  };
  const first = clamped(start, by > 0 ? 0 : length - 1);
  const end = clamped(stop, by > 0 ? length : -1);
  const found: number[] = [];
  for (let position = first; by > 0 ? position < end : position > end; position += by) found.push(position);
  return found;
}
