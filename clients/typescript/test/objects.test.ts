// List, Dict and Segments against a real server: ZnSocket's surface without its defects, and what is new.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { AdapterError, type Client, Dict, FrozenStorageError, List, ResponseError, Segments } from "../src/index.js";
import { eventually, seeded, Server } from "../testing/server.js";

const server = await Server.start();
let client: Client;
let other: Client;
beforeEach(async () => {
  client = server.client();
  other = server.client();
  await client.flushAll();
});
afterEach(() => {
  client.disconnect();
  other.disconnect();
});

test("a list has ZnSocket's methods, and throws where it failed in silence", async () => {
  const list = new List<unknown>({ client, key: "l" });
  assert.equal(list.key, "znsocket.List:l");
  assert.equal(await list.length(), 0);
  assert.equal(await list.push({ a: [1, null, "ü"] }), 1);
  assert.equal(await list.extend([2, "three"]), 3);
  assert.deepEqual(await client.lRange("znsocket.List:l", 0, -1), ['{"a":[1,null,"ü"]}', "2", '"three"'], "compact");
  assert.deepEqual([await list.get(0), await list.get(-1), await list.get(7)], [{ a: [1, null, "ü"] }, "three", null]);
  assert.deepEqual([await list[1], await list[-1], await list[9]], [2, "three", null]);
  await list.set(1, "two");
  list[2] = 3;
  await eventually(async () => (await list.get(2)) === 3);
  await assert.rejects(list.set(9, 1), (error) => error instanceof ResponseError && /out of range/.test(error.message));
  await assert.rejects(list.push(undefined), TypeError);
  await assert.rejects(list.push(list), /circular/);
  await new List({ client, key: "l", convertNan: true }).push(NaN);
  assert.equal(await list.get(-1), null);
  assert.deepEqual(await list.toObject(), [{ a: [1, null, "ü"] }, "two", 3, null]);
  assert.equal(await list.insert(1, "between"), 5);
  assert.deepEqual(await list.splice(1, 2, ["x", "y", "z"]), ["between", "two"]);
  assert.deepEqual([await list.pop(), await list.pop(1), await list.pop(-2)], [null, "x", "z"]);
  for (const gone of [9, -9, 3, -4])
    await assert.rejects(list.pop(gone), /^RangeError: pop: there is no element -?\d$/);
  assert.deepEqual(await list.toObject(), [{ a: [1, null, "ü"] }, "y", 3]);
  await list.clear();
  assert.deepEqual([await list.length(), await list.pop()], [0, null]);
});

test("push takes all its arguments, as one change", async () => {
  const pushed: unknown[] = [];
  const list = new List<number>({ client, key: "l", callbacks: { push: (value) => pushed.push(value) } });
  assert.deepEqual([await list.push(1, 2, 3), await list.push(), pushed], [3, 3, [1, 2, 3]]);
  const filled = new Segments<number>({ client: other, key: "t", origin: list });
  assert.deepEqual([await filled.push(4, 5), await filled.extend(new Set([6]))], [5, 6]);
  assert.deepEqual(await filled.toObject(), [1, 2, 3, 4, 5, 6]);
});

test("what JSON has not is refused by its kind, and nothing is written", async () => {
  const list = new List<unknown>({ client, key: "l" });
  const refused: [unknown, RegExp][] = [
    [NaN, /^NaN is no JSON value$/],
    [{ a: [-Infinity] }, /^-Infinity is no JSON value, at '0'$/],
    [new Map([["a", 1]]), /^a Map is/],
    [{ seen: new Set() }, /^a Set is no JSON value, at 'seen'$/],
    [new Float32Array(2), /^a Float32Array is/],
    [[Buffer.from("x")], /^a Uint8Array is no JSON value, at '0'$/],
    [{ f: () => 1 }, /^a function is no JSON value, at 'f'$/],
    [[1, undefined], /^undefined is/],
    [Symbol("s"), /^a symbol is/],
    [2n ** 64n, /^a bigint is/],
    [Promise.resolve(1), /^a Promise is/],
  ];
  for (const [value, message] of refused) {
    await assert.rejects(list.push(0, value), (error) => error instanceof TypeError && message.test(error.message));
  }
  assert.equal(await list.length(), 0);
  class Point {
    constructor(readonly x: number) {}
  }
  await list.push(new Point(1), { gone: undefined, kept: null }, new Date(0), "NaN");
  const own = [{ x: 1 }, { kept: null }, "1970-01-01T00:00:00.000Z"];
  assert.deepEqual((await list.slice(0, 3)).concat(await list.get(-1)), [...own, "NaN"]);
  const lenient = new List<unknown>({ client, key: "m", convertNan: true });
  await lenient.push({ a: [NaN, "NaN"] });
  assert.deepEqual(await lenient.get(0), { a: [null, "NaN"] });
  await assert.rejects(lenient.push(new Map()), TypeError);
});

test("segments have versions", async () => {
  const list = new List<number>({ client, key: "l" });
  await list.extend([1, 2, 3]);
  const segments = new Segments<number>({ client, key: "s", origin: list });
  await segments.set(0, 10);
  const first = await client.commit("first");
  await segments.push(4);
  await client.commit("second");
  assert.deepEqual(await segments.at(first).toObject(), [10, 2, 3]);
  await assert.rejects(segments.at(first).push(5), FrozenStorageError);
  assert.ok((await segments.history({ count: 5 })).length >= 2);
  const heard: unknown[] = [];
  const theirs = new Segments<number>({ client: other, key: "s" });
  theirs.onRefresh((data) => heard.push(data));
  await other.connect();
  await segments.restore(first);
  await eventually(() => heard.length === 1);
  assert.deepEqual([await theirs.toObject(), heard], [[10, 2, 3], [{ start: 0 }]]);
  assert.deepEqual(await theirs.getRaw(), [
    [0, 1, "znsocket.List:s"],
    [1, 3, "znsocket.List:l"],
  ]);
  for (const origin of [7, null, "", new Dict({ client, key: "d" }), segments]) {
    const wrong = { client, key: "x", origin: origin as string };
    assert.throws(() => new Segments(wrong), /^TypeError: origin: expected a List or the key of one, got /);
  }
});

test("a fallback that was emptied is restored to what it read", async () => {
  const origin = new List<number>({ client, key: "l" });
  await origin.push(1);
  const own = new List<number>({ client, key: "own", fallback: "l" });
  assert.equal(await own.length(), 1);
  const before = await client.commit("before");
  await own.clear();
  assert.equal(await own.length(), 0);
  await own.restore(before);
  await origin.push(2);
  assert.deepEqual(await own.toObject(), [1, 2]);
  await new List<number>({ client: other, key: "own" }).push(3);
  assert.deepEqual(await own.toObject(), [1, 2, 3], "also for who knows of no fallback");
});

test("slices are Python's, whatever start, end and step", async () => {
  const list = new List<number>({ client, key: "l" });
  const segments = new Segments<number>({ client, key: "s", origin: list });
  const model = [0, 1, 2, 3, 4];
  await list.extend(model);
  assert.equal(await segments.length(), 0, "opened before the list was filled");
  const filled = new Segments<number>({ client, key: "t", origin: list });
  const bounds = [null, undefined, 0, 1, 3, 5, 9, -1, -2, -5, -9];
  const reference = (start: number | null | undefined, end: number | null | undefined, step: number): number[] => {
    const at = (bound: number, low: number, high: number): number =>
      Math.min(Math.max(bound < 0 ? bound + 5 : bound, low), high);
    const found: number[] = [];
    if (step > 0)
      for (let i = start == null ? 0 : at(start, 0, 5); i < (end == null ? 5 : at(end, 0, 5)); i += step) found.push(i);
    else
      for (let i = start == null ? 4 : at(start, -1, 4); i > (end == null ? -1 : at(end, -1, 4)); i += step)
        found.push(i);
    return found;
  };
  await client.registerAdapter("adapted", model);
  const adapted = new List<number>({ client: other, key: "adapted" });
  const all: Promise<void>[] = [];
  for (const start of bounds) {
    for (const end of bounds) {
      for (const step of [1, 2, 7, -1, -2, -7]) {
        for (const subject of [list, filled, adapted]) {
          all.push(
            subject
              .slice(start, end, step)
              .then((got) =>
                assert.deepEqual(got, reference(start, end, step), `${subject.key} ${start} ${end} ${step}`),
              ),
          );
        }
      }
    }
  }
  await Promise.all(all);
  await assert.rejects(list.slice(0, 1, 0), RangeError);
});

test("iteration reads pages", async () => {
  const list = new List<number>({ client, key: "l" });
  const values = Array.from({ length: 2500 }, (_, i) => i);
  await list.extend(values);
  const seen: number[] = [];
  for await (const value of list) seen.push(value);
  assert.deepEqual(seen, values);
  const controller = new AbortController();
  await assert.rejects(
    async () => {
      for await (const value of list.values({ signal: controller.signal })) if (value === 3) controller.abort();
    },
    { name: "AbortError" },
  );
});

test("lists, dicts and segments match arrays and maps after random steps", async () => {
  const random = seeded();
  const below = (most: number): number => Math.floor(random() * most);
  const list = new List<number>({ client, key: "l" });
  const model: number[] = [];
  const origin = new List<number>({ client, key: "o" });
  const split = Array.from({ length: 20 }, (_, i) => i);
  await origin.extend(split);
  const segments = new Segments<number>({ client, key: "s", origin });
  const dict = new Dict<number>({ client, key: "d" });
  const map = new Map<string, number>();
  for (let step = 0; step < 300; step += 1) {
    const at = below(model.length + 1);
    const cut = below(split.length);
    const name = `f${below(9)}`;
    switch (below(4)) {
      case 0:
        await Promise.all([list.push(step), segments.push(step), dict.set(name, step)]);
        model.push(step);
        split.push(step);
        map.set(name, step);
        break;
      case 1:
        await Promise.all([list.insert(at, step), segments.insert(cut, step), dict.delete(name)]);
        model.splice(at, 0, step);
        split.splice(cut, 0, step);
        map.delete(name);
        break;
      case 2:
        if (split.length > 0) {
          await segments.set(cut, step);
          split[cut] = step;
        }
        await list.splice(at, 2, [step]);
        model.splice(at, 2, step);
        break;
      default:
        if (split.length > 0) {
          await segments.delete(cut);
          split.splice(cut, 1);
        }
        assert.equal(await list.pop(), model.pop() ?? null);
    }
  }
  assert.deepEqual(await list.toObject(), model);
  assert.deepEqual(await segments.toObject(), split);
  assert.deepEqual(await new List({ client: other, key: "s" }).toObject(), split, "segments are a list as well");
  assert.deepEqual(await dict.entries(), [...map]);
});

test("a dict has ZnSocket's methods; awaiting it asks nothing of the server", async () => {
  const dict = new Dict<unknown>({ client, key: "d" });
  assert.equal(await dict, dict, "awaiting is not reading `then`");
  assert.deepEqual(await client.hGetAll("znsocket.Dict:d"), {});
  await dict.set("10", "ten");
  await dict.set("then", "field");
  await dict.update({ a: 1, "": { b: 2 } });
  dict["name"] = "x";
  await eventually(() => dict.has("name"));
  assert.deepEqual(await dict.keys(), ["10", "then", "a", "", "name"]);
  assert.deepEqual(await dict.values(), ["ten", "field", 1, { b: 2 }, "x"]);
  assert.deepEqual((await dict.entries())[0], ["10", "ten"]);
  assert.deepEqual(
    [await dict["a"], await dict["none"], await dict.get("then"), await dict.get("none")],
    [1, null, "field", null],
  );
  assert.deepEqual(await dict.toObject(), { 10: "ten", then: "field", a: 1, "": { b: 2 }, name: "x" });
  assert.equal(await dict.length(), 5);
  assert.deepEqual([await dict.delete("a"), await dict.delete("a"), await dict.has("a")], [true, false, false]);
  const seen: string[] = [];
  for await (const [name] of dict) seen.push(name);
  assert.deepEqual(seen, ["10", "then", "", "name"]);
  await dict.clear();
  assert.equal(await dict.length(), 0);
});

test("members are members, every other name is a field", async () => {
  const dict = new Dict<unknown>({ client, key: "d" });
  for (const name of [
    "get",
    "set",
    "update",
    "delete",
    "clear",
    "keys",
    "values",
    "entries",
    "toObject",
    "copy",
    "at",
  ]) {
    assert.equal(typeof dict[name], "function", name);
    assert.throws(() => (dict[name] = 1), TypeError, name);
  }
  for (const name of ["open", "read", "write", "encode", "shortKey", "begin", "asked", "fullKey"]) {
    await dict.set(name, `the field ${name}`);
    assert.equal(await (dict as unknown as Record<string, unknown>)[name], `the field ${name}`);
  }
  const failures: unknown[] = [];
  client.on("error", (error) => failures.push(error));
  dict["circle"] = dict;
  await eventually(() => failures.length === 1);
});

test("nested objects are stored as their keys and come back as objects", async () => {
  const inner = new Dict<number>({ client, key: "inner" });
  await inner.set("x", 1);
  const list = new List<unknown>({ client, key: "l" });
  await list.push(inner);
  await list.push({ deep: inner });
  assert.deepEqual(await client.lRange(list.key, 0, -1), ['"znsocket.Dict:inner"', '{"deep":"znsocket.Dict:inner"}']);
  const found = await list.get(0);
  assert.ok(found instanceof Dict);
  assert.equal(await found.get("x"), 1);
});

test("others are told of writes, behind them, and the writer is not", async () => {
  const list = new List<number>({ client, key: "l" });
  const theirs = new List<number>({ client: other, key: "l" });
  const dict = new Dict<number>({ client, key: "d" });
  const theirDict = new Dict<number>({ client: other, key: "d" });
  const heard: unknown[] = [];
  const own: unknown[] = [];
  list.onRefresh((data) => own.push(data));
  theirs.onRefresh((data) => heard.push(data));
  theirDict.onRefresh((data) => heard.push(data));
  await other.connect();
  await list.push(1);
  await list.extend([2, 3]);
  await list.set(-1, 4);
  await list.insert(1, 5);
  await list.clear();
  await dict.set("a", 1);
  await dict.update({ b: 2, c: 3 });
  await dict.delete("b");
  await dict.clear();
  await eventually(() => heard.length === 9);
  assert.deepEqual(heard, [
    { start: 0 },
    { start: 1 },
    { indices: [-1] },
    { start: 1 },
    { start: 0 },
    { keys: ["a"] },
    { keys: ["b", "c"] },
    { keys: ["b"] },
    { keys: ["a", "c"] },
  ]);
  assert.deepEqual(own, []);
  theirs.offRefresh();
  const any: unknown[] = [];
  other.on("refresh", (refresh) => any.push(refresh));
  await other.connect();
  assert.deepEqual(await client.emit("refresh", { target: "a bus", data: { x: 1 } }), undefined);
  await list.push(1);
  await eventually(() => any.length === 2);
  assert.deepEqual(any, [
    { target: "a bus", data: { x: 1 } },
    { target: list.key, data: { start: 0 } },
  ]);
  assert.equal(heard.length, 9);
  await assert.rejects(client.emit("hset", {}), /Unknown event/);
});

test("callbacks are called behind the write", async () => {
  const told: unknown[] = [];
  const list = new List<number>({
    client,
    key: "l",
    callbacks: {
      push: (value) => told.push(["push", value]),
      set: (value) => told.push(["set", value]),
      clear: () => told.push("clear"),
    },
  });
  await list.push(1);
  await list.set(0, 2);
  await list.clear();
  await assert.rejects(list.set(0, 3));
  const dict = new Dict<number>({
    client,
    key: "d",
    callbacks: { set: (value) => told.push(value), update: (values) => told.push(values) },
  });
  await dict.set("a", 1);
  await dict.update({ b: 2 });
  assert.deepEqual(told, [["push", 1], ["set", 2], "clear", 1, { b: 2 }]);
});

test("a frozen fallback is read until the first write, which makes a copy for everybody", async () => {
  const origin = new List<number>({ client, key: "origin" });
  await origin.extend([10, 20, 30]);
  const list = new List<number>({ client, key: "l", fallback: "origin", fallbackPolicy: "frozen" });
  assert.deepEqual([await list.length(), await list.get(1), await list.slice(-2)], [3, 20, [20, 30]]);
  await origin.push(40);
  assert.deepEqual(await list.toObject(), [10, 20, 30, 40], "still the origin's");
  const chained = new List<number>({ client: other, key: "chained", fallback: "l" });
  assert.equal(await chained.length(), 4);
  await list.set(0, 11);
  assert.deepEqual(
    [await list.toObject(), await origin.toObject()],
    [
      [11, 20, 30, 40],
      [10, 20, 30, 40],
    ],
  );
  assert.deepEqual(
    await new List({ client: other, key: "l" }).toObject(),
    [11, 20, 30, 40],
    "also for who knows of no fallback",
  );
  assert.deepEqual(await chained.toObject(), [11, 20, 30, 40]);
  const dict = new Dict<number>({ client, key: "defaults" });
  await dict.update({ a: 1, b: 2 });
  const own = new Dict<number>({ client, key: "own", fallback: "defaults", fallbackPolicy: "frozen" });
  assert.deepEqual([await own.get("a"), await own.length()], [1, 2]);
  await own.set("b", 3);
  assert.deepEqual(
    [await own.toObject(), await dict.toObject()],
    [
      { a: 1, b: 3 },
      { a: 1, b: 2 },
    ],
  );
  const empty = new List<number>({ client, key: "e", fallback: "nothing", fallbackPolicy: "frozen" });
  assert.equal(await empty.length(), 0);
  assert.equal(await empty.push(1), 1);
});

test("a copying fallback copies at once, if there is nothing yet", async () => {
  const origin = new List<number>({ client, key: "origin" });
  await origin.extend([1, 2]);
  const list = new List<number>({ client, key: "l", fallback: "origin", fallbackPolicy: "copy" });
  assert.equal(await list.length(), 2);
  await origin.clear();
  assert.deepEqual(await list.toObject(), [1, 2]);
  await new List({ client, key: "m", fallback: "l", fallbackPolicy: "copy" }).push(3);
  const again = new List<number>({ client, key: "m", fallback: "origin", fallbackPolicy: "copy" });
  assert.deepEqual(await again.toObject(), [1, 2, 3]);
  assert.throws(
    () => new List({ client, key: "l", fallback: "x", fallbackPolicy: "warm" as "copy" }),
    /neither "copy" nor "frozen"/,
  );
});

test("copies share, and versions are read and restored", async () => {
  const list = new List<number>({ client, key: "l" });
  await list.extend([1, 2]);
  const copy = await list.copy("copy");
  await copy.push(3);
  assert.deepEqual(
    [await list.toObject(), await copy.toObject()],
    [
      [1, 2],
      [1, 2, 3],
    ],
  );
  await assert.rejects(list.copy("copy"), { code: "COPY" });
  const first = await client.commit("two numbers");
  await list.clear();
  await list.push(9);
  assert.deepEqual(await list.at(first).toObject(), [1, 2]);
  await assert.rejects(list.at(first).push(1), FrozenStorageError);
  assert.deepEqual(await (await list.at(first).copy("as it was")).toObject(), [1, 2]);
  const history = await list.history();
  assert.ok(history.some(({ id }) => id === first));
  await list.restore(first);
  assert.deepEqual(await list.toObject(), [1, 2]);
  const dict = new Dict<number>({ client, key: "d" });
  await dict.set("a", 1);
  await dict.restore(first);
  assert.equal(await dict.length(), 0, "there was nothing");
});

test("segments keep what they saw, and say what differs", async () => {
  const origin = new List<string>({ client, key: "o" });
  await origin.extend(["a", "b", "c", "d", "e"]);
  const segments = new Segments<string>({ client, key: "s", origin: "o" });
  await segments.set(2, "x");
  assert.deepEqual(await segments.toObject(), ["a", "b", "x", "d", "e"]);
  assert.deepEqual(
    (await segments.getRaw()).map(([start, end, source]) => [start, end, source]),
    [
      [0, 2, "znsocket.List:o"],
      [2, 3, "znsocket.List:s"],
      [3, 5, "znsocket.List:o"],
    ],
  );
  await origin.clear();
  assert.deepEqual([await segments.get(0), await segments[-1], await segments.get(5)], ["a", "e", null]);
  segments[0] = "first";
  await eventually(async () => (await segments.get(0)) === "first");
  await assert.rejects(segments.set(9, "x"), /out of range/);
  const seen: string[] = [];
  for await (const value of new Segments<string>({ client: other, key: "s" })) seen.push(value);
  assert.deepEqual(seen, ["first", "b", "x", "d", "e"]);
});

test("segments of a published client are read and edited", async () => {
  const origin = new List<number>({ client, key: "o" });
  await origin.extend([0, 1, 2, 3, 4]);
  await client.rPush("znsocket.List:pub", '"x"', '"y"');
  const pieces = ['[0, 2, "znsocket.List:o"]', '[0, 1, "znsocket.List:pub"]', '[3, 5, "znsocket.List:o"]'];
  await client.rPush("znsocket.Segments:pub", ...pieces);
  const segments = new Segments<unknown>({ client, key: "pub" });
  assert.deepEqual(
    await segments.getRaw(),
    pieces.map((text) => JSON.parse(text) as unknown),
  );
  assert.deepEqual([await segments.length(), await segments.toObject()], [5, [0, 1, "x", 3, 4]]);
  assert.deepEqual([await segments.get(2), await segments.slice(null, null, -2)], ["x", [4, "x", 0]]);
  await segments.set(0, "z");
  await segments.push("end");
  assert.deepEqual(await segments.toObject(), ["z", 1, "x", 3, 4, "end"]);
  assert.deepEqual(await origin.toObject(), [0, 1, 2, 3, 4]);
});

test("an adapter answers reads of other clients from an object of this one", async () => {
  const frames: unknown[] = [{ n: 0 }, { n: 1 }];
  await client.registerAdapter("frames", frames);
  const theirs = new List<unknown>({ client: other, key: "frames" });
  assert.deepEqual(
    [await theirs.length(), await theirs.get(1), await theirs.get(-1), await theirs.get(5)],
    [2, { n: 1 }, { n: 1 }, null],
  );
  frames.push({ n: 2 });
  assert.deepEqual([await theirs.length(), await theirs.toObject()], [3, frames], "what it holds now");
  await assert.rejects(theirs.push(1), FrozenStorageError);
  assert.deepEqual(await (await theirs.copy("kept")).toObject(), frames);
  await client.registerAdapter(
    "info",
    new Map<string, unknown>([
      ["a", 1],
      ["b", { c: 2 }],
    ]),
  );
  const info = new Dict<unknown>({ client: other, key: "info" });
  assert.deepEqual([await info.length(), await info.keys(), await info.values()], [2, ["a", "b"], [1, { c: 2 }]]);
  assert.deepEqual(
    [await info.entries(), await info.get("b"), await info.get("x")],
    [
      [
        ["a", 1],
        ["b", { c: 2 }],
      ],
      { c: 2 },
      null,
    ],
  );
  assert.deepEqual([await info.has("a"), await info.has("x")], [true, false]);
  await client.registerAdapter("numbers", Float64Array.of(0.5, 1.5));
  assert.deepEqual(await new List({ client, key: "numbers" }).toObject(), [0.5, 1.5], "also its own");
  await new List({ client: other, key: "opened" }).length();
  await assert.rejects(
    client.registerAdapter("opened", []),
    (error) => error instanceof AdapterError && /already exists in storage/.test(error.message),
  );
  await assert.rejects(
    other.adapterGet("znsocket.List:frames", "nonsense").then((answer) => {
      if (JSON.stringify(answer).includes("error")) throw new AdapterError("told");
    }),
    AdapterError,
  );
  client.disconnect();
  await assert.rejects(theirs.length(), AdapterError);
});

test("listeners and adapters are there again after the server was away", async () => {
  const own = await Server.start();
  const backoff = { first: 5, most: 20 };
  const one = own.client({ backoff });
  const two = own.client({ backoff });
  const list = new List<number>({ client: one, key: "l" });
  const heard: unknown[] = [];
  list.onRefresh((data) => heard.push(data));
  await one.registerAdapter("a", [1, 2]);
  await one.connect();
  await own.kill();
  await own.start();
  await Promise.all([one.connect(), two.connect()]);
  await new List<number>({ client: two, key: "l" }).push(7);
  await eventually(() => heard.length === 1);
  assert.deepEqual(await new List({ client: two, key: "a" }).toObject(), [1, 2]);
});
