// What reaches other programs beside data: refreshes and adapters (docs/protocol.md, ZNSOCKET).
//
// A refresh says that an object has changed; it goes to all others, never to its sender. An adapter answers reads of a
// key in the name of the server. Both hold for a connection, so they are said again at the beginning of each.
import { unlessAborted } from "./abort.js";
import { AdapterError, ConnectionError, CoppiceError, ResponseError } from "./errors.js";
import type { AskOptions, Attendant, Link } from "./link.js";
import type { Reply } from "./resp/reply.js";
import type { Word, Words } from "./resp/writer.js";

export interface Refresh {
  /** The full key of what changed, or any other name that programs agree on. */
  readonly target: string;
  readonly data: unknown;
}
export type RefreshHandler = (data: unknown) => void;

/** Answers one question about a key, as the value of the answer's JSON. */
export type Answerer = (question: Readonly<Record<string, unknown>>) => unknown;

type Told = { readonly json: string } | { readonly trouble: string };

const REGISTRATIONS_MAX = 7; // of an adapter whose connection was lost, 6 to 13 seconds by default

export class Signals implements Attendant {
  readonly #link: Link;
  readonly #report: (error: unknown) => void;
  readonly #refreshHandlers = new Map<string, Set<RefreshHandler>>();
  readonly #anyRefresh: ReadonlySet<(refresh: Refresh) => void>;
  readonly #adapters = new Map<string, Answerer>();
  readonly #asked = new Map<string, (told: Told) => void>();
  readonly #early = new Map<string, Told>(); // answers that came with their tickets
  #listening = false;
  #connection = 0; // counts them

  /** `anyRefresh` are told of each refresh, `report` of what goes wrong where no caller waits. */
  constructor(link: Link, anyRefresh: ReadonlySet<(refresh: Refresh) => void>, report: (error: unknown) => void) {
    this.#link = link;
    this.#anyRefresh = anyRefresh;
    this.#report = report;
    link.attend(this);
  }

  // What holds for a connection.

  greeting(): readonly Words[] {
    if (!this.#listening) return [];
    return [["ZNSOCKET", "LISTEN"], ...[...this.#adapters.keys()].map(registerAgain)];
  }

  greeted([, name, key]: Words, reply: Reply): void {
    if (reply instanceof ResponseError) return this.#report(reply);
    if (name === "REGISTER" && reply !== 1) this.#inBackground(this.#registerAgain(String(key)));
    return undefined;
  }

  /** The server may not have noticed yet that the connection before is gone, so it is asked a few times. */
  async #registerAgain(key: string): Promise<void> {
    const connection = this.#connection;
    for (let attempt = 0; attempt < REGISTRATIONS_MAX; attempt += 1) {
      await this.#link.rest(this.#link.pause(attempt));
      if (connection !== this.#connection) return; // the next one's greeting says it
      if ((await this.#ask(registerAgain(key))) === 1) return;
    }
    const again = "this adapter is not there again since the connection was lost: registerAdapter tries once more";
    throw new AdapterError(`Key ${key} already exists in storage, somebody else answers for it; ${again}`);
  }

  connected(): void {
    return undefined;
  }

  disconnected(reason: string): void {
    this.#connection += 1;
    for (const settle of this.#asked.values()) settle({ trouble: reason });
    this.#asked.clear();
    this.#early.clear();
  }

  expects(): boolean {
    return this.#refreshHandlers.size > 0 || this.#adapters.size > 0;
  }

  /** Lets this connection, and each that takes its place, be told of refreshes and asked. */
  listen(): void {
    if (this.#listening) return;
    this.#listening = true; // where this is lost, the next greeting says it
    this.#link.ask([["ZNSOCKET", "LISTEN"]]).then(
      ([reply]) => reply instanceof ResponseError && this.#report(reply),
      () => undefined,
    );
  }

  push(message: Reply[]): void {
    const [from, kind, first, second] = message;
    if (from !== "znsocket") return;
    if (kind === "refresh") this.#refreshed(String(first));
    else if (kind === "ask") this.#answer(String(first), String(second));
    else if (kind === "told") this.#told(String(first), { json: String(second) });
    else if (kind === "untold") this.#told(String(first), { trouble: String(second) });
  }

  // Refreshes.

  /** Tells all others that `target` has changed. */
  async refresh(target: string, data: unknown): Promise<void> {
    await this.#ask(["ZNSOCKET", "REFRESH", JSON.stringify({ target, data })]);
  }

  /** The same behind a write that is done: nobody waits, and a connection that is lost is no news. */
  announce(target: string, data: unknown): void {
    this.#inBackground(this.refresh(target, data));
  }

  #inBackground(work: Promise<unknown>): void {
    work.catch((error: unknown) => error instanceof ConnectionError || this.#report(error));
  }

  /** Calls `handler` with what others tell of `target`, until the function that it returns is called. */
  onRefresh(target: string, handler: RefreshHandler): () => void {
    this.listen();
    const handlers = this.#refreshHandlers.get(target) ?? new Set();
    this.#refreshHandlers.set(target, handlers.add(handler));
    this.#link.expectationsChanged();
    return () => {
      handlers.delete(handler);
      if (handlers.size === 0 && this.#refreshHandlers.get(target) === handlers) this.#refreshHandlers.delete(target);
      this.#link.expectationsChanged();
    };
  }

  #refreshed(payload: string): void {
    let refresh: unknown;
    try {
      refresh = JSON.parse(payload);
    } catch (error) {
      return this.#report(error);
    }
    if (!isRecord(refresh) || typeof refresh["target"] !== "string") return; // other programs' messages
    const { target, data } = refresh as { target: string; data?: unknown };
    for (const handler of this.#refreshHandlers.get(target) ?? []) guarded(() => handler(data), this.#report);
    for (const handler of this.#anyRefresh) guarded(() => handler({ target, data }), this.#report);
  }

  // Adapters of others.

  /** Whether an adapter answers for `key`. The key counts as opened from here on: nobody can register one. */
  async check(key: string): Promise<boolean> {
    this.listen();
    return (await this.#ask(["ZNSOCKET", "CHECK", key])) === 1;
  }

  async exists(key: string): Promise<boolean> {
    return (await this.#ask(["ZNSOCKET", "EXISTS", key])) === 1;
  }

  /** The adapter's answer. Throws AdapterError when there is none, or it is silent for five seconds. */
  get(key: string, method: string, details: object = {}, { signal }: AskOptions = {}): Promise<unknown> {
    return unlessAborted(this.#answerOf(key, JSON.stringify([[], { key, method, ...details }])), signal);
  }

  async #answerOf(key: string, question: string): Promise<unknown> {
    this.listen();
    let ticket: string;
    try {
      ticket = String(await this.#ask(["ZNSOCKET", "ASK", key, question]));
    } catch (error) {
      throw error instanceof ResponseError && error.code === "NOADAPTER" ? new AdapterError(error.message) : error;
    }
    const early = this.#early.get(ticket);
    this.#early.delete(ticket);
    const told = early ?? (await new Promise<Told>((resolve) => this.#asked.set(ticket, resolve)));
    if ("trouble" in told) throw new AdapterError(told.trouble);
    return JSON.parse(told.json);
  }

  #told(ticket: string, told: Told): void {
    const settle = this.#asked.get(ticket);
    this.#asked.delete(ticket);
    if (settle === undefined) this.#early.set(ticket, told);
    else settle(told);
  }

  // Adapters of this program.

  /** Lets `answer` serve all reads of `key`. Raises AdapterError when somebody has opened the key. */
  async register(key: string, answer: Answerer): Promise<void> {
    this.listen();
    const words = this.#adapters.has(key) ? registerAgain(key) : ["ZNSOCKET", "REGISTER", key];
    if ((await this.#ask(words)) !== 1) {
      throw new AdapterError(`Key ${key} already exists in storage`);
    }
    this.#adapters.set(key, answer);
  }

  #answer(ticket: string, text: string): void {
    const reply = (value: unknown): void => {
      this.#inBackground(this.#ask(["ZNSOCKET", "ANSWER", ticket, JSON.stringify(value)]));
    };
    try {
      const question: unknown = (JSON.parse(text) as [unknown, unknown])[1];
      const key = isRecord(question) ? question["key"] : undefined;
      const adapter = typeof key === "string" ? this.#adapters.get(key) : undefined;
      if (!isRecord(question) || adapter === undefined)
        throw new AdapterError(`Key ${String(key)} does not exist in storage`);
      Promise.resolve(adapter(question)).then(reply, (error: unknown) => reply(failure(error)));
    } catch (error) {
      reply(failure(error));
    }
  }

  async #ask(words: readonly Word[]): Promise<Reply> {
    const [reply] = await this.#link.ask([words]);
    if (reply instanceof ResponseError) throw reply;
    return reply ?? null;
  }
}

/** Calls a program's handler, which must not keep what comes next from being read. */
export function guarded(call: () => void, trouble: (error: unknown) => void): void {
  try {
    call();
  } catch (error) {
    trouble(error);
  }
}

/** The owner's words when his connection is another: who opened the key meanwhile is no hindrance. */
function registerAgain(key: string): Words {
  return ["ZNSOCKET", "REGISTER", key, "AGAIN"];
}

/** What an adapter says instead of an answer, as ZnSocket's do. */
export function failure(error: unknown): { error: { msg: string; type: string } } {
  const type = error instanceof RangeError ? "IndexError" : error instanceof CoppiceError ? "KeyError" : "TypeError";
  return { error: { msg: error instanceof Error ? error.message : String(error), type } };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
