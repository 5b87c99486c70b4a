// The client: one connection, Redis's commands, versions, refreshes and adapters.
//
// Commands of one tick go out in one write, and are answered in order; each takes a signal. A lost connection is made
// again, also for listeners and adapters: src/link.ts says what happens to commands meanwhile.
import { signalOf, unlessAborted } from "./abort.js";
import { adapterOf, type Adapted } from "./adapter.js";
import { parseAddress } from "./address.js";
import { type Commands, install } from "./commands.js";
import { ConnectionError, CoppiceError, FrozenStorageError, ResponseError } from "./errors.js";
import { type AskOptions, type Backoff, Link } from "./link.js";
import { Pipeline } from "./pipeline.js";
import type { Reply } from "./resp/reply.js";
import { checkWords, type Word } from "./resp/writer.js";
import { guarded, type Refresh, Signals } from "./signals.js";
import { hasTcp, type OpenTransport, transportOpener, type WebSocketClass, webSocketHere } from "./transport.js";
import { isNamed, kindOf } from "./values.js";
import * as versions from "./versions.js";

export interface ClientOptions {
  /** Where the server is (src/address.ts); of a page without one, where the page came from. */
  readonly url?: string;
  /** Of ZnSocket's programs; it means nothing here. */
  readonly namespace?: string;
  /** A client whose connection this one shares, in place of `url`. */
  readonly socket?: Client | null;
  /** The branch that commands are about; `url` may name it, too. Not with `socket`. */
  readonly branch?: string;
  /** With `socket`: the version that is read, as `client.at(ref)` has it. */
  readonly reference?: string | null;
  /** Ends whatever is asked through this client, as `client.with({ signal })` has it. */
  readonly signal?: AbortSignal | undefined;
  /** The WebSocket to use where there is none: that of the package `ws` in Node 20. */
  readonly webSocket?: WebSocketClass;
  /** Milliseconds between attempts to connect: 100, doubling up to 10,000. */
  readonly backoff?: Partial<Backoff>;
  /** Milliseconds that a command waits for a connection before it is rejected: 10,000. */
  readonly patience?: number;
  /**
   * Milliseconds of silence before the server is asked for a sign of life, and again before the connection counts as
   * lost: 15,000. 0: never.
   */
  readonly heartbeat?: number;
  /** For tests: how to reach a server, and what spreads the attempts. */
  readonly open?: OpenTransport;
  readonly random?: () => number;
}

export interface ClientEvents {
  connect: () => void;
  disconnect: (reason: string) => void;
  /** What others tell with `emit("refresh", ...)` or by changing a List or Dict. */
  refresh: (refresh: Refresh) => void;
  /** What goes wrong where nobody waits: `list[0] = value`, a handler that throws. Without a handler it is thrown. */
  error: (error: unknown) => void;
}
export type ClientEvent = keyof ClientEvents;

const PRESENT_ONLY = "AT takes commands that only read";
// Commands about the connection or the store, not about keys: they are sent as they are, also by a client of the past.
const NOT_ABOUT_KEYS = new Set(
  (
    "AT ON BRANCH TAG LOG DIFF REFLOG STORE PING ECHO TIME INFO COMMAND CLIENT CONFIG SLOWLOG ROLE LASTSAVE ZNSOCKET " +
    "MULTI EXEC DISCARD"
  ).split(" "),
);

/** What clients of one connection share. */
interface Shared {
  readonly link: Link;
  readonly signals: Signals;
  readonly options: ClientOptions;
  readonly handlers: { readonly [Name in ClientEvent]: Set<ClientEvents[Name]> };
}

function connect(options: ClientOptions): Shared {
  const page = (globalThis as { location?: { origin?: string } }).location?.origin;
  const webSocket = options.webSocket ?? webSocketHere();
  const can = { tcp: hasTcp, websocket: webSocket !== undefined };
  const address = parseAddress(options.url ?? (hasTcp || page === undefined ? "coppice://localhost:5000" : page), can);
  const handlers: Shared["handlers"] = {
    connect: new Set(),
    disconnect: new Set(),
    refresh: new Set(),
    error: new Set(),
  };
  const link = new Link({
    address,
    branch: options.branch ?? address.branch,
    open: options.open ?? transportOpener(webSocket),
    backoff: { first: 100, most: 10_000, ...options.backoff },
    patience: milliseconds("patience", options.patience ?? 10_000),
    heartbeat: milliseconds("heartbeat", options.heartbeat ?? 15_000),
    random: options.random ?? Math.random,
  });
  const trouble = (error: unknown): void => report(handlers.error, error);
  const tell = <Told>(those: ReadonlySet<(told: Told) => void>, told: Told): void => {
    for (const handler of those) guarded(() => handler(told), trouble);
  };
  const signals = new Signals(link, handlers.refresh, trouble);
  link.attend({
    greeting: () => [],
    greeted: () => undefined,
    push: () => undefined,
    connected: () => tell(handlers.connect, undefined),
    disconnected: (reason) => tell(handlers.disconnect, reason),
    expects: () => handlers.refresh.size > 0,
  });
  return { link, signals, options, handlers };
}

function milliseconds(name: string, given: number): number {
  if (Number.isFinite(given) && given >= 0) return given;
  throw new TypeError(`${name}: expected milliseconds, or 0 for none, got ${String(given)}`);
}

function report(handlers: ReadonlySet<(error: unknown) => void>, error: unknown): void {
  const closing = error instanceof ConnectionError && error.code === "CLOSED";
  if (closing) return; // the program knows
  const thrown = (uncaught: unknown): void =>
    queueMicrotask(() => {
      throw uncaught;
    });
  if (handlers.size === 0) thrown(error);
  else handlers.forEach((handler) => guarded(() => handler(error), thrown));
}

export interface Client extends Commands {}
export class Client {
  readonly #shared: Shared;
  /** The version that is read; null for the present. */
  readonly reference: string | null;
  readonly #signal: AbortSignal | undefined;

  /** Connecting begins at once; commands wait for it. Throws CoppiceError (ADDRESS) for a url that is none. */
  constructor(options: ClientOptions = {}) {
    if (options === null || typeof options !== "object") {
      throw new TypeError(`a client's options: expected {url: "coppice://..."} or so, got ${kindOf(options)}`);
    }
    const { socket = null, branch } = options;
    if (socket !== null && !(socket instanceof Client)) {
      throw new TypeError(`socket: expected a Client of this package, got ${kindOf(socket)}`);
    }
    if (socket !== null && branch !== undefined) {
      throw new TypeError(
        "branch: a connection that is shared stays on its own; client.on(name) is a client on another",
      );
    }
    this.#shared = socket === null ? connect(options) : socket.#shared;
    this.reference = options.reference ?? null;
    this.#signal = signalOf(options);
  }

  /** Refreshes and adapters of this connection. */
  get signals(): Signals {
    return this.#shared.signals;
  }

  get connected(): boolean {
    return this.#shared.link.ready;
  }

  /** Resolves when there is a connection; rejects when there is none in time, or the server refuses. */
  async connect(options: AskOptions = {}): Promise<"Connected"> {
    await this.#send([["PING"]], options);
    return "Connected";
  }

  /** Ends the connection, behind what was asked before. What waits for an answer is rejected. */
  disconnect(): void {
    this.#shared.link.close();
  }

  close(): void {
    this.disconnect();
  }

  /** A client on this connection whose commands, those of its lists and dicts among them, end with `signal`. */
  with(options: { readonly signal: AbortSignal }): Client {
    return new Client({ socket: this, reference: this.reference, signal: this.#endedBy(options) });
  }

  #endedBy(options: AskOptions): AbortSignal | undefined {
    const other = signalOf(options);
    return this.#signal === undefined || other === undefined
      ? (this.#signal ?? other)
      : AbortSignal.any([this.#signal, other]);
  }

  /** What `work` becomes, unless this client's signal or the given one ends the wait for it. */
  wait<Value>(work: Promise<Value>, options: AskOptions = {}): Promise<Value> {
    return unlessAborted(work, this.#endedBy(options));
  }

  /** The same of what is not begun where this client's signal has aborted. */
  async #unlessEnded<Value>(begin: () => Promise<Value>): Promise<Value> {
    this.#signal?.throwIfAborted();
    return this.wait(begin());
  }

  #send(commands: readonly (readonly Word[])[], options: AskOptions): Promise<Reply[]> {
    return this.#shared.link.ask(commands, { ...options, signal: this.#endedBy(options) });
  }

  // Commands.

  /** The answer to any command of the server. */
  async command(words: readonly [string, ...Word[]], options: AskOptions = {}): Promise<Reply> {
    checkWords(words);
    const [reply] = await this.#send([this.#addressed(words)], options);
    return this.#checked(reply ?? null);
  }

  /** The same by the name that node-redis has for it. */
  async sendCommand(words: readonly string[], options: AskOptions = {}): Promise<Reply> {
    checkWords(words);
    return this.command(words, options);
  }

  /** Commands that go out together, each on its own. */
  pipeline(): Pipeline {
    return new Pipeline((commands, options) => {
      return this.#send(
        commands.map((words) => this.#addressed(words)),
        options,
      );
    });
  }

  /** Commands that run as one: others see all of it or nothing. */
  multi(): Pipeline {
    return new Pipeline((commands, options) => this.transaction(commands, options));
  }

  /** The answers of commands that run as one, errors of commands that failed while running among them. */
  async transaction(commands: readonly (readonly Word[])[], options: AskOptions = {}): Promise<Reply[]> {
    if (commands.length === 0) return [];
    const inside = commands.map((words) => this.#addressed(words));
    const replies = await this.#send([["MULTI"], ...inside, ["EXEC"]], options);
    const refused = replies.slice(1, -1).find((reply) => reply instanceof ResponseError);
    const answers = this.#checked(refused ?? replies[replies.length - 1] ?? null);
    if (!Array.isArray(answers)) throw new CoppiceError("PROTOCOL", "a transaction without answers");
    return answers.map((each) => this.#renamed(each));
  }

  #addressed(words: readonly Word[]): readonly Word[] {
    if (this.reference === null || NOT_ABOUT_KEYS.has(String(words[0]).toUpperCase())) return words;
    return ["AT", this.reference, ...words];
  }

  #renamed(reply: Reply): Reply {
    if (this.reference === null || !(reply instanceof ResponseError)) return reply;
    return reply.message.includes(PRESENT_ONLY) ? new FrozenStorageError(this.reference) : reply;
  }

  #checked(reply: Reply): Reply {
    const renamed = this.#renamed(reply);
    if (renamed instanceof CoppiceError) throw renamed;
    return renamed;
  }

  // Events.

  on(event: "connect", handler: ClientEvents["connect"]): this;
  on(event: "disconnect", handler: ClientEvents["disconnect"]): this;
  on(event: "refresh", handler: ClientEvents["refresh"]): this;
  on(event: "error", handler: ClientEvents["error"]): this;
  /** A client on a branch that is there, with a connection of its own. Throws ResponseError where there is none. */
  on(branch: string): Promise<Client>;
  on(name: string, handler?: ClientEvents[ClientEvent]): this | Promise<Client> {
    if (handler === undefined) return this.#existing(name);
    if (typeof handler !== "function") throw new TypeError(`on: expected a function, got ${kindOf(handler)}`);
    this.#handlers(name).add(handler);
    if (name === "refresh") {
      this.signals.listen();
      this.#shared.link.expectationsChanged();
    }
    return this;
  }

  off<Name extends ClientEvent>(event: Name, handler?: ClientEvents[Name]): this {
    const handlers = this.#handlers(event);
    if (handler === undefined) handlers.clear();
    else handlers.delete(handler);
    this.#shared.link.expectationsChanged();
    return this;
  }

  #handlers(event: string): Set<ClientEvents[ClientEvent]> {
    const { handlers } = this.#shared;
    if (!Object.hasOwn(handlers, event)) {
      throw new CoppiceError("EVENT", `no event '${event}': there are ${Object.keys(handlers).join(", ")}`);
    }
    return handlers[event as ClientEvent] as Set<ClientEvents[ClientEvent]>;
  }

  /** Gives `error` to the handlers of "error". */
  report(error: unknown): void {
    report(this.#shared.handlers.error, error);
  }

  /** Sends an event as ZnSocket's programs do: "refresh" with `{target, data}`. */
  async emit(event: string, data?: unknown): Promise<unknown> {
    if (event !== "refresh")
      throw new CoppiceError("EVENT", `Unknown event: ${event}. 'refresh' can be emitted; commands are methods.`);
    if (!isNamed(data) || typeof data["target"] !== "string") {
      throw new TypeError(`refresh: expected {target: "...", data}, got ${isNamed(data) ? "no target" : kindOf(data)}`);
    }
    const { target, data: payload } = data as { target: string; data?: unknown };
    await this.#unlessEnded(() => this.signals.refresh(target, payload));
    return undefined; // as the acknowledgement `[]` reads
  }

  // Adapters.

  /**
   * Lets this program answer all reads of `key`: an array (or typed array) as `znsocket.List:key`, a Map or an object
   * as `znsocket.Dict:key`. What is read is what the object holds at that moment. Rejects with AdapterError when
   * somebody has opened the key.
   */
  async registerAdapter(key: string, object: Adapted): Promise<void> {
    const adapter = adapterOf(this, key, object);
    await this.#unlessEnded(() => this.signals.register(adapter.key, adapter.answer));
  }

  /** Whether an adapter answers for the full key, which counts as opened from here on. */
  checkAdapter(key: string): Promise<boolean> {
    return this.#unlessEnded(() => this.signals.check(key));
  }

  /** The answer of the full key's adapter, as ZnSocket's carry it. */
  adapterGet(key: string, method: string, details: object = {}, options: AskOptions = {}): Promise<unknown> {
    return this.signals.get(key, method, details, { signal: this.#endedBy(options) });
  }

  // Versions. References are those of docs/protocol.md: "main", "main~2", "main@-5m", a tag, a commit's id.

  #ask = (words: readonly [string, ...Word[]]): Promise<Reply> => this.command(words);

  /** A client on branch `name`, made if missing: from `from`, else from what this client reads. */
  async branch(name: string, { from }: { readonly from?: string } = {}): Promise<Client> {
    await versions.openBranch(this.#ask, name, from ?? this.reference ?? undefined);
    return this.#onBranch(name);
  }

  async #existing(name: string): Promise<Client> {
    await this.command(["BRANCH", "INFO", name]);
    return this.#onBranch(name);
  }

  #onBranch(name: string): Client {
    return new Client({ ...this.#shared.options, branch: name, reference: null, signal: this.#signal });
  }

  /** A client that reads the version `reference`, on this connection. Its writes throw FrozenStorageError. */
  at(reference: string): Client {
    if (typeof reference !== "string" || reference === "") {
      const got = reference === "" ? "an empty text" : kindOf(reference);
      throw new TypeError(`reference: expected a branch, a tag, a commit's id, "main@-5m" or so, got ${got}`);
    }
    return new Client({ socket: this, reference, signal: this.#signal });
  }

  /** The client of the present on this connection. */
  get present(): Client {
    return this.reference === null ? this : new Client({ socket: this, signal: this.#signal });
  }

  branches(): Promise<versions.Branch[]> {
    return versions.branches(this.#ask);
  }

  /** The branch that this client writes to. */
  async currentBranch(): Promise<string> {
    return String(await this.command(["BRANCH", "CURRENT"]));
  }

  /** Deletes a branch with its restore points; its commits stay. */
  async deleteBranch(name: string): Promise<void> {
    await this.command(["BRANCH", "DELETE", name]);
  }

  /** Keeps what the branch says as a commit: its id, that of the newest one if nothing changed. */
  async commit(message = "", { author }: { readonly author?: string } = {}): Promise<string> {
    this.#requirePresent();
    return String(
      await this.command(["COMMIT", "MESSAGE", message, ...(author === undefined ? [] : ["AUTHOR", author])]),
    );
  }

  /** Names a commit: that of `reference`, else the branch's newest. */
  async tag(name: string, reference: string | null = this.reference): Promise<void> {
    await this.command(["TAG", "CREATE", name, ...(reference === null ? [] : [reference])]);
  }

  tags(): Promise<versions.Tag[]> {
    return versions.tags(this.#ask);
  }

  /** Deletes a tag; the commit stays. */
  async deleteTag(name: string): Promise<void> {
    await this.command(["TAG", "DELETE", name]);
  }

  /** The versions that `reference` (the branch) leads to, newest first, at most `count` (100). */
  log(reference: string | null = this.reference, options: versions.LogOptions = {}): Promise<versions.Version[]> {
    return versions.log(this.#ask, reference, options);
  }

  /** What makes version `second` of version `first`, down to fields and positions. Costs what differs. */
  diff(first: string, second: string, options: versions.DiffOptions = {}): Promise<versions.Change[]> {
    return versions.diff(this.#ask, first, second, options);
  }

  /** Lets the branch say what the version `reference` says; the `before` of its reflog undoes it. */
  async rewind(reference: string): Promise<void> {
    this.#requirePresent();
    await this.command(["REWIND", await this.currentBranch(), reference]);
  }

  /** Where the branch was moved from and to, newest first. */
  reflog({ count }: { readonly count?: number } = {}): Promise<versions.Move[]> {
    return versions.reflog(this.#ask, count);
  }

  #requirePresent(): void {
    if (this.reference !== null) throw new FrozenStorageError(this.reference);
  }
}

install(Client.prototype, async (client, words, value) => value(await client.command(words())));

export function createClient(options: ClientOptions = {}): Client {
  return new Client(options);
}
