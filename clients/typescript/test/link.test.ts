// What a link promises when connections come and go: nothing is sent twice, nothing waits for ever, and those who
// listen are told again. The transport is the test's own.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { parseAddress } from "../src/address.js";
import { ConnectionError, ResponseError } from "../src/errors.js";
import { Link, type LinkOptions } from "../src/link.js";
import type { TransportEvents } from "../src/transport.js";
import type { Word } from "../src/resp/writer.js";
import { eventually, Server } from "../testing/server.js";

const HELLO = "%1\r\n+coppice_version\r\n+1\r\n";

class Wire {
  readonly sent: string[] = []; // a write each
  closed = false;
  unsent = 0;
  constructor(readonly events: TransportEvents) {}
  say(text: string): void {
    this.events.data(new TextEncoder().encode(text));
  }
  welcome(more = ""): void {
    this.events.open();
    this.say(HELLO + more);
  }
}

function linked(options: Partial<LinkOptions> = {}): { link: Link; wires: Wire[]; wire: () => Promise<Wire> } {
  const wires: Wire[] = [];
  const link = new Link({
    address: parseAddress("coppice://h:1", { tcp: true, websocket: false }),
    branch: null,
    open: async (_, events) => {
      const wire = new Wire(events);
      wires.push(wire);
      return {
        send: (bytes) => void wire.sent.push(new TextDecoder().decode(bytes)),
        close: () => void (wire.closed = true),
        abandon: () => void (wire.closed = true),
        unsent: () => wire.unsent,
      };
    },
    backoff: { first: 1, most: 4 },
    patience: 10_000,
    heartbeat: 0,
    random: () => 1,
    ...options,
  });
  let seen = 0;
  const wire = async (): Promise<Wire> => {
    await eventually(() => wires.length > seen);
    return wires[seen++] as Wire;
  };
  return { link, wires, wire };
}

const words = (text: string): readonly Word[] => text.split(" ");
const isLost = (error: unknown): boolean => error instanceof ConnectionError && error.code === "LOST";

test("commands of one tick go out in one write, those asked before the connection first", async () => {
  const { link, wire } = linked();
  const early = link.ask([words("EARLY")]);
  const one = await wire();
  one.welcome();
  assert.equal(one.sent.length, 2);
  one.say("+early\r\n");
  assert.deepEqual(await early, ["early"]);
  const answers = Promise.all([
    link.ask([words("A")]),
    link.ask([words("MULTI"), words("EXEC")]),
    link.ask([words("B")]),
  ]);
  await sleep(1);
  assert.equal(one.sent.length, 3);
  assert.equal(one.sent[2], "*1\r\n$1\r\nA\r\n*1\r\n$5\r\nMULTI\r\n*1\r\n$4\r\nEXEC\r\n*1\r\n$1\r\nB\r\n");
  one.say(":1\r\n+OK\r\n*0\r\n-ERR b\r\n");
  assert.deepEqual(await answers, [[1], ["OK", []], [new ResponseError("ERR b")]]);
  link.close();
});

test("commands in flight are rejected when the connection is lost, and nothing is sent twice", async () => {
  const { link, wire } = linked();
  const first = await wire();
  first.welcome();
  const answered = link.ask([words("ONE")]);
  const flying = link.ask([words("TWO")]);
  await sleep(1);
  first.say("+1\r\n");
  first.events.lost("it broke");
  const queued = link.ask([words("THREE")]);
  assert.deepEqual(await answered, ["1"]);
  await assert.rejects(flying, isLost);
  const second = await wire();
  second.welcome();
  assert.equal(second.sent[1], "*1\r\n$5\r\nTHREE\r\n");
  second.say("+3\r\n");
  assert.deepEqual(await queued, ["3"]);
  assert.ok(!second.sent.join("").includes("TWO"));
  link.close();
});

test("waits between attempts double up to the most, and are spread", async () => {
  const waits: number[] = [];
  const real = globalThis.setTimeout;
  const { link, wire } = linked({ backoff: { first: 8, most: 32 }, random: () => 0.5 });
  globalThis.setTimeout = ((call: () => void, wait: number) => {
    waits.push(wait);
    return real(call, 0);
  }) as typeof setTimeout;
  try {
    for (let i = 0; i < 4; i += 1) {
      const one = await new Promise<Wire>((resolve) => setImmediate(() => resolve(wire())));
      one.events.lost("refused");
    }
  } finally {
    globalThis.setTimeout = real;
  }
  assert.deepEqual(waits.filter((wait) => wait > 5).slice(0, 4), [6, 12, 24, 24]);
  link.close();
});

test("a command that finds no connection in time is rejected with the reason", async () => {
  const { link, wires } = linked({ patience: 30, backoff: { first: 1000, most: 1000 } });
  const asked = link.ask([words("X")]);
  await eventually(() => wires.length === 1);
  wires[0]?.events.lost("connection refused");
  await assert.rejects(
    asked,
    (error: ConnectionError) => error.code === "UNREACHABLE" && /h:1: connection refused/.test(error.message),
  );
  link.close();
});

test("an aborted command is not sent, or its answer is dropped", async () => {
  const { link, wire } = linked();
  const one = await wire();
  const before = AbortSignal.abort(new Error("before"));
  assert.throws(() => before.throwIfAborted(), /before/);
  await assert.rejects(link.ask([words("NEVER")], { signal: before }), /before/);
  const waiting = new AbortController();
  const asked = link.ask([words("QUEUED")], { signal: waiting.signal });
  waiting.abort(new Error("while waiting"));
  await assert.rejects(asked, /while waiting/);
  one.welcome();
  const flying = new AbortController();
  const sent = link.ask([words("SENT")], { signal: flying.signal });
  const next = link.ask([words("NEXT")]);
  await sleep(1);
  flying.abort(new Error("in flight"));
  await assert.rejects(sent, /in flight/);
  one.say("+sent\r\n+next\r\n");
  assert.deepEqual(await next, ["next"], "answers stay in step");
  assert.ok(!one.sent.join("").includes("QUEUED"));
  link.close();
});

test("who attends is heard first on each connection", async () => {
  const { link, wire } = linked();
  const told: string[] = [];
  link.attend({
    greeting: () => [["LISTEN"]],
    greeted: ([name], reply) => told.push(`${name}: ${String(reply)}`),
    push: (message) => told.push(`push ${String(message[0])}`),
    connected: () => told.push("connected"),
    disconnected: (reason) => told.push(`disconnected: ${reason}`),
    expects: () => false,
  });
  for (let i = 0; i < 2; i += 1) {
    const asked = link.ask([words("X")]);
    const one = await wire();
    one.events.open();
    assert.match(one.sent[0] ?? "", /HELLO.*\n.*\n.*3\r\n\*1\r\n\$6\r\nLISTEN/s);
    one.say(`${HELLO}+OK\r\n>1\r\n+news\r\n`);
    one.say("+x\r\n");
    assert.deepEqual(await asked, ["x"]);
    one.events.lost("it broke");
  }
  const each = ["connected", "LISTEN: OK", "push news", "disconnected: it broke"];
  assert.deepEqual(told, [...each, ...each]);
  link.close();
});

test("a refused login and another server end the client with the reason", async () => {
  for (const [answer, code] of [
    ["-WRONGPASS no\r\n", "WRONGPASS"],
    ["%1\r\n+server\r\n+redis\r\n", "NOT_COPPICE"],
  ] as const) {
    const { link, wire } = linked();
    const asked = link.ask([words("X")]);
    const one = await wire();
    one.events.open();
    one.say(answer);
    await assert.rejects(asked, { code });
    await assert.rejects(link.ask([words("Y")]), { code });
    assert.ok(one.closed);
  }
});

test("a refusal that passes is met with another attempt", async () => {
  for (const refusal of ["-ERR max number of clients reached", "-LOADING the data", "-BUSY wait"]) {
    const { link, wire } = linked();
    const asked = link.ask([words("X")]);
    const refused = await wire();
    refused.events.open();
    refused.say(`${refusal}\r\n`);
    assert.ok(refused.closed);
    const next = await wire();
    next.welcome("+x\r\n");
    assert.deepEqual(await asked, ["x"], refusal);
    link.close();
  }
});

test("a command never waits longer than the patience, whenever it came", async () => {
  const { link } = linked({ patience: 120, open: () => new Promise(() => undefined) });
  const first = link.ask([words("X")]);
  await sleep(70);
  const began = performance.now();
  const second = link.ask([words("Y")]);
  await assert.rejects(first, { code: "UNREACHABLE" });
  await assert.rejects(second, { code: "UNREACHABLE" });
  const waited = performance.now() - began;
  assert.ok(waited > 100 && waited < 180, `${waited} ms`);
  link.close();
});

test("a silent line is asked, and lost when it does not answer", async () => {
  const { link, wire } = linked({ heartbeat: 40 });
  const first = await wire();
  first.welcome();
  const pings = (one: Wire): number => one.sent.filter((text) => text.includes("PING")).length;
  await eventually(() => pings(first) === 1);
  first.say("+PONG\r\n");
  await eventually(() => pings(first) === 2);
  const flying = link.ask([words("X")]);
  await assert.rejects(flying, (error: Error) => isLost(error) && /nothing came for 0.08 s/.test(error.message));
  assert.ok(first.closed);
  const second = await wire(); // which never opens: it is given up as well
  const third = await wire();
  assert.ok(second.closed);
  third.welcome();
  const long = link.ask([words("STORE VERIFY")]);
  await sleep(150);
  assert.equal(pings(third), 0, "an answer that takes long is waited for");
  third.say("+done\r\n");
  assert.deepEqual(await long, ["done"]);
  await eventually(() => pings(third) === 1);
  link.close();
});

test("bytes that still leave are a sign of life", async () => {
  const { link, wire } = linked({ heartbeat: 30 });
  const one = await wire();
  one.welcome();
  one.unsent = 1e9;
  const leaving = setInterval(() => (one.unsent -= 1), 5);
  await sleep(200);
  assert.equal(one.closed, false);
  clearInterval(leaving);
  await eventually(() => one.closed);
  link.close();
});

test("a program that was busy does not take its own silence for the line's", async () => {
  const own = await Server.start();
  const client = own.client({ heartbeat: 200 });
  const lost: string[] = [];
  client.on("disconnect", (reason) => lost.push(reason));
  await client.connect();
  // PING goes out between the two, and its answer waits to be read when the second interval is over, too.
  const busy = (milliseconds: number) => (): void => {
    for (const until = performance.now() + milliseconds; performance.now() < until; );
  };
  setTimeout(busy(300), 50);
  own.pause();
  const answered = (): void => {
    own.resume();
    busy(600)();
  };
  setTimeout(() => setImmediate(answered), 250); // behind the timers: Node looks at them again before it reads
  await sleep(400);
  assert.equal(await client.command(["PING"]), "PONG");
  assert.deepEqual(lost, []);
});

test("what is no RESP3 loses the connection, and closing rejects what waits", async () => {
  const { link, wire } = linked();
  const one = await wire();
  one.welcome();
  const asked = link.ask([words("X")]);
  await sleep(1);
  one.say("nonsense\r\n");
  await assert.rejects(asked, isLost);
  const waiting = link.ask([words("Y")]);
  link.close();
  await assert.rejects(waiting, { code: "CLOSED" });
  await assert.rejects(link.ask([words("Z")]), { code: "CLOSED" });
});
