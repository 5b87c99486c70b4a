// An outbox: bytes on their way out, a piece at a time, so that what has not left yet can be counted.
//
// Sockets of Node say of one long write only when all of it has left. On a slow line that is long after a heartbeat
// asks whether anything still moves, so the next piece is handed over when the one before has left.

const PIECE_BYTES = 256 * 1024; // at 17 KiB a second one leaves in a heartbeat of 15 seconds

/** Calls `left` when the piece has left, or with what went wrong. */
export type Write = (piece: Uint8Array, left: (error?: Error | null) => void) => void;

export class Outbox {
  readonly #write: Write;
  #pieces: Uint8Array[] = [];
  #first = 0; // of those that were not handed over
  #unsent = 0;
  #whenEmpty: (() => void) | null = null;

  constructor(write: Write) {
    this.#write = write;
  }

  /** Bytes that have not left. */
  get unsent(): number {
    return this.#unsent;
  }

  send(bytes: Uint8Array): void {
    const idle = this.#unsent === 0;
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) this.#pieces.push(bytes.subarray(at, at + PIECE_BYTES));
    this.#unsent += bytes.length;
    if (idle) this.#next();
  }

  /** Calls `then` when all has left. */
  finish(then: () => void): void {
    if (this.#unsent === 0) then();
    else this.#whenEmpty = then;
  }

  /** Forgets what has not left. */
  clear(): void {
    this.#pieces = [];
    this.#first = 0;
  }

  #next(): void {
    const piece = this.#pieces[this.#first];
    if (piece === undefined) {
      this.clear();
      return this.#whenEmpty?.();
    }
    this.#first += 1;
    return this.#write(piece, (error) => {
      if (error) return this.clear(); // the end of the line follows
      this.#unsent -= piece.length;
      return this.#next();
    });
  }
}
