// RESP3 out of bytes, however they are split.
//
// The reader keeps the rest of an unfinished line, the parts of an unfinished string, and one frame for each array, map
// or set that is open, so that each byte is looked at once. Strings longer than a chunk are joined when they are whole.
import { ProtocolError, ResponseError } from "../errors.js";
import type { Reply } from "./reply.js";

export interface ReplyTarget {
  /** A reply is whole; an error is a value. */
  reply(value: Reply): void;
  /** A message that nobody asked for. */
  push(message: Reply[]): void;
  /** Asked once at each reply's beginning: whether its bulk strings stay bytes. */
  wantsBytes(): boolean;
}

const NESTING_MAX = 64; // the server's replies have at most 32
const LINE_BYTES_MAX = 64 * 1024;
const STRING_BYTES_MAX = 1024 ** 3;
const SIZE_MAX = 2 ** 32;
const LINE_FEED = 10;
const SHORT_BYTES = 32; // up to here a loop is quicker than TextDecoder
const SAFE_DIGITS = 15; // of these any number is exact

type Shape = "array" | "map" | "set" | "push" | "attribute";
interface Open {
  readonly shape: Shape;
  readonly items: Reply[];
  left: number;
}
interface OpenString {
  readonly kind: "$" | "=" | "!";
  readonly bytes: Uint8Array[];
  left: number; // the line end that follows included
}

const SHAPES: Readonly<Record<string, Shape>> = { "*": "array", "%": "map", "~": "set", ">": "push", "|": "attribute" };
const decoder = new TextDecoder();

/** Text of UTF-8; bytes that are none become U+FFFD. */
export function textOf(bytes: Uint8Array): string {
  if (bytes.length > SHORT_BYTES) return decoder.decode(bytes);
  let text = "";
  for (const byte of bytes) {
    if (byte > 0x7f) return decoder.decode(bytes);
    text += String.fromCharCode(byte);
  }
  return text;
}

export class ReplyReader {
  readonly #target: ReplyTarget;
  readonly #open: Open[] = [];
  #string: OpenString | null = null;
  #line: Uint8Array = new Uint8Array(0);
  #bytes = false;

  constructor(target: ReplyTarget) {
    this.#target = target;
  }

  /** Takes the next bytes of the stream. Throws ProtocolError for what is no RESP3; then nothing more can be read. */
  feed(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#string !== null) {
        at = this.#readString(this.#string, chunk, at);
        continue;
      }
      const end = chunk.indexOf(LINE_FEED, at);
      const part = chunk.subarray(at, end < 0 ? chunk.length : end);
      if (this.#line.length + part.length > LINE_BYTES_MAX) throw new ProtocolError("a line without an end");
      const line = this.#line.length === 0 ? part : joined([this.#line, part]);
      if (end < 0) {
        this.#line = line.slice();
        return;
      }
      this.#line = new Uint8Array(0);
      if (line.length < 2 || line[line.length - 1] !== 13) throw new ProtocolError("a line that says nothing");
      this.#readLine(textOf(line.subarray(0, -1)));
      at = end + 1;
    }
  }

  #readLine(line: string): void {
    const kind = line.charAt(0);
    const rest = line.slice(1);
    if (this.#open.length === 0) this.#bytes = kind !== ">" && kind !== "|" && this.#target.wantsBytes();
    switch (kind) {
      case "+":
        return this.#take(rest);
      case "-":
        return this.#take(new ResponseError(rest));
      case ":":
        return this.#take(integer(rest));
      case "(":
        return this.#take(bigInteger(rest));
      case ",":
        return this.#take(real(rest));
      case "#":
        if (rest !== "t" && rest !== "f") throw new ProtocolError(`'${shown(line)}' is no boolean`);
        return this.#take(rest === "t");
      case "_":
        return this.#take(null);
      case "$":
      case "=":
      case "!":
        if (kind === "$" && rest === "-1") return this.#take(null);
        this.#string = { kind, bytes: [], left: size(rest, STRING_BYTES_MAX) + 2 };
        return undefined;
      default:
        return this.#beginItems(kind, rest, line);
    }
  }

  #beginItems(kind: string, rest: string, line: string): void {
    const shape = SHAPES[kind];
    if (shape === undefined) throw new ProtocolError(`no reply begins like '${shown(line)}'`);
    if (kind === "*" && rest === "-1") return this.#take(null);
    if (this.#open.length >= NESTING_MAX) throw new ProtocolError("a reply nested too deeply");
    if (shape === "push" && this.#open.length > 0) throw new ProtocolError("a push inside a reply");
    const count = size(rest, SIZE_MAX);
    const left = shape === "map" || shape === "attribute" ? 2 * count : count;
    this.#open.push({ shape, items: [], left });
    this.#close();
  }

  #readString(open: OpenString, chunk: Uint8Array, at: number): number {
    const end = Math.min(at + open.left, chunk.length);
    const part = chunk.subarray(at, end);
    open.left -= part.length;
    if (open.left > 0) {
      open.bytes.push(part.slice());
      return end;
    }
    this.#string = null;
    const whole = open.bytes.length === 0 ? part : joined([...open.bytes, part]);
    if (whole[whole.length - 2] !== 13 || whole[whole.length - 1] !== LINE_FEED) {
      throw new ProtocolError("a string longer than was announced");
    }
    const bytes = whole.subarray(0, -2);
    if (open.kind === "!") this.#take(new ResponseError(textOf(bytes)));
    else if (open.kind === "=")
      this.#take(textOf(bytes.subarray(4))); // behind "txt:"
    else this.#take(this.#bytes ? bytes.slice() : textOf(bytes));
    return end;
  }

  #take(value: Reply): void {
    const innermost = this.#open[this.#open.length - 1];
    if (innermost === undefined) return this.#target.reply(value);
    innermost.items.push(value);
    innermost.left -= 1;
    return this.#close();
  }

  /** Hands on what is complete, from the inside out. */
  #close(): void {
    const innermost = this.#open[this.#open.length - 1];
    if (innermost === undefined || innermost.left > 0) return;
    this.#open.pop();
    switch (innermost.shape) {
      case "array":
        return this.#take(innermost.items);
      case "set":
        return this.#take(new Set(innermost.items));
      case "map":
        return this.#take(mapOf(innermost.items));
      case "push":
        return this.#target.push(innermost.items);
      case "attribute":
        return undefined; // about the reply that follows; none is known
    }
  }
}

function mapOf(items: Reply[]): Map<Reply, Reply> {
  const map = new Map<Reply, Reply>();
  for (let i = 0; i + 1 < items.length; i += 2) map.set(items[i] ?? null, items[i + 1] ?? null);
  return map;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function shown(line: string): string {
  return line.slice(0, 40);
}

function size(text: string, most: number): number {
  const count = /^\d{1,10}$/.test(text) ? Number(text) : Infinity;
  if (count > most) throw new ProtocolError(`'${shown(text)}' is no length`);
  return count;
}

function integer(text: string): number | bigint {
  if (text.length <= SAFE_DIGITS && /^[+-]?\d+$/.test(text)) return Number(text) + 0;
  const whole = bigInteger(text);
  const number = Number(whole);
  return Number.isSafeInteger(number) ? number : whole;
}

function bigInteger(text: string): bigint {
  if (!/^[+-]?\d+$/.test(text)) throw new ProtocolError(`'${shown(text)}' is no integer`);
  return BigInt(text.startsWith("+") ? text.slice(1) : text);
}

function real(text: string): number {
  if (text === "inf") return Infinity;
  if (text === "-inf") return -Infinity;
  if (text === "nan") return NaN;
  if (!/^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?$/.test(text)) throw new ProtocolError(`'${shown(text)}' is no number`);
  return Number(text);
}
