// Redis's commands under the names that ZnSocket's and node-redis's programs use: how each is asked and answered.
//
// A row is a function from arguments to words, and one from the reply to a value. Client and Pipeline are given a
// method for each; any other command of the server is `client.command(["NAME", ...])`.
import { CoppiceError } from "./errors.js";
import type { Reply } from "./resp/reply.js";
import type { Word, Words } from "./resp/writer.js";
import { entriesOf } from "./values.js";

interface Row<Arguments extends readonly unknown[], Value> {
  readonly words: (...given: Arguments) => Words;
  readonly value: (reply: Reply) => Value;
  /** How many arguments it takes at most. */
  readonly most: number;
}

function row<Arguments extends readonly unknown[], Value>(
  words: (...given: Arguments) => Words,
  value: (reply: Reply) => Value,
): Row<Arguments, Value> {
  return { words, value, most: words.length };
}

function rowOfMany<Arguments extends readonly unknown[], Value>(
  words: (...given: Arguments) => Words,
  value: (reply: Reply) => Value,
): Row<Arguments, Value> {
  return { words, value, most: Infinity };
}

const unexpected = (reply: Reply): CoppiceError =>
  new CoppiceError("PROTOCOL", `an answer of another type: ${String(reply)}`);

export function asNumber(reply: Reply): number {
  if (typeof reply !== "number") throw unexpected(reply);
  return reply;
}
export function asText(reply: Reply): string {
  if (typeof reply !== "string") throw unexpected(reply);
  return reply;
}
export const asTextOrNull = (reply: Reply): string | null => (reply === null ? null : asText(reply));
export function asTexts(reply: Reply): string[] {
  if (!Array.isArray(reply)) throw unexpected(reply);
  return reply.map(asText);
}
export function asPairs(reply: Reply): [string, string][] {
  if (!(reply instanceof Map)) throw unexpected(reply);
  return [...reply].map(([key, value]) => [asText(key), asText(value)]);
}
const asTruth = (reply: Reply): boolean => asNumber(reply) > 0;

export const table = {
  get: row((key: string) => ["GET", key], asTextOrNull),
  set: row((key: string, value: Word) => ["SET", key, value], asTextOrNull),
  incr: row(
    (key: string) => ["INCR", key],
    (reply) => reply as number | bigint,
  ),
  exists: rowOfMany((...keys: string[]) => ["EXISTS", ...keys], asNumber),
  del: rowOfMany((...keys: string[]) => ["DEL", ...keys], asNumber),
  copy: row((from: string, to: string) => ["COPY", from, to], asTruth),
  flushAll: row(() => ["FLUSHALL"], asText),
  lLen: row((key: string) => ["LLEN", key], asNumber),
  lIndex: row((key: string, index: number) => ["LINDEX", key, index], asTextOrNull),
  lRange: row((key: string, first: number, last: number) => ["LRANGE", key, first, last], asTexts),
  lSet: row((key: string, index: number, value: Word) => ["LSET", key, index, value], asText),
  lRem: row((key: string, count: number, value: Word) => ["LREM", key, count, value], asNumber),
  rPush: rowOfMany((key: string, ...values: Word[]) => ["RPUSH", key, ...values], asNumber),
  lPush: rowOfMany((key: string, ...values: Word[]) => ["LPUSH", key, ...values], asNumber),
  hGet: row((key: string, field: string) => ["HGET", key, field], asTextOrNull),
  hSet: row((key: string, field: string, value: Word) => ["HSET", key, field, value], asNumber),
  hMSet: row(
    (key: string, fields: Readonly<Record<string, Word>>) => ["HSET", key, ...entriesOf(fields, "hMSet").flat()],
    asNumber,
  ),
  hDel: rowOfMany((key: string, ...fields: string[]) => ["HDEL", key, ...fields], asNumber),
  hExists: row((key: string, field: string) => ["HEXISTS", key, field], asTruth),
  hLen: row((key: string) => ["HLEN", key], asNumber),
  hKeys: row((key: string) => ["HKEYS", key], asTexts),
  hVals: row((key: string) => ["HVALS", key], asTexts),
  hGetAll: row(
    (key: string) => ["HGETALL", key],
    (reply) => Object.fromEntries(asPairs(reply)),
  ),
} as const;

type Table = typeof table;
type ValueOf<Name extends keyof Table> = Table[Name] extends Row<infer _Arguments, infer Value> ? Value : never;

/** The methods of a client. */
export type Commands = {
  [Name in keyof Table]: (...given: Parameters<Table[Name]["words"]>) => Promise<ValueOf<Name>>;
};
/** The methods of a pipeline, which queue. */
export type QueuedCommands<Pipe> = {
  [Name in keyof Table]: (...given: Parameters<Table[Name]["words"]>) => Pipe;
};

/** Gives `prototype` a method for each row, which hands words and shape to `run`. `words` throws TypeError. */
export function install<Self>(
  prototype: Self,
  run: (self: Self, words: () => Words, value: (reply: Reply) => unknown) => unknown,
): void {
  for (const [name, { words, value, most }] of Object.entries(table)) {
    const wordsOf = (given: unknown[]): Words => {
      if (given.slice(most).every((each) => each === undefined))
        return (words as (...each: unknown[]) => Words)(...given);
      throw new TypeError(
        `${name} takes ${most} arguments, got ${given.length}; command([...]) takes all that the server does`,
      );
    };
    const method = function (this: Self, ...given: unknown[]): unknown {
      return run(this, () => wordsOf(given), value);
    };
    Object.defineProperty(prototype, name, { value: method, writable: true, configurable: true });
  }
}
