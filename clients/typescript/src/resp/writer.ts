// Commands as bytes: arrays of bulk strings, one behind the other.

/** A word of a command. Numbers and bigints are written as text. */
export type Word = string | number | bigint | Uint8Array;
export type Words = readonly [string, ...Word[]];

const encoder = new TextEncoder();
const SLAB_BYTES = 16 * 1024;
const LINE_BYTES = 16; // "$1073741824\r\n" and less

/** Throws TypeError for what no command can carry, before anything is sent. */
export function checkWords(words: readonly unknown[]): asserts words is Words {
  if (!Array.isArray(words)) {
    throw new TypeError(`a command is an array of words, ["GET", "key"]: got ${JSON.stringify(words) ?? typeof words}`);
  }
  if (words.length === 0) throw new TypeError("a command has at least one word: its name");
  for (const word of words) {
    const fits = typeof word === "string" || typeof word === "bigint" || word instanceof Uint8Array;
    if (!fits && !(typeof word === "number" && Number.isFinite(word))) {
      const what = typeof word === "number" ? String(word) : word === null ? "null" : typeof word;
      throw new TypeError(
        `${what} as a word of ${String(words[0])}: expected text, a finite number, a bigint or bytes`,
      );
    }
  }
}

export class CommandWriter {
  #bytes = new Uint8Array(SLAB_BYTES);
  #begin = 0;
  #end = 0;

  add(words: Words): void {
    this.#line("*", words.length);
    for (const word of words) {
      if (word instanceof Uint8Array) this.#addBytes(word);
      else this.#addText(typeof word === "string" ? word : String(word));
    }
  }

  /** What was added since the last call. The bytes are the caller's. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(this.#begin, this.#end);
    this.#begin = this.#end;
    return taken;
  }

  #room(bytes: number): void {
    const used = this.#end - this.#begin;
    if (this.#end + bytes <= this.#bytes.length) return;
    const wider = new Uint8Array(Math.max(SLAB_BYTES, 2 * (used + bytes)));
    wider.set(this.#bytes.subarray(this.#begin, this.#end));
    this.#bytes = wider;
    this.#begin = 0;
    this.#end = used;
  }

  #ascii(text: string): void {
    for (let i = 0; i < text.length; i += 1) this.#bytes[this.#end + i] = text.charCodeAt(i);
    this.#end += text.length;
  }

  #line(kind: "*" | "$", count: number): void {
    this.#room(LINE_BYTES);
    this.#ascii(`${kind}${count}\r\n`);
  }

  #addText(text: string): void {
    if (!isShortAscii(text)) return this.#addBytes(encoder.encode(text));
    this.#line("$", text.length);
    this.#room(text.length + 2);
    this.#ascii(text);
    return this.#ascii("\r\n");
  }

  #addBytes(bytes: Uint8Array): void {
    this.#line("$", bytes.length);
    this.#room(bytes.length + 2);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
    this.#ascii("\r\n");
  }
}

function isShortAscii(text: string): boolean {
  if (text.length > 64) return false;
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}
