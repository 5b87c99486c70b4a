// Versions: branches, commits, tags, differences. docs/protocol.md says what each command answers.
import { CoppiceError, ResponseError } from "./errors.js";
import type { Reply } from "./resp/reply.js";
import type { Word } from "./resp/writer.js";

/** A time: a Date, seconds since 1970, or what the server reads behind `@`, as "-5m". */
export type When = Date | number | string;

export interface Branch {
  readonly name: string;
  /** The newest commit's id. */
  readonly head: string | null;
  readonly time: Date;
  readonly keys: number;
  readonly current: boolean;
}

/** A name of a commit. */
export interface Tag {
  readonly name: string;
  readonly id: string;
  readonly time: Date;
}

/** An entry of a log. `id` is a reference: `client.at(version.id)` reads it; `begin` says how far the past reaches. */
export interface Version {
  readonly id: string;
  readonly time: Date;
  readonly kind: "commit" | "point" | "begin";
  readonly author: string;
  readonly message: string;
}

/** A branch was moved; `before` and `after` are references to what it said. */
export interface Move {
  readonly time: Date;
  readonly action: string;
  readonly before: string;
  readonly after: string;
}

/** `count` elements or bytes from `position` on. */
export interface Span {
  readonly position: number;
  readonly count: number;
}

export type Kind = "added" | "removed" | "changed";

/** What differs inside a key: a field, a member, a run of elements (whose spans say where), ... */
export interface Part {
  readonly what: string;
  readonly at: string | number;
  readonly kind: Kind;
  readonly old: Reply;
  readonly new: Reply;
  readonly before: Span | null;
  readonly after: Span | null;
}

/** A key that differs: its type and size after (before, if it was removed), and what differs inside. */
export interface Change {
  readonly db: number;
  readonly key: string;
  readonly kind: Kind;
  readonly type: string;
  readonly size: number;
  readonly parts: readonly Part[];
}

export interface LogOptions {
  /** Only versions in which this key, as the server has it, changed. */
  readonly key?: string;
  readonly db?: number;
  readonly since?: When;
  readonly until?: When;
  readonly count?: number;
  /** Without restore points. */
  readonly commits?: boolean;
}

export interface DiffOptions {
  readonly key?: string;
  /** A pattern of keys. */
  readonly match?: string;
  readonly db?: number;
}

type Ask = (words: [string, ...Word[]]) => Promise<Reply>;

const PAGE = 1000; // changes in one reply of DIFF

class Fields {
  readonly #map: Map<Reply, Reply>;
  constructor(reply: Reply | undefined) {
    if (!(reply instanceof Map)) throw new CoppiceError("PROTOCOL", "an answer without fields");
    this.#map = reply;
  }
  raw(name: string): Reply {
    return this.#map.get(name) ?? null;
  }
  text(name: string): string {
    return String(this.raw(name));
  }
  number(name: string): number {
    return Number(this.raw(name));
  }
  time(name: string): Date {
    return new Date(this.number(name) / 1000);
  }
}

function rows(reply: Reply): Fields[] {
  if (!Array.isArray(reply)) throw new CoppiceError("PROTOCOL", "an answer that is no list");
  return reply.map((each) => new Fields(each));
}

function whenText(when: When): string {
  return when instanceof Date ? when.toISOString() : String(when);
}

/** The words of options: what is undefined or false is left out, true is the name alone. */
function options(given: Readonly<Record<string, Word | boolean | undefined>>): Word[] {
  return Object.entries(given).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    return value === true ? [name.toUpperCase()] : [name.toUpperCase(), value];
  });
}

export async function branches(ask: Ask): Promise<Branch[]> {
  return rows(await ask(["BRANCH", "LIST"])).map((row) => ({
    name: row.text("name"),
    head: row.raw("head") === null ? null : row.text("head"),
    time: row.time("time"),
    keys: row.number("keys"),
    current: Boolean(row.raw("current")),
  }));
}

/** Makes the branch if there is none. */
export async function openBranch(ask: Ask, name: string, from: string | undefined): Promise<void> {
  try {
    await ask(["BRANCH", "CREATE", name, ...options({ from })]);
  } catch (error) {
    if (!(error instanceof ResponseError && error.message.endsWith("is taken"))) throw error;
    await ask(["BRANCH", "INFO", name]); // the name may be a tag's
  }
}

export async function tags(ask: Ask): Promise<Tag[]> {
  return rows(await ask(["TAG", "LIST"])).map((row) => ({
    name: row.text("name"),
    id: row.text("id"),
    time: row.time("time"),
  }));
}

export async function log(ask: Ask, reference: string | null, given: LogOptions): Promise<Version[]> {
  const { key, db, since, until, count, commits } = given;
  const times = {
    since: since === undefined ? undefined : whenText(since),
    until: until === undefined ? undefined : whenText(until),
  };
  const words = options({ key, db, ...times, count, commits });
  return rows(await ask(["LOG", ...(reference === null ? [] : [reference]), ...words])).map((row) => ({
    id: row.text("id"),
    time: row.time("time"),
    kind: row.text("kind") as Version["kind"],
    author: row.text("author"),
    message: row.text("message"),
  }));
}

export async function reflog(ask: Ask, count: number | undefined): Promise<Move[]> {
  const branch = String(await ask(["BRANCH", "CURRENT"]));
  return rows(await ask(["REFLOG", branch, ...options({ count })])).map((row) => ({
    time: row.time("time"),
    action: row.text("action"),
    before: row.text("from"),
    after: row.text("to"),
  }));
}

function span(row: Fields, side: string): Span | null {
  const position = row.raw(`${side}_position`);
  return position === null ? null : { position: Number(position), count: row.number(`${side}_count`) };
}

function part(reply: Reply): Part {
  const row = new Fields(reply);
  return {
    what: row.text("what"),
    at: row.raw("at") as string | number,
    kind: row.text("kind") as Kind,
    old: row.raw("old"),
    new: row.raw("new"),
    before: span(row, "before"),
    after: span(row, "after"),
  };
}

function change(row: Fields): Change {
  const parts = row.raw("parts");
  return {
    db: row.number("db"),
    key: row.text("key"),
    kind: row.text("kind") as Kind,
    type: row.text("type"),
    size: row.number("size"),
    parts: Array.isArray(parts) ? parts.map(part) : [],
  };
}

/** All pages as one; what a page says of the key that the page before ended in is joined to it. */
export async function diff(
  ask: Ask,
  first: string,
  second: string,
  { key, match, db }: DiffOptions,
): Promise<Change[]> {
  const changes: Change[] = [];
  let cursor: string | undefined;
  do {
    const page = new Fields(await ask(["DIFF", first, second, ...options({ key, match, db, count: PAGE, cursor })]));
    cursor = page.text("cursor");
    for (const each of rows(page.raw("changes")).map(change)) {
      const last = changes[changes.length - 1];
      if (last !== undefined && last.db === each.db && last.key === each.key) {
        changes[changes.length - 1] = { ...each, parts: [...last.parts, ...each.parts] };
      } else {
        changes.push(each);
      }
    }
  } while (cursor !== "0");
  return changes;
}
