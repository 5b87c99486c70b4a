// A stream of bytes to a server: a socket or a WebSocket.
import type { Address } from "./address.js";
import { CoppiceError } from "./errors.js";
import { Outbox } from "./outbox.js";

export interface Transport {
  send(bytes: Uint8Array): void;
  /** What was sent still goes out. */
  close(): void;
  /** Ends at once, of a line that is dead. */
  abandon(): void;
  /** Bytes that were sent and have not left this program. */
  unsent(): number;
}

export interface TransportEvents {
  open(): void;
  data(bytes: Uint8Array): void;
  /** Called once, and nothing after it. */
  lost(reason: string): void;
}

export type OpenTransport = (address: Address, events: TransportEvents) => Promise<Transport>;

/** What this package uses of the WebSocket of browsers and of Node 22; that of the package `ws` fits, too. */
export interface WebSocketLike {
  binaryType: string;
  readonly bufferedAmount: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  /** Calls `left`, where there is such a thing (`ws`), when the message has left. */
  send(data: Uint8Array<ArrayBuffer>, left?: (error?: Error) => void): void;
  close(): void;
  /** Closes without waiting for the other end, where there is such a thing (`ws`). */
  terminate?(): void;
}
export type WebSocketClass = new (url: string) => WebSocketLike;

/** Milliseconds that a line which is closed may stand still before it is given up with what has not left. */
export const CLOSING_MS = 5000;
const MESSAGE_BYTES = 1024 * 1024; // longer ones are split: a message is a piece of the stream, wherever it is cut

/** Whether this program runs in Node, which can open sockets. */
export const hasTcp = typeof process === "object" && typeof process.versions?.node === "string";

export function webSocketHere(): WebSocketClass | undefined {
  return (globalThis as { WebSocket?: WebSocketClass }).WebSocket;
}

export function transportOpener(webSocket: WebSocketClass | undefined): OpenTransport {
  return async (address, events) => {
    if (address.transport === "tcp") {
      const { openTcp } = await import("./tcp.js"); // a page never loads it
      return openTcp(address, events);
    }
    if (webSocket === undefined) throw new CoppiceError("ADDRESS", "there is no WebSocket here");
    return openWebSocket(webSocket, address.url, events);
  };
}

function openWebSocket(kind: WebSocketClass, url: string, events: TransportEvents): Transport {
  const socket = new kind(url);
  let opened = false;
  let over = false;
  const lost = (reason: string): void => {
    if (over) return;
    over = true;
    events.lost(reason);
  };
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    opened = true;
    events.open();
  };
  socket.onmessage = (event: { data: ArrayBuffer }) => events.data(new Uint8Array(event.data));
  socket.onerror = () => undefined; // a close follows
  // Browsers do not say why a WebSocket was refused.
  const refused = "no WebSocket was opened (for pages of other sites the server has the setting allowed-origins)";
  socket.onclose = (event: { code: number; reason: string }) =>
    lost(event.reason || (opened ? `the WebSocket was closed (${event.code})` : refused));
  if (socket.terminate !== undefined) return paced(socket);
  return {
    send: (bytes) => {
      for (let at = 0; at < bytes.length; at += MESSAGE_BYTES) {
        socket.send(bytes.subarray(at, at + MESSAGE_BYTES) as Uint8Array<ArrayBuffer>);
      }
    },
    close: () => socket.close(),
    abandon: () => socket.close(),
    unsent: () => socket.bufferedAmount,
  };
}

/** A WebSocket of `ws`, which says of a message when it has left, and can be ended at once. */
function paced(socket: WebSocketLike): Transport {
  const outbox = new Outbox((piece, left) => socket.send(piece as Uint8Array<ArrayBuffer>, left));
  const abandon = (): void => {
    outbox.clear();
    socket.terminate?.();
  };
  // The line is given up where nothing moves, or the other end does not say goodbye.
  const watch = (before: number): void => {
    const timer: { unref?: () => unknown } = setTimeout(() => {
      const now = outbox.unsent;
      return now < before ? watch(now) : abandon();
    }, CLOSING_MS) as object;
    timer.unref?.();
  };
  return {
    send: (bytes) => outbox.send(bytes),
    close: () => {
      watch(outbox.unsent);
      outbox.finish(() => socket.close());
    },
    abandon,
    unsent: () => outbox.unsent,
  };
}
