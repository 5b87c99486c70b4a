// The transport of Node: a socket.
import { createConnection } from "node:net";

import type { Address } from "./address.js";
import { Outbox } from "./outbox.js";
import { CLOSING_MS, type Transport, type TransportEvents } from "./transport.js";

export function openTcp(address: Address, events: TransportEvents): Transport {
  const socket = createConnection({ host: address.host, port: address.port, noDelay: true, keepAlive: true });
  let reason = "the server closed the connection";
  socket.on("connect", () => events.open());
  // Plain bytes: a Buffer's slice is no copy.
  socket.on("data", (bytes) => events.data(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)));
  socket.on("error", (error: NodeJS.ErrnoException) => (reason = error.message || (error.code ?? "the socket failed")));
  socket.on("close", () => events.lost(reason));
  const outbox = new Outbox((piece, left) => socket.write(piece, left));
  return {
    send: (bytes) => outbox.send(bytes),
    close: () => {
      socket.setTimeout(CLOSING_MS, () => socket.destroy()); // of silence
      outbox.finish(() => socket.destroySoon());
    },
    abandon: () => {
      outbox.clear();
      socket.destroy();
    },
    unsent: () => outbox.unsent,
  };
}
