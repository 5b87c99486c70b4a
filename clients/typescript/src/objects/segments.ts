// Segments: a list that begins as another list and keeps only what differs.
import { asNumber } from "../commands.js";
import { AdapterError, CoppiceError, ResponseError } from "../errors.js";
import type { AskOptions } from "../link.js";
import type { Reply } from "../resp/reply.js";
import type { Word } from "../resp/writer.js";
import type { Version } from "../versions.js";
import { elementsOf, kindOf } from "../values.js";
import { List, whole } from "./list.js";
import { Stored, type StoredOptions, withProperties } from "./stored.js";

export interface SegmentsOptions<Value = unknown> extends StoredOptions {
  /** The list that a new one begins as, in O(1): a List, or its key. A key that exists already is opened as it is. */
  readonly origin?: List<Value> | string | undefined;
}

/** Elements start..end-1 of the list `source`. */
export type Piece = readonly [start: number, end: number, source: string];

const PREFIX = "znsocket.Segments";
const PAGE = 1024;
const TRIES = 8;
const WAIT_MS = 5; // before the second try; each further wait is twice as long
const POSITION = /^-?\d+$/;

/**
 * The origin's elements with edits. Reading one costs the same however many edits there were, and the origin may change
 * or disappear: the segments keep what they saw. Every client can open `znsocket.List:key` as a list as well.
 */
export class Segments<Value = unknown> extends Stored {
  [index: number]: Value | Promise<Value | null>;
  readonly #origin: string | null;

  constructor(options: SegmentsOptions<Value>) {
    originOf(options.origin); // before anything is sent
    if (options.fallback !== undefined) throw new TypeError("fallback: segments have an origin instead");
    super(PREFIX, options);
    this.#origin = originOf(options.origin);
    return withProperties<Segments<Value>>(this, {
      has: (_, name) => POSITION.test(name),
      get: (segments, name) => segments.get(Number(name)),
      set: (segments, name, value) => segments.set(Number(name), value as Value),
    });
  }

  // The base class opens before #origin is set, hence one turn later. The segments are made with the first command's
  // message, so that they begin as what the origin is now; where nothing is stored there, that is put right.
  protected override async begin(): Promise<void> {
    await Promise.resolve();
    const origin = this.#origin;
    if (origin === null) return;
    const { client, key } = this;
    const made = Promise.all([client.exists(key), this.#ask("CREATE", [origin])]);
    const [[before], { source, isAdapted }] = await Promise.all([made, this.sourceOf(origin)]);
    if (source === origin && !isAdapted) return;
    if (before === 0) await client.del(key, `${PREFIX}.Origin:${this.shortKey}`);
    if (isAdapted) {
      throw new AdapterError(`origin: an adapter answers for '${source}', and nothing is stored of it; copy it first`);
    }
    if (before === 0) await this.#ask("CREATE", [source]);
  }

  async length(options: AskOptions = {}): Promise<number> {
    await this.open(options);
    return asNumber(await this.#ask("LEN", [], options));
  }

  /** The element, or null where there is none. */
  async get(index: number, options: AskOptions = {}): Promise<Value | null> {
    whole(index);
    return (await this.#range(index, index, options))[0] ?? null;
  }

  /** The elements from `start` up to `end`, each `step`th, as Python's slices have them. */
  async slice(start?: number | null, end?: number | null, step = 1, options: AskOptions = {}): Promise<Value[]> {
    const until = end === Infinity ? null : (end ?? null);
    [start ?? 0, until ?? 0, step].forEach(whole);
    if (step === 0) throw new RangeError("slice step cannot be zero");
    const forward = step > 0;
    if (until === (forward ? 0 : -1)) return [];
    const first = forward ? (start ?? 0) : until === null ? 0 : until + 1;
    const last = forward ? (until === null ? -1 : until - 1) : (start ?? -1);
    const values = await this.#range(first, last, options);
    if (!forward) values.reverse();
    return values.filter((_, i) => i % step === 0);
  }

  /** Throws ResponseError for a position where there is nothing. */
  async set(index: number, value: Value, options: AskOptions = {}): Promise<void> {
    await this.#splice(index, 1, [value], options);
    this.announce({ indices: [index] });
  }

  /** Puts the values at the end, all or none; the new length. */
  async push(...values: Value[]): Promise<number> {
    return this.extend(values);
  }

  /** The same, of any iterable. */
  async extend(values: Iterable<Value>, options: AskOptions = {}): Promise<number> {
    const all = elementsOf(values, "extend");
    const length = await this.#splice("", 0, all, options);
    this.announce({ start: length - all.length });
    return length;
  }

  async insert(index: number, value: Value, options: AskOptions = {}): Promise<number> {
    return this.splice(index, 0, [value], options);
  }

  /** Removes the element at `index`; the new length. */
  async delete(index: number, options: AskOptions = {}): Promise<number> {
    return this.splice(index, 1, [], options);
  }

  /** Removes `count` elements from `start` on and puts `values` there, in one step; the new length. */
  async splice(start: number, count: number, values: readonly Value[] = [], options: AskOptions = {}): Promise<number> {
    const length = await this.#splice(start, count, values, options);
    this.announce({ start });
    return length;
  }

  /** `start`: empty for the end. */
  async #splice(start: number | "", count: number, values: readonly Value[], options: AskOptions): Promise<number> {
    if (start !== "") whole(start);
    whole(count);
    await this.open(options);
    const texts = elementsOf(values, "splice").map((value) => this.encode(value));
    return asNumber(await this.#ask("SPLICE", [start, count, ...texts], options));
  }

  /** What the elements come from, in order: the origin where nothing was changed, `znsocket.List:key` elsewhere. */
  async getRaw(options: AskOptions = {}): Promise<Piece[]> {
    await this.open(options);
    const pieces = await this.#ask("PIECES", [], options);
    if (!Array.isArray(pieces)) throw new CoppiceError("PROTOCOL", "pieces that are no list");
    return pieces.map((piece) => {
      const [start, end, source] = Array.isArray(piece) ? piece : [];
      return [Number(start), Number(end), String(source)];
    });
  }

  async toObject(options: AskOptions = {}): Promise<Value[]> {
    return this.#range(0, -1, options);
  }

  async *values(options: AskOptions = {}): AsyncGenerator<Value, void, undefined> {
    for (let first = 0; ; first += PAGE) {
      const page = await this.#range(first, first + PAGE - 1, options);
      yield* page;
      if (page.length < PAGE) return;
    }
  }

  [Symbol.asyncIterator](): AsyncGenerator<Value, void, undefined> {
    return this.values();
  }

  /** These segments as the version `reference` has them ("main@-5m", a tag, ...). */
  at(reference: string): Segments<Value> {
    return new Segments<Value>(this.alike(this.client.at(reference), this.shortKey));
  }

  /** The versions in which the list of the same key changed, newest first, then from when on they are known. */
  history({ count }: { readonly count?: number } = {}): Promise<Version[]> {
    return this.client.log(undefined, { key: this.refreshKey, ...(count === undefined ? {} : { count }) });
  }

  /** Makes these what the version `reference` has, also if that is nothing. Costs the same whatever differs. */
  async restore(reference: string, options: AskOptions = {}): Promise<void> {
    await this.putBack(reference, options);
    this.announce({ start: 0 });
  }

  protected override get allKeys(): readonly string[] {
    const { key, refreshKey, shortKey } = this;
    return [key, refreshKey, `${PREFIX}.Base:${shortKey}`, `${PREFIX}.Origin:${shortKey}`];
  }

  /** The list of the same elements, which changes with these segments. */
  protected override get refreshKey(): string {
    return `znsocket.List:${this.shortKey}`;
  }

  async #range(first: number, last: number, options: AskOptions): Promise<Value[]> {
    await this.open(options);
    const texts = await this.#ask("RANGE", [first, last], options);
    return Array.isArray(texts) ? texts.map((text) => this.decode(text) as Value) : [];
  }

  /** A published client edits its piece table in several messages; what it says between them is not to be read. */
  async #ask(name: string, rest: readonly Word[], options: AskOptions = {}): Promise<Reply> {
    for (let wait = WAIT_MS, left = TRIES; ; wait *= 2, left -= 1) {
      try {
        return await this.client.command(["SEGMENTS", name, this.key, ...rest], options);
      } catch (error) {
        if (!(error instanceof ResponseError && error.code === "CONFLICT") || left <= 1) throw error;
        await this.client.wait(new Promise((resolve) => setTimeout(resolve, wait)), options);
      }
    }
  }
}

/** The origin's key; null: none is given. */
function originOf(origin: unknown): string | null {
  if (origin === undefined) return null;
  if (origin instanceof List) return origin.key;
  if (typeof origin === "string" && origin !== "") return `znsocket.List:${origin}`;
  const got = origin === "" ? "an empty text" : kindOf(origin);
  throw new TypeError(`origin: expected a List or the key of one, got ${got}`);
}
