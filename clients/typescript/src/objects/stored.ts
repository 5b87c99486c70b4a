// What List, Dict and Segments share: where they are stored, fallbacks, adapters, refreshes.
//
// A List of key K is the Redis list `znsocket.List:K`, a Dict the hash `znsocket.Dict:K`, and each element or field is
// the text of a JSON document. A List or Dict as an element is stored as its own key, and comes back as an object.
//
// A fallback is another object that is read until this one is written to. The server makes this a copy of it before the
// first write, whoever writes, in O(1) and in one step, so that every client sees the one or the other. What an adapter
// answers for the server cannot copy: there the owner writes the copy down before this client's first write.
import { Client } from "../client.js";
import { CoppiceError, FrozenStorageError, ResponseError } from "../errors.js";
import type { AskOptions } from "../link.js";
import type { Reply } from "../resp/reply.js";
import type { Word, Words } from "../resp/writer.js";
import type { RefreshHandler } from "../signals.js";
import { decode, encode, kindOf } from "../values.js";
import { adapted, type Command, copyAdapted } from "./adapted.js";

export type FallbackPolicy = "copy" | "frozen";

export interface StoredOptions {
  readonly client: Client;
  readonly key: string;
  /** Where refreshes go to and come from, if not `client`. */
  readonly socket?: Client | undefined;
  /** The key of another object of this kind, which is read until this one is written to. */
  readonly fallback?: string | undefined;
  /** "copy": the copy is made at once, if this object is missing. "frozen" (and none): at the first write. */
  readonly fallbackPolicy?: FallbackPolicy | undefined;
  /** NaN and infinities are stored as null; else they are refused. Holds for objects inside of this one, too. */
  readonly convertNan?: boolean | undefined;
}

/** What a value that names an object becomes; each kind says its prefix. */
export const kinds = new Map<string, (options: StoredOptions) => object>();

const SOURCES_MAX = 16; // how often a fallback may move between asking and reading

export abstract class Stored {
  readonly #options: StoredOptions;
  readonly #prefix: string;
  readonly #socket: Client | null;
  #opened: Promise<boolean> | null = null;
  #source: string; // the key to read, as known last, and whether an adapter answers for it
  #sourceIsAdapted = false;
  #stopListening: (() => void) | null = null;

  constructor(prefix: string, options: StoredOptions) {
    const { client, key, socket, fallback, fallbackPolicy } = options;
    if (!(client instanceof Client)) throw new TypeError("client: expected a Client of this package");
    if (typeof key !== "string") throw new TypeError("key: expected the object's name");
    if ((socket ?? null) !== null && !(socket instanceof Client)) {
      throw new TypeError(`socket: expected a Client of this package, got ${kindOf(socket)}`);
    }
    if (fallback !== undefined && typeof fallback !== "string") {
      throw new TypeError(`fallback: expected the key of another object of this kind, got ${kindOf(fallback)}`);
    }
    if (fallback === key) throw new TypeError(`fallback: '${key}' cannot fall back to itself`);
    if (fallbackPolicy !== undefined && fallbackPolicy !== "copy" && fallbackPolicy !== "frozen") {
      throw new TypeError(`fallbackPolicy: '${String(fallbackPolicy)}' is neither "copy" nor "frozen"`);
    }
    this.#options = options;
    this.#prefix = prefix;
    this.#socket = socket ?? (client.reference === null ? client : null);
    this.#source = this.key;
    this.open({}).catch(() => undefined); // asked again by whoever uses it
  }

  get client(): Client {
    return this.#options.client;
  }

  /** The key on the server, with its prefix. */
  get key(): string {
    return this.fullKey(this.#options.key);
  }

  /** Inside of a value an object stands as its key. */
  toJSON(): string {
    return this.key;
  }

  protected fullKey(key: string): string {
    return `${this.#prefix}:${key}`;
  }

  // Opening: whether an adapter answers, and what the fallback is. Once, with the first command's message.

  /** Whether an adapter answers for this object. All calls share the opening; a signal ends the wait of its own. */
  protected open(options: AskOptions): Promise<boolean> {
    this.#opened ??= this.#begin().catch((error: unknown) => {
      this.#opened = null;
      throw error;
    });
    return this.client.wait(this.#opened, options);
  }

  async #begin(): Promise<boolean> {
    if (this.client.reference !== null) return false;
    const [adapter] = await Promise.all([this.client.signals.check(this.key), this.#declareFallback(), this.begin()]);
    return adapter;
  }

  /** What a kind has to do before its first command. */
  protected async begin(): Promise<void> {}

  /** What has to be put back with this object. */
  protected get allKeys(): readonly string[] {
    return this.#readsThrough ? [this.key, `znsocket.Fallback:${this.key}`] : [this.key];
  }

  /**
   * Makes this what the version `reference` has, also if that is nothing. Costs the same whatever differs.
   * Two steps where something was not there: deleting a key also says that it falls back to nothing, so in order.
   */
  protected async putBack(reference: string, options: AskOptions): Promise<void> {
    if (this.client.reference !== null || (await this.open(options))) throw new FrozenStorageError(this.key);
    const copies = this.allKeys.map((key): Words => ["COPY", key, key, "FROM", reference, "REPLACE"]);
    const copied = (await this.client.transaction(copies, options)).map(orThrow);
    if (copied.every((count) => count === 1)) return;
    const again = copies.map((copy, i): Words => (copied[i] === 1 ? copy : ["DEL", ...copy.slice(1, 2)]));
    (await this.client.transaction(again, options)).forEach(orThrow);
  }

  async #declareFallback(): Promise<void> {
    const { fallback, fallbackPolicy } = this.#options;
    if (fallback === undefined) return;
    const { client, key } = this;
    const origin = this.fullKey(fallback);
    if (fallbackPolicy !== "copy") {
      return this.#leadTo(String(await client.command(["ZNSOCKET", "FALLBACK", key, origin])));
    }
    const [copied, { source, isAdapted }] = await Promise.all([client.copy(origin, key), this.sourceOf(origin)]);
    if (copied) return;
    if (!isAdapted) await client.copy(source, key);
    else if ((await client.exists(key)) === 0) await copyAdapted(client, source, this.shortKey, {});
  }

  /** Where the object at `key` is read now, and whether an adapter answers for that. */
  protected async sourceOf(key: string): Promise<{ readonly source: string; readonly isAdapted: boolean }> {
    const source = String(await this.client.command(["ZNSOCKET", "SOURCE", key]));
    return { source, isAdapted: await this.client.signals.check(source) };
  }

  async #leadTo(source: string): Promise<void> {
    this.#sourceIsAdapted = source !== this.key && (await this.client.signals.check(source));
    this.#source = source;
  }

  get #readsThrough(): boolean {
    const { client, fallback, fallbackPolicy } = this.#options;
    return fallback !== undefined && fallbackPolicy !== "copy" && client.reference === null;
  }

  // Reading and writing. A command is given without its key, which stands behind the name.

  protected async read(command: Command, options: AskOptions = {}): Promise<Reply> {
    const { client, key } = this;
    const [name, ...rest] = command;
    if (await this.open(options)) return adapted(client, key, command, options);
    if (!this.#readsThrough) return client.command([name, key, ...rest], options);
    for (let i = 0; i < SOURCES_MAX; i += 1) {
      const [source, isAdapted] = [this.#source, this.#sourceIsAdapted];
      const read: Words[] = isAdapted ? [] : [[name, source, ...rest]];
      const [found, reply] = await client.transaction([["ZNSOCKET", "SOURCE", key], ...read], options);
      if (found instanceof ResponseError) throw found;
      if (found === source) return isAdapted ? adapted(client, source, command, options) : orThrow(reply ?? null);
      await client.wait(this.#leadTo(String(found)), options);
    }
    throw new CoppiceError("BUSY", `the fallback of '${key}' changes all the time`);
  }

  /** The key whose adapter answers reads of this object at this moment; null: it is stored. */
  protected async adapterNow(options: AskOptions): Promise<string | null> {
    if (await this.open(options)) return this.key;
    if (!this.#sourceIsAdapted) return null;
    const source = String(await this.client.command(["ZNSOCKET", "SOURCE", this.key], options));
    if (source !== this.#source) await this.client.wait(this.#leadTo(source), options);
    return this.#sourceIsAdapted ? this.#source : null;
  }

  /** The replies of commands that run as one. */
  protected async write(commands: readonly Command[], options: AskOptions = {}): Promise<Reply[]> {
    if (this.client.reference !== null || (await this.open(options))) throw new FrozenStorageError(this.key);
    const adapter = await this.adapterNow(options);
    if (adapter !== null) await copyAdapted(this.client, adapter, this.shortKey, options);
    const full = commands.map(([name, ...rest]): [string, ...Word[]] => [name, this.key, ...rest]);
    const [first] = full;
    [this.#source, this.#sourceIsAdapted] = [this.key, false]; // as a write leaves it
    if (first !== undefined && full.length === 1) return [await this.client.command(first, options)];
    return (await this.client.transaction(full, options)).map(orThrow);
  }

  // Values.

  /** Throws TypeError for what JSON has not, CoppiceError (CIRCLE) for the object itself. */
  protected encode(value: unknown): string {
    if (value instanceof Stored && value.key === this.key)
      throw new CoppiceError("CIRCLE", "Can not set circular reference to self");
    return encode(value, this.#options);
  }

  protected decode(text: Reply): unknown {
    return this.revive(decode(String(text)));
  }

  protected revive(value: unknown): unknown {
    if (typeof value !== "string") return value;
    const colon = value.indexOf(":");
    const open = colon < 0 ? undefined : kinds.get(value.slice(0, colon));
    return open === undefined ? value : open(this.alike(this.client, value.slice(colon + 1)));
  }

  // Refreshes.

  /** Calls `handler` with what others tell of this object; it takes the place of the handler before. */
  onRefresh(handler: RefreshHandler): void {
    if (this.#socket === null) throw new FrozenStorageError(this.key);
    this.offRefresh();
    this.#stopListening = this.#socket.signals.onRefresh(this.refreshKey, handler);
  }

  offRefresh(): void {
    this.#stopListening?.();
    this.#stopListening = null;
  }

  protected get refreshKey(): string {
    return this.key;
  }

  /** Tells others of a write, behind it, and waits for nobody. */
  protected announce(data: unknown): void {
    this.#socket?.signals.announce(this.refreshKey, data);
  }

  protected alike(client: Client, key: string): StoredOptions {
    const { socket, convertNan } = this.#options;
    return { client, key, convertNan, ...(client === this.client ? { socket } : {}) };
  }

  protected get shortKey(): string {
    return this.#options.key;
  }
}

function orThrow(reply: Reply): Reply {
  if (reply instanceof CoppiceError) throw reply;
  return reply;
}

/** Says of a property what it is: a position, a field, or one of the object's own members. */
export interface Properties<Target> {
  readonly has: (target: Target, name: string) => boolean;
  readonly get: (target: Target, name: string) => unknown;
  readonly set: (target: Target, name: string, value: unknown) => Promise<unknown>;
}

/** The object with properties that are read as promises and written behind the program's back. */
export function withProperties<Target extends Stored>(target: Target, properties: Properties<Target>): Target {
  return new Proxy(target, {
    get: (own, name) => {
      if (typeof name === "string" && properties.has(own, name)) return properties.get(own, name);
      const member: unknown = Reflect.get(own, name, own);
      return typeof member === "function" && name !== "constructor" ? (member as () => unknown).bind(own) : member;
    },
    set: (own, name, value) => {
      if (typeof name !== "string" || !properties.has(own, name)) return false;
      properties.set(own, name, value).catch((error: unknown) => own.client.report(error));
      return true;
    },
  });
}
