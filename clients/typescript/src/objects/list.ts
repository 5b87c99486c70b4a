// List: an array on the server.
import { positions } from "../adapter.js";
import { asNumber } from "../commands.js";
import type { AskOptions } from "../link.js";
import type { Word } from "../resp/writer.js";
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
    if (await this.open()) return Number(await this.asked("__len__", {}, options));
    return asNumber(await this.read(["LLEN"], options));
  }

  /** The element, or null where there is none. */
  async get(index: number, options: AskOptions = {}): Promise<Value | null> {
    whole(index);
    if (await this.open()) return (await this.askedValue("__getitem__", { index }, options)) as Value | null;
    const text = await this.read(["LINDEX", index], options);
    return text === null ? null : (this.decode(text) as Value);
  }

  /** The elements from `start` up to `end`, each `step`th, as Python's slices: `slice(null, null, -1)` turns round. */
  async slice(start?: number | null, end?: number | null, step = 1, options: AskOptions = {}): Promise<Value[]> {
    whole(step);
    if (step === 0) throw new RangeError("slice step cannot be zero");
    if (await this.open()) return this.#adapterSlice(start, end, step, options);
    const texts = await this.read(["LSLICE", bound(start), bound(end), step], options);
    return this.#decodeAll(texts);
  }

  // Owners count from the beginning and forward; what is asked otherwise is turned here.
  async #adapterSlice(
    start: number | null | undefined,
    end: number | null | undefined,
    step: number,
    options: AskOptions,
  ): Promise<Value[]> {
    const wanted = positions(await this.length(options), start, end, step);
    if (step < 0) wanted.reverse();
    const [first] = wanted;
    const last = wanted[wanted.length - 1];
    if (first === undefined || last === undefined) return [];
    const texts = await this.asked("slice", { start: first, stop: last + 1, step: Math.abs(step) }, options);
    const values = this.#decodeAll(texts);
    return step < 0 ? values.reverse() : values;
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
    const texts = Array.from(values, (value) => this.encode(value));
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
    const texts = Array.from(values, (value) => this.encode(value));
    const [removed] = await this.write([["LSPLICE", start, count, ...texts]], options);
    this.announce({ start });
    return this.#decodeAll(removed);
  }

  /** Removes and returns the last element, or the one at `index`; null where there is none. */
  async pop(index = -1, options: AskOptions = {}): Promise<Value | null> {
    if (index !== -1) return (await this.splice(index, 1, [], options))[0] ?? null;
    const [text] = await this.write([["RPOP"], ["LLEN"]], options).then(([popped, left]) => {
      if (popped !== null) this.announce({ start: left });
      return [popped];
    });
    return text === null || text === undefined ? null : (this.decode(text) as Value);
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

function whole(number: number): void {
  if (!Number.isSafeInteger(number)) throw new TypeError(`'${String(number)}' is no position: expected a whole number`);
}

function bound(position: number | null | undefined): Word {
  if (position === null || position === undefined || position === Infinity) return "";
  whole(position);
  return position;
}
