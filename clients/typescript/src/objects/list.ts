// List: an array on the server.
import { asNumber } from "../commands.js";
import type { AskOptions } from "../link.js";
import type { Word } from "../resp/writer.js";
import { elementsOf } from "../values.js";
import { Collection } from "./collection.js";
import { kinds, type StoredOptions, withProperties } from "./stored.js";

export interface ListCallbacks<Value> {
  readonly push?: (value: Value) => unknown;
  readonly set?: (value: Value) => unknown;
  readonly clear?: () => unknown;
}
export interface ListOptions<Value> extends StoredOptions {
  /** Called behind writes through this object. */
  readonly callbacks?: ListCallbacks<Value> | undefined;
}

const PREFIX = "znsocket.List";
const PAGE = 1024; // elements that iteration reads at once
const BATCH = 100_000; // elements in one command: the server takes a mebi of words in one
const POSITION = /^-?\d+$/;

/**
 * A list that all programs see which open its key. Each method is one round trip and one change that others see whole
 * or not at all. Positions may be negative, from the end. `list[i]` is a promise, `list[i] = value` is not waited for.
 */
export class List<Value = unknown> extends Collection {
  [index: number]: Value | Promise<Value | null>;
  readonly #callbacks: ListCallbacks<Value>;

  constructor(options: ListOptions<Value>) {
    super(PREFIX, options);
    this.#callbacks = options.callbacks ?? {};
    return withProperties<List<Value>>(this, {
      has: (_, name) => POSITION.test(name),
      get: (list, name) => list.get(Number(name)),
      set: (list, name, value) => list.set(Number(name), value as Value),
    });
  }

  async length(options: AskOptions = {}): Promise<number> {
    return asNumber(await this.read(["LLEN"], options));
  }

  /** The element, or null where there is none. */
  async get(index: number, options: AskOptions = {}): Promise<Value | null> {
    whole(index);
    const text = await this.read(["LINDEX", index], options);
    return text === null ? null : (this.decode(text) as Value);
  }

  /** The elements from `start` up to `end`, each `step`th, as Python's slices: `slice(null, null, -1)` turns round. */
  async slice(start?: number | null, end?: number | null, step = 1, options: AskOptions = {}): Promise<Value[]> {
    whole(step);
    if (step === 0) throw new RangeError("slice step cannot be zero");
    const texts = await this.read(["LSLICE", bound(start), end === Infinity ? "" : bound(end), step], options);
    return this.#decodeAll(texts);
  }

  #decodeAll(texts: unknown): Value[] {
    return Array.isArray(texts) ? texts.map((text: string) => this.decode(text) as Value) : [];
  }

  /** Puts the values at the end, all or none; the new length. */
  async push(...values: Value[]): Promise<number> {
    const length = await this.extend(values);
    for (const value of values) await this.#callbacks.push?.(value);
    return length;
  }

  /** The same, of any iterable, without callbacks. */
  async extend(values: Iterable<Value>, options: AskOptions = {}): Promise<number> {
    const texts = elementsOf(values, "extend").map((value) => this.encode(value));
    if (texts.length === 0) return this.length(options);
    const pushes: [string, ...Word[]][] = [];
    for (let first = 0; first < texts.length; first += BATCH)
      pushes.push(["RPUSH", ...texts.slice(first, first + BATCH)]);
    const replies = await this.write(pushes, options);
    const length = asNumber(replies[replies.length - 1] ?? null);
    this.announce({ start: length - texts.length });
    return length;
  }

  /** Throws ResponseError for a position where there is nothing. */
  async set(index: number, value: Value, options: AskOptions = {}): Promise<void> {
    whole(index);
    await this.write([["LSET", index, this.encode(value)]], options);
    this.announce({ indices: [index] });
    await this.#callbacks.set?.(value);
  }

  /** Puts `value` before the position; one beyond an end means that end. */
  async insert(index: number, value: Value, options: AskOptions = {}): Promise<number> {
    whole(index);
    const [length] = await this.write([["LINSERTAT", index, this.encode(value)]], options);
    this.announce({ start: index });
    return asNumber(length ?? null);
  }

  /** Removes `count` elements from `start` on, puts `values` there, and returns what was removed, as Array.splice. */
  async splice(start: number, count: number, values: Iterable<Value> = [], options: AskOptions = {}): Promise<Value[]> {
    whole(start);
    const texts = elementsOf(values, "splice").map((value) => this.encode(value));
    const [removed] = await this.write([["LSPLICE", start, count, ...texts]], options);
    this.announce({ start });
    return this.#decodeAll(removed);
  }

  /**
   * Removes and returns the last element, null of an empty list; or the element at `index`. Throws RangeError where
   * there is none; what is counted from the end is looked at first, in a round trip of its own.
   */
  async pop(index = -1, options: AskOptions = {}): Promise<Value | null> {
    whole(index);
    if (index !== -1) return this.#popAt(index, options);
    const [text = null, left] = await this.write([["RPOP"], ["LLEN"]], options);
    if (text === null) return null;
    this.announce({ start: left });
    return this.decode(text) as Value;
  }

  // LSPLICE takes a position before the beginning for the beginning.
  async #popAt(index: number, options: AskOptions): Promise<Value> {
    const outOfRange = (): RangeError => new RangeError(`pop: there is no element ${index}`);
    if (index < 0 && (await this.read(["LINDEX", index], options)) === null) throw outOfRange();
    const [texts] = await this.write([["LSPLICE", index, 1]], options);
    const removed = this.#decodeAll(texts);
    if (removed.length === 0) throw outOfRange();
    this.announce({ start: index });
    return removed[0] as Value;
  }

  async clear(options: AskOptions = {}): Promise<void> {
    await this.write([["DEL"]], options);
    this.announce({ start: 0 });
    await this.#callbacks.clear?.();
  }

  /** All elements as an array. */
  async toObject(options: AskOptions = {}): Promise<Value[]> {
    return this.slice(null, null, 1, options);
  }

  /** The elements in order, a page of 1,024 at a time; what others change meanwhile shows from the next page on. */
  async *values(options: AskOptions = {}): AsyncGenerator<Value, void, undefined> {
    for (let first = 0; ; first += PAGE) {
      const page = await this.slice(first, first + PAGE, 1, options);
      yield* page;
      if (page.length < PAGE) return;
    }
  }

  [Symbol.asyncIterator](): AsyncGenerator<Value, void, undefined> {
    return this.values();
  }

  protected override async whatChanged(): Promise<unknown> {
    return { start: 0 };
  }

  /** A copy with `key`, which shares all that neither changes; of the past, one in the present. */
  async copy(key: string, options: AskOptions = {}): Promise<List<Value>> {
    return new List<Value>(await this.copyTo(key, options));
  }

  /** This list as the version `reference` has it ("main@-5m", a tag, ...). */
  at(reference: string): List<Value> {
    return new List<Value>(this.alike(this.client.at(reference), this.shortKey));
  }
}

kinds.set(PREFIX, (options) => new List(options));

/** Throws TypeError for what is no position. */
export function whole(number: number): void {
  if (!Number.isSafeInteger(number)) throw new TypeError(`'${String(number)}' is no position: expected a whole number`);
}

/** How LSLICE has an end of a slice: nothing for the list's own. */
function bound(position: number | null | undefined): Word {
  if (position === null || position === undefined) return "";
  whole(position);
  return position;
}
