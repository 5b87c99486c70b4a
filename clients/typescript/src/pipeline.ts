// Commands that go out together.
import { install, type QueuedCommands } from "./commands.js";
import { CoppiceError } from "./errors.js";
import type { AskOptions } from "./link.js";
import type { Reply } from "./resp/reply.js";
import { checkWords, type Word } from "./resp/writer.js";

type Send = (commands: readonly (readonly Word[])[], options: AskOptions) => Promise<Reply[]>;

/** One round trip for many commands, each on its own or all as one transaction. It is empty again after `exec`. */
export interface Pipeline extends QueuedCommands<Pipeline> {}
export class Pipeline {
  readonly #send: Send;
  #commands: (readonly Word[])[] = [];
  #values: ((reply: Reply) => unknown)[] = [];

  constructor(send: Send) {
    this.#send = send;
  }

  get length(): number {
    return this.#commands.length;
  }

  /** Queues any command. */
  add(...words: [string, ...Word[]]): this {
    return this.queue(words, (reply) => reply);
  }

  /** Queues a command whose reply `value` shapes. */
  queue(words: readonly Word[], value: (reply: Reply) => unknown): this {
    checkWords(words);
    this.#commands.push(words);
    this.#values.push(value);
    return this;
  }

  /** The answers in order. Throws the first error, when all have been answered. */
  async exec(options: AskOptions = {}): Promise<unknown[]> {
    const answers = await this.settle(options);
    const failed = answers.find((answer) => answer instanceof CoppiceError);
    if (failed !== undefined) throw failed;
    return answers;
  }

  /** The answers in order, errors among them. */
  async settle(options: AskOptions = {}): Promise<unknown[]> {
    const commands = this.#commands;
    const values = this.#values;
    this.#commands = [];
    this.#values = [];
    const shaped = options.bytes !== true;
    const replies = await this.#send(commands, options);
    return replies.map((reply, i) => (reply instanceof CoppiceError || !shaped ? reply : values[i]?.(reply)));
  }
}

install(Pipeline.prototype, (pipeline, words, value) => pipeline.queue(words(), value));
