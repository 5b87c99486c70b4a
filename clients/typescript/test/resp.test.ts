// What is written as RESP3 is read back, however the bytes are split, and what is no RESP3 is refused, never misread.
import assert from "node:assert/strict";
import { test } from "node:test";

import { ProtocolError, ResponseError } from "../src/errors.js";
import { ReplyReader } from "../src/resp/reader.js";
import type { Reply } from "../src/resp/reply.js";
import { checkWords, CommandWriter } from "../src/resp/writer.js";
import { seeded } from "../testing/server.js";

const encoder = new TextEncoder();

function read(bytes: Uint8Array, cut: () => number, wantsBytes = false): { replies: Reply[]; pushes: Reply[][] } {
  const replies: Reply[] = [];
  const pushes: Reply[][] = [];
  const reader = new ReplyReader({
    reply: (value) => replies.push(value),
    push: (message) => pushes.push(message),
    wantsBytes: () => wantsBytes,
  });
  for (let at = 0; at < bytes.length; ) {
    const size = Math.max(1, cut());
    reader.feed(bytes.slice(at, at + size));
    at += size;
  }
  return { replies, pushes };
}

const whole = (): number => Infinity;
const readText = (text: string): Reply[] => read(encoder.encode(text), whole).replies;

function written(value: Reply): string {
  if (value === null) return "_\r\n";
  if (typeof value === "boolean") return value ? "#t\r\n" : "#f\r\n";
  if (typeof value === "bigint") return `(${value}\r\n`;
  if (typeof value === "number") {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) return `:${value}\r\n`;
    return `,${Number.isNaN(value) ? "nan" : value === Infinity ? "inf" : value === -Infinity ? "-inf" : value}\r\n`;
  }
  if (typeof value === "string") return `$${encoder.encode(value).length}\r\n${value}\r\n`;
  if (value instanceof ResponseError) return `-${value.code} ${value.message}\r\n`;
  if (Array.isArray(value)) return `*${value.length}\r\n${value.map(written).join("")}`;
  if (value instanceof Set) return `~${value.size}\r\n${[...value].map(written).join("")}`;
  if (value instanceof Map)
    return `%${value.size}\r\n${[...value]
      .flat()
      .map((each) => written(each as Reply))
      .join("")}`;
  throw new Error("not written here");
}

function randomReply(random: () => number, depth: number): Reply {
  const kind = Math.floor(random() * (depth > 0 ? 10 : 7));
  const size = Math.floor(random() * 5);
  const items = (): Reply[] => Array.from({ length: size }, () => randomReply(random, depth - 1));
  switch (kind) {
    case 0:
      return null;
    case 1:
      return random() < 0.5;
    case 2:
      return Math.floor((random() - 0.5) * 2 ** 54);
    case 3:
      return BigInt(Math.floor(random() * 2 ** 53)) * 10n ** 20n;
    case 4:
      return [NaN, Infinity, -Infinity, random() * 1e300, random() * 1e-300, 0.1][size] ?? 0.5;
    case 5:
      return "aä\r\n€😀".repeat(size * size);
    case 6:
      return "x".repeat(Math.floor(random() * 200));
    case 7:
      return items();
    case 8:
      return new Set(items().map((_, i) => i));
    default:
      return new Map(items().map((value, i) => [`field ${i}`, value]));
  }
}

test("what is written is read back, however it is split", () => {
  const random = seeded();
  for (let round = 0; round < 300; round += 1) {
    const values = Array.from({ length: 5 }, () => randomReply(random, 4));
    const bytes = encoder.encode(values.map(written).join(""));
    const most = 1 + Math.floor(random() * 40);
    assert.deepEqual(read(bytes, () => Math.floor(random() * most)).replies, values);
    assert.deepEqual(read(bytes, whole).replies, values);
  }
});

test("any bytes are read or refused with ProtocolError", () => {
  const random = seeded();
  const letters = encoder.encode("*%~>|$=!+-:(,#_0123456789tf\r\n\r\n\r\ninfa");
  for (let round = 0; round < 5000; round += 1) {
    const bytes = Uint8Array.from({ length: 60 }, () => letters[Math.floor(random() * letters.length)] ?? 0);
    try {
      read(bytes, () => Math.floor(random() * 9));
    } catch (error) {
      assert.ok(error instanceof ProtocolError, String(error));
    }
  }
});

test("integers beyond 2^53 are bigints", () => {
  assert.deepEqual(
    readText(
      ":9007199254740991\r\n:9007199254740992\r\n:-9223372036854775808\r\n:000000000000000000007\r\n(12\r\n:-0\r\n",
    ),
    [9007199254740991, 9007199254740992n, -9223372036854775808n, 7, 12n, 0],
  );
});

test("each type of RESP3 has its value", () => {
  assert.deepEqual(
    readText(
      "+OK\r\n$-1\r\n*-1\r\n_\r\n=7\r\ntxt:any\r\n!5\r\nERR x\r\n,1.5\r\n*0\r\n%0\r\n~0\r\n|1\r\n+ttl\r\n:3\r\n:4\r\n",
    ),
    ["OK", null, null, null, "any", new ResponseError("ERR x"), 1.5, [], new Map(), new Set(), 4],
  );
});

test("pushes come between replies, and are text where bytes are asked for", () => {
  const stream = encoder.encode(">2\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n>1\r\n+c\r\n*1\r\n$1\r\nd\r\n");
  assert.deepEqual(
    read(stream, () => 1, true),
    { replies: [Uint8Array.of(98), [Uint8Array.of(100)]], pushes: [["a", 1], ["c"]] },
  );
});

test("what is no RESP3 is refused", () => {
  for (const text of [
    "?\r\n",
    "$-2\r\n",
    "$x\r\n",
    "$99999999999\r\n",
    ":1x\r\n",
    "#x\r\n",
    ",1,5\r\n",
    "*1\r\n>0\r\n",
    "$1\r\nabc\r\n",
    "\r\n",
    "+OK\n",
  ]) {
    assert.throws(() => readText(text), ProtocolError, JSON.stringify(text));
  }
  assert.throws(() => readText("*1\r\n".repeat(100)), ProtocolError);
  assert.throws(() => readText("+".repeat(70_000)), ProtocolError);
});

test("errors have their first word as code", () => {
  const [one, other] = readText("-WRONGTYPE Operation\r\n-ERR no branch 'exp'\r\n") as [ResponseError, ResponseError];
  assert.deepEqual([one.code, one.message], ["WRONGTYPE", "WRONGTYPE Operation"]);
  assert.deepEqual([other.code, other.message], ["ERR", "no branch 'exp'"]);
});

test("commands are bulk strings", () => {
  const writer = new CommandWriter();
  writer.add(["SET", "kä", 5]);
  writer.add(["SET", "k", Uint8Array.of(0, 255)]);
  writer.add(["X", 2n ** 64n, "y".repeat(100_000)]);
  const text = new TextDecoder("latin1").decode(writer.take());
  assert.equal(
    text,
    [
      `*3\r\n$3\r\nSET\r\n$3\r\nkÃ¤\r\n$1\r\n5\r\n`,
      `*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n\0ÿ\r\n`,
      `*3\r\n$1\r\nX\r\n$20\r\n18446744073709551616\r\n$100000\r\n${"y".repeat(100_000)}\r\n`,
    ].join(""),
  );
  const first = writer.take();
  assert.equal(first.length, 0);
  writer.add(["A"]);
  const a = writer.take();
  writer.add(["B"]);
  writer.take();
  assert.equal(new TextDecoder().decode(a), "*1\r\n$1\r\nA\r\n", "what was taken stays");
});

test("words that no command can carry are named", () => {
  for (const [word, message] of [
    [undefined, /undefined as a word of SET/],
    [null, /null as/],
    [{}, /object as/],
    [NaN, /NaN as/],
    [true, /boolean as/],
  ] as const) {
    assert.throws(() => checkWords(["SET", "k", word]), message);
  }
  assert.throws(() => checkWords([]), /at least one word/);
});
