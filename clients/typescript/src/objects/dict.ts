// Dict: an object of fields on the server.
import { asNumber, asPairs, asTexts } from "../commands.js";
import type { AskOptions } from "../link.js";
import type { Reply } from "../resp/reply.js";
import { entriesOf } from "../values.js";
import { Collection } from "./collection.js";
import { kinds, type StoredOptions, withProperties } from "./stored.js";

export interface DictCallbacks<Value> {
  readonly set?: (value: Value) => unknown;
  readonly update?: (values: Readonly<Record<string, Value>>) => unknown;
}
export interface DictOptions<Value> extends StoredOptions {
  /** Called behind writes through this object. */
  readonly callbacks?: DictCallbacks<Value> | undefined;
}

const PREFIX = "znsocket.Dict";
// What is no field as a property: the members, what every object has, and `then`, which JavaScript looks at in whatever
// is awaited or returned. Fields of these names are reached by get and set.
const NO_FIELDS = new Set(
  (
    "then client key toJSON length get has set update delete clear keys values entries toObject copy at history " +
    "restore onRefresh offRefresh"
  ).split(" "),
);

/**
 * A dict that all programs see which open its key. Each method is one round trip and one change that others see whole
 * or not at all; the order is that of insertion. `dict.name` is a promise unless `name` is a member of this class,
 * `dict.name = value` is not waited for.
 */
export class Dict<Value = unknown> extends Collection {
  [name: string]: unknown;
  readonly #callbacks: DictCallbacks<Value>;

  constructor(options: DictOptions<Value>) {
    super(PREFIX, options);
    this.#callbacks = options.callbacks ?? {};
    return withProperties<Dict<Value>>(this, {
      has: (_, name) => !NO_FIELDS.has(name) && !(name in Object.prototype),
      get: (dict, name) => dict.get(name),
      set: (dict, name, value) => dict.set(name, value as Value),
    });
  }

  async length(options: AskOptions = {}): Promise<number> {
    return asNumber(await this.read(["HLEN"], options));
  }

  /** The field's value, or null where there is none. */
  async get(name: string, options: AskOptions = {}): Promise<Value | null> {
    const text = await this.read(["HGET", name], options);
    return text === null ? null : this.#value(text);
  }

  async has(name: string, options: AskOptions = {}): Promise<boolean> {
    return (await this.read(["HEXISTS", name], options)) === 1;
  }

  async set(name: string, value: Value, options: AskOptions = {}): Promise<void> {
    await this.write([["HSET", name, this.encode(value)]], options);
    this.announce({ keys: [name] });
    await this.#callbacks.set?.(value);
  }

  /** Sets what `values` say, in one step. */
  async update(values: Readonly<Record<string, Value>>, options: AskOptions = {}): Promise<void> {
    const entries = entriesOf(values, "update");
    if (entries.length > 0) {
      const words = entries.flatMap(([name, value]) => [name, this.encode(value)]);
      await this.write([["HSET", ...words]], options);
      this.announce({ keys: entries.map(([name]) => name) });
    }
    await this.#callbacks.update?.(values);
  }

  /** Removes a field; whether it was there. */
  async delete(name: string, options: AskOptions = {}): Promise<boolean> {
    const [removed] = await this.write([["HDEL", name]], options);
    if (removed === 1) this.announce({ keys: [name] });
    return removed === 1;
  }

  async clear(options: AskOptions = {}): Promise<void> {
    const [names] = await this.write([["HKEYS"], ["DEL"]], options);
    this.announce({ keys: names });
  }

  async keys(options: AskOptions = {}): Promise<string[]> {
    return asTexts(await this.read(["HKEYS"], options));
  }

  async values(options: AskOptions = {}): Promise<Value[]> {
    return asTexts(await this.read(["HVALS"], options)).map((text) => this.#value(text));
  }

  /** Names and values, in order of insertion. */
  async entries(options: AskOptions = {}): Promise<[string, Value][]> {
    return asPairs(await this.read(["HGETALL"], options)).map(([name, text]) => [name, this.#value(text)]);
  }

  /** All as an object, which puts names that are whole numbers first. */
  async toObject(options: AskOptions = {}): Promise<Record<string, Value>> {
    return Object.fromEntries(await this.entries(options));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<[string, Value], void, undefined> {
    yield* await this.entries();
  }

  protected override async whatChanged(options: AskOptions): Promise<unknown> {
    return { keys: await this.keys(options) };
  }

  /** A copy with `key`, which shares all that neither changes; of the past, one in the present. */
  async copy(key: string, options: AskOptions = {}): Promise<Dict<Value>> {
    return new Dict<Value>(await this.copyTo(key, options));
  }

  /** This dict as the version `reference` has it ("main@-5m", a tag, ...). */
  at(reference: string): Dict<Value> {
    return new Dict<Value>(this.alike(this.client.at(reference), this.shortKey));
  }

  #value(text: Reply): Value {
    return this.decode(text) as Value;
  }
}

kinds.set(PREFIX, (options) => new Dict(options));
