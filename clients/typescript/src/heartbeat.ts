// A heartbeat: notices that a line has gone silent, as lines do whose other end lost its power or its way.
//
//     nothing came for an interval -> a question is sent -> nothing came for another -> the line is lost
//
// What does come, and what still leaves, is a sign of life. A program that was busy for longer than an interval finds
// what came meanwhile in its next turn, so a line is given that turn before it counts as lost.

export interface Line {
  /** Sends something that the other end answers at once. */
  ask(): void;
  /** Whether an answer may be long in coming, so that silence says nothing. */
  takesTime(): boolean;
  /** Bytes that have not left yet. */
  unsent(): number;
  lost(reason: string): void;
}

/** Calls `then` when what has come is read: Node's immediates are behind that, its timers before. */
const nextTurn: (then: () => void) => unknown =
  typeof setImmediate === "function" ? setImmediate : (then) => setTimeout(then, 1);

export class Heartbeat {
  readonly #interval: number;
  readonly #line: Line;
  #heardAt = 0;
  #unsent = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `interval` in milliseconds; 0: no heartbeat. */
  constructor(interval: number, line: Line) {
    this.#interval = interval;
    this.#line = line;
  }

  start(): void {
    this.stop();
    this.heard();
    if (this.#interval > 0) this.#wait(this.#interval, () => this.#listen());
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Something came.  Cost: a look at the clock. */
  heard(): void {
    this.#heardAt = performance.now();
  }

  #wait(milliseconds: number, then: () => void): void {
    this.#timer = setTimeout(then, milliseconds);
  }

  #listen(): void {
    const left = this.#heardAt + this.#interval - performance.now();
    if (left > 0) return this.#wait(left, () => this.#listen());
    if (this.#line.takesTime()) return this.#wait(this.#interval, () => this.#listen());
    this.#line.ask();
    return this.#expect();
  }

  #expect(): void {
    const since = performance.now();
    this.#unsent = this.#line.unsent();
    this.#wait(this.#interval, () => {
      const timer = this.#timer;
      nextTurn(() => timer === this.#timer && this.#conclude(since));
    });
  }

  #conclude(since: number): void {
    if (this.#heardAt >= since) return this.#listen();
    if (this.#line.unsent() < this.#unsent) return this.#expect();
    return this.#line.lost(`nothing came for ${(2 * this.#interval) / 1000} s`);
  }
}
