// A transport says how much of what was sent has not left, also while one long write is under way.
import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { after, test } from "node:test";

import { WebSocket, WebSocketServer } from "ws";

import { parseAddress } from "../src/address.js";
import { transportOpener, type WebSocketClass } from "../src/transport.js";
import { eventually } from "../testing/server.js";

const BYTES = 64e6; // more than the system keeps on its way

interface End {
  pause(): unknown;
  resume(): unknown;
}

/** The other end of a line, which reads only until it has what it is told to. */
async function reader(scheme: string): Promise<{ port: number; read(until: number): Promise<void> }> {
  let got = 0;
  let end: End | undefined;
  const count = ({ length }: { length: number }): unknown => (got += length);
  const plain = createServer((socket) => (end = socket.pause().on("data", count).on("error", () => undefined).pause()));
  const framed = scheme === "ws" ? new WebSocketServer({ port: 0, host: "127.0.0.1" }) : null;
  framed?.on("connection", (socket) => {
    socket.on("message", count).on("error", () => undefined);
    socket.pause();
    end = socket;
  });
  if (framed === null) plain.listen(0, "127.0.0.1");
  await eventually(() => (framed ?? plain).address() !== null);
  after(() => {
    framed?.clients.forEach((each) => each.terminate());
    framed?.close();
    plain.close();
  });
  const read = async (until: number): Promise<void> => {
    await eventually(() => end !== undefined);
    end?.resume();
    await eventually(() => got >= until, 20_000);
    end?.pause();
  };
  return { port: ((framed ?? plain).address() as AddressInfo).port, read };
}

for (const scheme of ["coppice", "ws"]) {
  test(`what has not left is counted while it leaves: ${scheme}`, async () => {
    const { port, read } = await reader(scheme);
    const address = parseAddress(`${scheme}://127.0.0.1:${port}`, { tcp: true, websocket: true });
    let opened = false;
    const events = { open: () => void (opened = true), data: () => undefined, lost: () => undefined };
    const transport = await transportOpener(WebSocket as unknown as WebSocketClass)(address, events);
    after(() => transport.abandon());
    await eventually(() => opened);
    transport.send(new Uint8Array(BYTES));
    assert.ok(transport.unsent() > BYTES / 2);
    for (let left = transport.unsent(), i = 1; i <= 3; i += 1, left = transport.unsent()) {
      await read((i * BYTES) / 8);
      await eventually(() => transport.unsent() < left);
    }
    assert.ok(transport.unsent() > 0);
    await read(BYTES);
    await eventually(() => transport.unsent() === 0);
    transport.send(new Uint8Array(1));
    await eventually(() => transport.unsent() === 0);
  });
}
