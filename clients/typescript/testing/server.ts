// A server for tests: `coppice serve` on a folder of its own, at a port that the system chose.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after } from "node:test";

import { Client, type ClientOptions } from "../src/index.js";

const program = join(process.env["COPPICE_BUILD"] ?? "../../build/test", "bin/coppice");
const START_MS = 30_000;

export class Server {
  port = 0;
  #process: ChildProcess | null = null;
  readonly #clients: Client[] = [];

  private constructor(
    readonly folder: string,
    private readonly settings: readonly string[],
  ) {}

  /** One that runs until the test (or file) that starts it ends. */
  static async start(...settings: string[]): Promise<Server> {
    const folder = await mkdtemp(join(tmpdir(), "coppice-javascript-"));
    const server = new Server(folder, settings);
    after(async () => {
      for (const client of server.#clients) client.disconnect();
      await server.kill();
      await rm(folder, { recursive: true, force: true });
    });
    await server.start();
    return server;
  }

  get url(): string {
    return `coppice://127.0.0.1:${this.port}`;
  }

  get webUrl(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  /** Starts it, at the port it had before. */
  async start(): Promise<void> {
    const data = join(this.folder, "data");
    const started = spawn(program, ["serve", data, "--port", String(this.port), ...this.settings], { stdio: "ignore" });
    this.#process = started;
    for (const until = Date.now() + START_MS; Date.now() < until; await sleep(5)) {
      if (started.exitCode !== null) throw new Error(`${program} ended with ${started.exitCode}`);
      const lock = await readFile(join(data, "LOCK"), "utf8").catch(() => "");
      const found = new RegExp(`^pid ${started.pid}, listening at [^\\s]*:(\\d+)\\s*$`).exec(lock);
      if (found === null) continue;
      this.port = Number(found[1]);
      return;
    }
    throw new Error("the server did not start");
  }

  async kill(): Promise<void> {
    const running = this.#process;
    this.#process = null;
    if (running === null || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once("exit", resolve));
    running.kill("SIGKILL");
    await ended;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** From here on nobody is answered, until `resume`. */
  pause(): void {
    this.#process?.kill("SIGSTOP");
  }

  resume(): void {
    this.#process?.kill("SIGCONT");
  }

  /** A client that is closed with the server. */
  client(options: ClientOptions = {}): Client {
    const client = new Client({ url: this.url, ...options });
    this.#clients.push(client);
    return client;
  }

  /** What the server answers to bytes, as text, once it has said `end`. */
  async raw(bytes: string, end: string): Promise<string> {
    const socket = createConnection({ host: "127.0.0.1", port: this.port });
    socket.write(bytes);
    let answer = "";
    for await (const chunk of socket) {
      answer += String(chunk);
      if (answer.includes(end)) break;
    }
    return answer;
  }
}

export async function eventually(truth: () => boolean | Promise<boolean>, milliseconds = 5000): Promise<void> {
  for (const until = Date.now() + milliseconds; !(await truth()); await sleep(5)) {
    if (Date.now() > until) throw new Error(`not so after ${milliseconds} ms: ${truth.toString()}`);
  }
}

/** Numbers from 0 to 1 that a seed decides; it is printed, and COPPICE_SEED replays it. */
export function seeded(): () => number {
  let state = Number(process.env["COPPICE_SEED"] ?? Math.floor(Math.random() * 2 ** 31)) | 0;
  console.log(`COPPICE_SEED=${state}`);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
