// A line that goes silent, as behind a router that forgot it, is noticed: nothing waits on it for ever.
import assert from "node:assert/strict";
import { createConnection, createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";

import { WebSocket } from "ws";

import { createClient, List, type WebSocketClass } from "../src/index.js";
import { eventually, Server } from "../testing/server.js";

const HEARTBEAT = 300;
const server = await Server.start();

/** A way to the server that can stop forwarding on the lines that are there; those made later are good. */
async function way(): Promise<{ port: number; silence(): void }> {
  const lines = new Set<{ silent: boolean }>();
  const sockets: Socket[] = [];
  const listener = createServer((near) => {
    const line = { silent: false };
    const far = createConnection({ host: "127.0.0.1", port: server.port });
    const forward = (from: Socket, to: Socket): void => {
      from.on("data", (bytes) => line.silent || to.write(bytes));
      from.on("error", () => undefined);
      from.on("close", () => line.silent || to.destroy());
    };
    forward(near, far);
    forward(far, near);
    lines.add(line);
    sockets.push(near, far);
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  after(() => {
    sockets.forEach((socket) => socket.destroy());
    listener.close();
  });
  const silence = (): void => lines.forEach((line) => (line.silent = true));
  return { port: (listener.address() as AddressInfo).port, silence };
}

for (const scheme of ["coppice", "ws"]) {
  test(`a silent line is lost, and made again: ${scheme}`, async () => {
    const { port, silence } = await way();
    const webSocket = WebSocket as unknown as WebSocketClass;
    const client = createClient({ url: `${scheme}://127.0.0.1:${port}`, webSocket, heartbeat: HEARTBEAT });
    after(() => client.close());
    const reasons: string[] = [];
    const heard: unknown[] = [];
    client.on("disconnect", (reason) => reasons.push(reason));
    const list = new List<number>({ client, key: scheme });
    list.onRefresh((data) => heard.push(data));
    await client.connect();
    const writer = new List<number>({ client: server.client(), key: scheme });
    silence();
    const began = performance.now();
    await assert.rejects(list.length(), { code: "LOST", message: /nothing came for 0.6 s/ });
    assert.ok(performance.now() - began < 20 * HEARTBEAT);
    assert.equal(await list.length(), 0, "by a new line");
    await writer.push(1);
    await eventually(() => heard.length === 1);
    silence();
    await eventually(() => reasons.length === 2); // also where nobody asks
  });
}

test("a line without news stays", async () => {
  const { port } = await way();
  const client = createClient({ url: `coppice://127.0.0.1:${port}`, heartbeat: HEARTBEAT });
  after(() => client.close());
  const reasons: string[] = [];
  client.on("disconnect", (reason) => reasons.push(reason));
  await client.connect();
  const told = async (): Promise<string> => String(await server.client().command(["INFO", "commandstats"]));
  const pings = async (): Promise<number> => Number(/cmdstat_ping:calls=(\d+)/.exec(await told())?.[1] ?? 0);
  const before = await pings();
  await eventually(async () => (await pings()) > before + 2);
  assert.deepEqual(reasons, []);
});

test("without a heartbeat a silent line is waited for, and what is no time is refused", async () => {
  const { port, silence } = await way();
  const client = createClient({ url: `coppice://127.0.0.1:${port}`, heartbeat: 0 });
  after(() => client.close());
  await client.connect();
  silence();
  await assert.rejects(client.command(["PING"], { signal: AbortSignal.timeout(400) }), { name: "TimeoutError" });
  assert.ok(client.connected);
  for (const heartbeat of [-1, NaN, Infinity, "1" as unknown as number]) {
    assert.throws(
      () => createClient({ heartbeat }),
      /^TypeError: heartbeat: expected milliseconds, or 0 for none, got /,
    );
  }
});
