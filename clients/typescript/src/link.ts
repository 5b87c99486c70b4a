// A link: one connection to a server, made again when it is lost.
//
//     ask -> queue -> (end of the tick: one write) -> flight -> reply
//
// The queue holds what was not sent, also while there is no connection; the flight what waits for its reply, in order.
//
// Invariants
//   L1  An entry is written at most once. When the connection is lost, those in flight are rejected (LOST), since the
//       server may have run them; those in the queue go out on the next one.
//   L2  An entry's commands are written together, so a transaction is never interleaved.
//   L3  Nothing waits for ever: what is queued longer than `patience` without a connection is rejected (UNREACHABLE),
//       and a connection that is silent for two heartbeats is lost (src/heartbeat.ts).
import { onAbort } from "./abort.js";
import { type Address, userOn } from "./address.js";
import { ConnectionError, CoppiceError, ResponseError } from "./errors.js";
import { Heartbeat } from "./heartbeat.js";
import { ReplyReader } from "./resp/reader.js";
import type { Reply } from "./resp/reply.js";
import { checkWords, CommandWriter, type Word, type Words } from "./resp/writer.js";
import type { OpenTransport, Transport } from "./transport.js";

export interface Backoff {
  /** Milliseconds before the first attempt to connect again; each further wait is twice as long, up to `most`. */
  readonly first: number;
  readonly most: number;
}

export interface LinkOptions {
  readonly address: Address;
  readonly branch: string | null;
  readonly open: OpenTransport;
  readonly backoff: Backoff;
  /** Milliseconds that a command waits for a connection. */
  readonly patience: number;
  /** Milliseconds of silence before the server is asked for a sign of life, and again before the line is lost. */
  readonly heartbeat: number;
  /** From 0 to 1: where in the upper half of a wait it ends, so that clients do not come back all at once. */
  readonly random: () => number;
}

export interface AskOptions {
  /** Rejects with the signal's reason. What was sent is not undone. */
  readonly signal?: AbortSignal | undefined;
  /** Bulk strings are Uint8Array. */
  readonly bytes?: boolean | undefined;
}

interface Entry {
  readonly commands: readonly Words[];
  readonly bytes: boolean;
  readonly since: number;
  readonly replies: Reply[];
  settled: boolean;
  resolve(replies: Reply[]): void;
  reject(error: unknown): void;
}

// Commands that the server may take long for, by their names.
const LONG = new Set(["DEBUG", "DIFF", "SAVE", "STORE"]);
// Refusals of HELLO that every further attempt would meet again; others pass, as "max number of clients reached" does.
const FINAL = new Set(["DENIED", "NOAUTH", "NOPERM", "NOPROTO", "WRONGPASS"]);
const FINAL_TEXT = /^(no branch|unknown command)/;

type State = "connecting" | "greeting" | "ready" | "waiting" | "closed";

/** Who has something to say at the beginning of each connection, before anybody else's commands. */
export interface Attendant {
  greeting(): readonly Words[];
  /** What the server said to one of them. */
  greeted(words: Words, reply: Reply): void;
  push(message: Reply[]): void;
  connected(): void;
  disconnected(reason: string): void;
  /** Whether something is to come by itself: then the wait for the next attempt keeps the program alive. */
  expects(): boolean;
}

export class Link {
  readonly #options: LinkOptions;
  readonly #attendants: Attendant[] = [];
  readonly #writer = new CommandWriter();
  #state: State = "connecting";
  #transport: Transport | null = null;
  #queue: Entry[] = [];
  #flight: Entry[] = [];
  #answered = 0; // entries at the front of #flight that are done
  #attempts = 0;
  #generation = 0;
  #trouble = "it was not reached yet";
  #end: CoppiceError | null = null;
  #flushing = false;
  readonly #heartbeat: Heartbeat;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #patience: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#heartbeat = new Heartbeat(options.heartbeat, {
      ask: () => this.#state === "ready" && this.#send([this.#entry(["PING"], () => undefined)]), // before: HELLO asks
      takesTime: () => this.#flight.slice(this.#answered).some(({ commands }) => commands.some(isLong)),
      unsent: () => this.#transport?.unsent() ?? 0,
      lost: (reason) => this.#lost(reason),
    });
    this.#connect();
  }

  get ready(): boolean {
    return this.#state === "ready";
  }

  attend(attendant: Attendant): void {
    this.#attendants.push(attendant);
  }

  /**
   * What attendants expect has changed. A program of Node ends while its client only waits to connect again and nobody
   * waits for the client; what is queued has `patience`.
   */
  expectationsChanged(): void {
    const timer = this.#retry as { ref?: () => unknown; unref?: () => unknown } | undefined; // a number in pages
    if (this.#attendants.some((each) => each.expects())) timer?.ref?.();
    else timer?.unref?.();
  }

  /** Milliseconds to wait before attempt `attempt`, from 0, of what has failed: somewhere in the upper half of the wait. */
  pause(attempt: number): number {
    const { backoff, random } = this.#options;
    return (Math.min(backoff.most, backoff.first * 2 ** attempt) / 2) * (1 + random());
  }

  /** Waits, and does not keep a program alive that is through otherwise. */
  rest(wait: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, wait) as { unref?: () => unknown };
      timer.unref?.();
    });
  }

  /** The replies of commands that go out together, errors among them. */
  ask(commands: readonly (readonly Word[])[], { signal, bytes = false }: AskOptions = {}): Promise<Reply[]> {
    return new Promise((resolve, reject) => {
      for (const words of commands) {
        checkWords(words);
        requireAnswer(words);
      }
      signal?.throwIfAborted();
      if (this.#end !== null) throw this.#end;
      const over = onAbort(signal, () => entry.reject(signal?.reason));
      const settle =
        <Value>(how: (value: Value) => void) =>
        (value: Value): void => {
          if (entry.settled) return;
          entry.settled = true;
          over();
          how(value);
        };
      const entry: Entry = {
        commands: commands as readonly Words[],
        bytes,
        since: Date.now(),
        replies: [],
        settled: false,
        resolve: settle(resolve),
        reject: settle(reject),
      };
      if (commands.length === 0) return entry.resolve([]);
      this.#queue.push(entry);
      return this.#schedule();
    });
  }

  /** What was asked in this tick still goes out; whatever waits for an answer is rejected (CLOSED). */
  close(): void {
    if (this.#state === "ready") this.#flush();
    this.#finish(new ConnectionError("CLOSED", "the client was closed"));
  }

  #schedule(): void {
    if (this.#state !== "ready") return this.#beginPatience();
    if (this.#flushing) return undefined;
    this.#flushing = true;
    return queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    if (this.#state !== "ready") return;
    const queue = this.#queue;
    this.#queue = [];
    this.#send(queue.filter((entry) => !entry.settled));
  }

  #send(entries: readonly Entry[]): void {
    for (const entry of entries) {
      for (const words of entry.commands) this.#writer.add(words);
      this.#flight.push(entry);
    }
    const bytes = this.#writer.take();
    if (bytes.length > 0) this.#transport?.send(bytes);
  }

  // Connecting.

  #connect(): void {
    this.#state = "connecting";
    this.#generation += 1;
    const generation = this.#generation;
    const current = (): boolean => generation === this.#generation && this.#state !== "closed";
    this.#heartbeat.start();
    const reader = new ReplyReader({
      reply: (value) => this.#reply(value),
      push: (message) => this.#attendants.forEach((each) => each.push(message)),
      wantsBytes: () => this.#flight[this.#answered]?.bytes ?? false,
    });
    const events = {
      open: () => current() && this.#greet(),
      data: (bytes: Uint8Array) => {
        if (!current()) return;
        this.#heartbeat.heard();
        try {
          reader.feed(bytes);
        } catch (error) {
          if (!(error instanceof CoppiceError)) throw error;
          this.#lost(error.message);
        }
      },
      lost: (reason: string) => current() && this.#lost(reason),
    };
    this.#options.open(this.#options.address, events).then(
      (transport) => (current() ? (this.#transport = transport) : transport.abandon()),
      (error: unknown) => current() && this.#lost(String(error)),
    );
  }

  #greet(): void {
    const { user, password } = this.#options.address;
    const { branch } = this.#options;
    const login =
      user === null && password === null && branch === null ? [] : ["AUTH", userOn(user, branch), password ?? ""];
    this.#state = "greeting";
    const hello = this.#entry(["HELLO", "3", ...login], (reply) => this.#welcome(reply));
    const more = this.#attendants.flatMap((each) =>
      each.greeting().map((words) => this.#entry(words, (reply) => each.greeted(words, reply))),
    );
    this.#send([hello, ...more]);
  }

  #entry(words: Words, done: (reply: Reply) => void): Entry {
    const resolve = ([reply]: Reply[]): void => done(reply ?? null);
    return {
      commands: [words],
      bytes: false,
      since: Date.now(),
      replies: [],
      settled: false,
      resolve,
      reject: () => undefined,
    };
  }

  #welcome(reply: Reply): void {
    if (reply instanceof ResponseError) return isFinal(reply) ? this.#finish(reply) : this.#lost(reply.message);
    if (!(reply instanceof Map) || !reply.has("coppice_version")) {
      return this.#finish(new ConnectionError("NOT_COPPICE", `What answers at ${this.#where()} is not coppice.`));
    }
    this.#state = "ready";
    this.#attempts = 0;
    clearTimeout(this.#patience);
    this.#patience = undefined;
    this.#flush();
    return this.#attendants.forEach((each) => each.connected());
  }

  #reply(value: Reply): void {
    const entry = this.#flight[this.#answered];
    if (entry === undefined) return this.#lost("an answer that nobody asked for");
    entry.replies.push(value);
    if (entry.replies.length < entry.commands.length) return;
    this.#answered += 1;
    // The front is given up in slices, so that a reply costs the same however many are waited for.
    if (this.#answered === this.#flight.length || this.#answered >= 1024) {
      this.#flight = this.#flight.slice(this.#answered);
      this.#answered = 0;
    }
    entry.resolve(entry.replies);
  }

  // Losing.

  #where(): string {
    const { transport, host, port, url } = this.#options.address;
    return transport === "tcp" ? `${host}:${port}` : url;
  }

  /** Leaves the line: what was sent still goes out (close), or not (abandon). */
  #drop(how: "close" | "abandon"): Entry[] {
    const flight = this.#flight.slice(this.#answered);
    this.#flight = [];
    this.#answered = 0;
    this.#generation += 1;
    this.#heartbeat.stop();
    this.#transport?.[how]();
    this.#transport = null;
    return flight;
  }

  #lost(reason: string): void {
    this.#trouble = reason;
    const wasReady = this.#state === "ready";
    const flight = this.#drop("abandon");
    this.#state = "waiting";
    this.#retry = setTimeout(() => this.#connect(), this.pause(this.#attempts));
    this.#attempts += 1;
    this.expectationsChanged();
    this.#beginPatience();
    const error = new ConnectionError(
      "LOST",
      `the connection to ${this.#where()} was lost before the answer: ${reason}`,
    );
    for (const entry of flight) entry.reject(error);
    if (wasReady) this.#attendants.forEach((each) => each.disconnected(reason));
  }

  #beginPatience(): void {
    const [eldest] = this.#queue;
    if (this.#patience !== undefined || this.#state === "closed" || eldest === undefined) return;
    const left = eldest.since + this.#options.patience - Date.now();
    this.#patience = setTimeout(() => this.#losePatience(), Math.max(left, 0));
  }

  #losePatience(): void {
    this.#patience = undefined;
    const before = Date.now() - this.#options.patience;
    const error = new ConnectionError(
      "UNREACHABLE",
      `Could not connect to ${this.#where()}: ${this.#trouble}. Is the server running? 'coppice serve' starts one.`,
    );
    const isOld = (entry: Entry): boolean => entry.since <= before + 1;
    const old = this.#queue.filter(isOld);
    this.#queue = this.#queue.filter((entry) => !isOld(entry) && !entry.settled);
    this.#beginPatience();
    for (const entry of old) entry.reject(error);
  }

  /** Over for good. */
  #finish(why: CoppiceError): void {
    if (this.#state === "closed") return;
    const wasReady = this.#state === "ready";
    const waiting = [...this.#drop("close"), ...this.#queue];
    this.#state = "closed";
    this.#end = why;
    this.#queue = [];
    clearTimeout(this.#retry);
    clearTimeout(this.#patience);
    for (const entry of waiting) entry.reject(why);
    if (wasReady) this.#attendants.forEach((each) => each.disconnected(why.message));
  }
}

/** Throws TypeError for commands behind which nothing is answered: answers are told apart by their order. */
function requireAnswer([name, part, how]: Words): void {
  const says = (word: Word | undefined, ...texts: string[]): boolean => texts.includes(String(word).toUpperCase());
  if (says(name, "CLIENT") && says(part, "REPLY") && says(how, "OFF", "SKIP")) {
    throw new TypeError(`CLIENT REPLY ${String(how)}: this client waits for the answer to each command`);
  }
}

function isLong([name]: Words): boolean {
  return LONG.has(name.toUpperCase());
}

function isFinal({ code, message }: ResponseError): boolean {
  return FINAL.has(code) || (code === "ERR" && FINAL_TEXT.test(message));
}
