// The client against a real server, over a socket and over a WebSocket.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { WebSocket } from "ws";

import {
  type Client,
  type ClientOptions,
  createClient,
  CoppiceError,
  FrozenStorageError,
  ResponseError,
  type WebSocketClass,
} from "../src/index.js";
import { eventually, Server } from "../testing/server.js";

const webSocket = WebSocket as unknown as WebSocketClass;
const server = await Server.start();

for (const transport of ["a socket", "a WebSocket"]) {
  describe(`over ${transport}`, () => {
    const make = (): Client =>
      transport === "a socket" ? server.client() : server.client({ url: server.webUrl, webSocket });

    test("commands are answered, in order and with their types", async () => {
      const client = make();
      assert.equal(await client.connect(), "Connected");
      assert.equal(await client.connect(), "Connected", "also when it is");
      await client.flushAll();
      assert.equal(await client.set("k", "grüße"), "OK");
      assert.equal(await client.get("k"), "grüße");
      assert.equal(await client.get("none"), null);
      assert.equal(await client.rPush("l", 1, "two", 3n), 3);
      assert.deepEqual(await client.lRange("l", 0, -1), ["1", "two", "3"]);
      assert.deepEqual(
        [await client.lLen("l"), await client.lIndex("l", 9), await client.lRem("l", 0, "two")],
        [3, null, 1],
      );
      assert.equal(await client.hMSet("h", { a: 1, b: "" }), 2);
      assert.deepEqual(
        [await client.hGetAll("h"), await client.hExists("h", "b"), await client.hExists("h", "c")],
        [{ a: "1", b: "" }, true, false],
      );
      assert.deepEqual(
        [await client.hKeys("h"), await client.hVals("h"), await client.hLen("h")],
        [["a", "b"], ["1", ""], 2],
      );
      assert.deepEqual([await client.hDel("h", "a"), await client.del("h", "l"), await client.exists("h")], [1, 2, 0]);
      assert.equal(await client.sendCommand(["ECHO", "x"]), "x");
    });

    test("bytes and 64 bits pass unharmed", async () => {
      const client = make();
      const bytes = Uint8Array.from({ length: 3_000_000 }, (_, i) => i % 256);
      await client.set("bytes", bytes);
      const back = await client.command(["GET", "bytes"], { bytes: true });
      assert.deepEqual(back, bytes);
      assert.equal(Object.getPrototypeOf(back), Uint8Array.prototype, "no Buffer, which shares memory");
      await client.set("n", 2n ** 62n);
      assert.equal(await client.incr("n"), 2n ** 62n + 1n);
      assert.equal(await client.incr("small"), await client.command(["INCRBY", "small", 0]));
    });

    test("errors are thrown with their code", async () => {
      const client = make();
      await client.set("text", "x");
      await assert.rejects(
        client.lLen("text"),
        (error) => error instanceof ResponseError && error.code === "WRONGTYPE",
      );
      await assert.rejects(client.command(["NOSUCH"]), /unknown command/);
      await assert.rejects(client.command(["GET", undefined as unknown as string]), TypeError);
      const line = "GET x" as unknown as ["GET"];
      await assert.rejects(client.command(line), /^TypeError: a command is an array of words, .*: got "GET x"$/);
    });

    test("pipelines answer each, transactions all", async () => {
      const client = make();
      await client.del("l", "text");
      const pipe = client.pipeline().rPush("l", "a").lLen("l").add("SET", "text", "x").lLen("text").hGetAll("none");
      assert.equal(pipe.length, 5);
      const answers = await pipe.settle();
      assert.deepEqual([...answers.slice(0, 3), answers[4]], [1, 1, "OK", {}]);
      assert.ok(answers[3] instanceof ResponseError);
      assert.equal(pipe.length, 0);
      await assert.rejects(client.pipeline().lLen("text").set("after", 1).exec(), { code: "WRONGTYPE" });
      assert.equal(await client.get("after"), "1");
      assert.deepEqual(await client.multi().incr("count").incr("count").exec(), [1, 2]);
      await assert.rejects(client.multi().add("NOSUCH").incr("count").exec(), /unknown command/);
      assert.equal(await client.get("count"), "2");
      assert.deepEqual(await client.pipeline().exec(), []);
    });

    test("a thousand commands at once are answered in order", async () => {
      const client = make();
      const answers = await Promise.all(Array.from({ length: 1000 }, (_, i) => client.command(["ECHO", i])));
      assert.deepEqual(
        answers,
        Array.from({ length: 1000 }, (_, i) => String(i)),
      );
    });

    test("a signal ends a call", async () => {
      const client = make();
      await client.connect();
      await assert.rejects(client.command(["PING"], { signal: AbortSignal.abort() }), { name: "AbortError" });
      const controller = new AbortController();
      const asked = client.command(["STORE", "VERIFY"], { signal: controller.signal });
      await sleep(0);
      controller.abort();
      await assert.rejects(asked, { name: "AbortError" });
      assert.equal(await client.command(["PING"]), "PONG");
      const limited = client.with({ signal: controller.signal });
      await assert.rejects(limited.get("k"), { name: "AbortError" });
      await assert.rejects(limited.branches(), { name: "AbortError" });
      await assert.rejects(limited.at("main").multi().lLen("l").exec(), { name: "AbortError" });
    });

    test("versions: branches, commits, tags, differences, and back", async () => {
      const client = make();
      await client.flushAll();
      for (const { name } of await client.branches()) if (name !== "main") await client.deleteBranch(name);
      for (const { name } of await client.tags()) await client.deleteTag(name);
      await client.rPush("l", "a", "b");
      const first = await client.commit("two", { author: "ann" });
      await client.tag("v1");
      const trial = await client.branch("trial");
      await trial.lSet("l", 1, "B");
      assert.deepEqual(
        [await client.lRange("l", 0, -1), await trial.lRange("l", 0, -1)],
        [
          ["a", "b"],
          ["a", "B"],
        ],
      );
      assert.equal(await trial.currentBranch(), "trial");
      const again = await client.on("trial");
      assert.equal(await again.lIndex("l", 1), "B");
      again.close();
      await assert.rejects(client.on("nowhere"), /no branch 'nowhere'/);
      const [changed] = await client.diff("main", "trial");
      assert.deepEqual(
        [changed?.key, changed?.kind, changed?.type, changed?.parts.length],
        ["l", "changed", "list", 1],
      );
      assert.deepEqual(changed?.parts[0]?.before, { position: 1, count: 1 });
      await client.rPush("l", "c");
      assert.deepEqual(await client.at("v1").lRange("l", 0, -1), ["a", "b"]);
      assert.deepEqual(await client.at("v1").multi().lLen("l").exec(), [2]);
      await assert.rejects(client.at("v1").rPush("l", "x"), FrozenStorageError);
      assert.throws(() => {
        throw new FrozenStorageError("x");
      }, CoppiceError);
      await assert.rejects(client.at("v9").lLen("l"), /no version 'v9'/);
      const [newest] = await client.log("main", { commits: true });
      assert.deepEqual([newest?.id, newest?.author, newest?.message, newest?.kind], [first, "ann", "two", "commit"]);
      assert.ok(newest !== undefined && Math.abs(newest.time.getTime() - Date.now()) < 60_000);
      await client.rewind("v1");
      assert.equal(await client.lLen("l"), 2);
      const [move] = await client.reflog({ count: 1 });
      assert.equal(move?.action, "rewind to v1");
      assert.deepEqual(
        (await client.branches()).map(({ name, current }) => [name, current]),
        [
          ["main", true],
          ["trial", false],
        ],
      );
      assert.deepEqual(
        (await client.tags()).map(({ name, id }) => [name, id]),
        [["v1", first]],
      );
      trial.close();
    });

    test("a branch in the address or the options is where commands go", async () => {
      const client = make();
      await client.branch("there").then((made) => made.close());
      const url = transport === "a socket" ? `${server.url}/there` : server.webUrl;
      const there = server.client({ url, webSocket, ...(transport === "a socket" ? {} : { branch: "there" }) });
      assert.equal(await there.currentBranch(), "there");
      const nowhere = server.client({ url: server.url, branch: "nowhere" });
      await assert.rejects(nowhere.connect(), /nowhere/);
    });
  });
}

test("a server that is killed and comes back is found again, and those who listen hear of it", async () => {
  const own = await Server.start();
  const client = own.client({ backoff: { first: 5, most: 20 } });
  const told: string[] = [];
  client.on("connect", () => told.push("connect")).on("disconnect", () => told.push("disconnect"));
  await client.set("kept", "1");
  await own.kill();
  await eventually(() => told.includes("disconnect"));
  assert.ok(!client.connected);
  const waiting = client.get("kept");
  await own.start();
  assert.equal(await waiting, "1");
  assert.deepEqual(told, ["connect", "disconnect", "connect"]);
});

test("what a handler throws goes to the handlers of errors, and harms nothing", async () => {
  const own = await Server.start();
  const client = own.client();
  const errors: string[] = [];
  const fail = (what: string) => (): never => {
    throw new Error(what);
  };
  client.on("error", (error) => errors.push((error as Error).message));
  client.on("connect", fail("connect")).on("disconnect", fail("disconnect")).on("refresh", fail("refresh"));
  assert.equal(await client.incr("n"), 1);
  await own.client().emit("refresh", { target: "t" });
  await eventually(() => errors.length === 2);
  await own.kill();
  await own.start();
  assert.equal(await client.incr("m"), 1);
  client.close();
  assert.deepEqual(errors, ["connect", "refresh", "disconnect", "connect", "disconnect"]);
});

test("a server that is full is asked again until there is room", async () => {
  const own = await Server.start("--maxclients", "1");
  const backoff = { first: 5, most: 20 };
  const first = own.client({ backoff });
  await first.connect();
  const impatient = own.client({ backoff, patience: 100 });
  await assert.rejects(impatient.connect(), { code: "UNREACHABLE", message: /max number of clients reached/ });
  const second = own.client({ url: own.webUrl, webSocket, backoff });
  const waiting = second.set("k", "v");
  impatient.close();
  first.close();
  assert.equal(await waiting, "OK");
});

test("a page that is refused is told of the setting", async () => {
  class Page extends WebSocket {
    constructor(url: string) {
      super(url, { origin: "http://elsewhere.example" });
    }
  }
  const client = server.client({ url: server.webUrl, webSocket: Page as unknown as WebSocketClass, patience: 200 });
  await assert.rejects(client.connect(), { code: "UNREACHABLE", message: /allowed-origins/ });
});

test("nobody there: commands are rejected in time", async () => {
  const client = createClient({ url: "coppice://127.0.0.1:1", patience: 50 });
  await assert.rejects(client.connect(), { code: "UNREACHABLE" });
  client.disconnect();
});

test("a password is asked for", async () => {
  const own = await Server.start("--requirepass", "se cret");
  const url = (password: string): string => `coppice://:${encodeURIComponent(password)}@127.0.0.1:${own.port}`;
  const right = createClient({ url: url("se cret") });
  assert.equal(await right.connect(), "Connected");
  right.disconnect();
  await assert.rejects(createClient({ url: url("wrong") }).connect(), { code: "WRONGPASS" });
});

test("what was asked before closing still goes out", async () => {
  const client = server.client();
  await client.connect();
  client.set("last", "word").catch(() => undefined);
  client.disconnect();
  await assert.rejects(client.get("last"), { code: "CLOSED" });
  const other = server.client();
  await eventually(async () => (await other.get("last")) === "word");
});

/** How a program of Node ended that runs `code`; null: it was still there after `patience` milliseconds. */
async function ended(
  code: string,
  patience: number,
  options: ClientOptions = { url: "coppice://127.0.0.1:1", patience: 50, backoff: { first: 20 } },
): Promise<number | null> {
  const client = `createClient({ random: () => 1, ...${JSON.stringify(options)} })`;
  const program = `import { createClient, List } from ${JSON.stringify(new URL("../src/index.js", import.meta.url).href)};
    const client = ${client}; ${code}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const timer = setTimeout(() => child.kill(), patience);
  return new Promise((resolve) => {
    child.on("exit", (status) => {
      clearTimeout(timer);
      resolve(status);
    });
  });
}

test("a client that is closed, or that nobody needs any more, keeps Node alive no longer", async () => {
  const own = await Server.start();
  const silent = `await client.connect();
    process.kill(${own.pid}, "SIGSTOP");
    client.set("k", "x".repeat(3e7)).catch(() => 0);
    setTimeout(() => client.close(), 100);`;
  const unheard = `const list = new List({ client, key: "l" });
    list.onRefresh(() => 0);
    client.on("refresh", () => 0);
    setTimeout(() => { list.offRefresh(); client.off("refresh"); }, 500);`;
  const taken = `const rival = createClient({ url: "${server.url}" });
    await client.registerAdapter("k", [1]);
    await rival.command(["CLIENT", "KILL", "ID", await client.command(["CLIENT", "ID"])]);
    await rival.registerAdapter("k", [2]);
    await client.connect();
    setTimeout(() => { client.close(); rival.close(); }, 3_500);`; // it asks again 1, 3, 7 and 15 seconds after that
  const far = { first: 60_000, most: 60_000 };
  const statuses = await Promise.all([
    ended(silent, 20_000, { url: own.url }),
    ended(unheard, 5_000, { url: "coppice://127.0.0.1:1", patience: 50, backoff: far }),
    ended(taken, 6_700, { url: server.url, backoff: { first: 1_000 } }),
  ]);
  own.resume();
  assert.deepEqual(statuses, [0, 0, 0]);
});

test("a client that reaches nobody keeps Node alive only for who waits", async () => {
  const [idle, rejected, listening] = await Promise.all([
    ended("", 20_000),
    ended("client.connect().catch((error) => process.exitCode = error.code === 'UNREACHABLE' ? 7 : 8);", 20_000),
    ended('new List({ client, key: "l" }).onRefresh(() => undefined);', 2_000),
  ]);
  assert.deepEqual([idle, rejected, listening], [0, 7, null]);
});
