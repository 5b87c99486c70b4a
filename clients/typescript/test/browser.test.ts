// A page in a real browser uses the package as it was built, over a WebSocket; pages of other sites may not.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

import { List } from "../src/index.js";
import { eventually, Server } from "../testing/server.js";

const browserPath = process.env["COPPICE_BROWSER"] ?? "/usr/bin/chromium";
const built = fileURLToPath(new URL("..", import.meta.url));
const elsewhere = "elsewhere.example";
const flags = [
  `--host-resolver-rules=MAP ${elsewhere} 127.0.0.1`,
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Serves the built package and an empty page. */
async function site(): Promise<{ server: HttpServer; port: number }> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://x").pathname;
    if (path === "/")
      return response.setHeader("Content-Type", "text/html").end("<!doctype html><title>a page</title>");
    return readFile(join(built, path)).then(
      (bytes) => response.setHeader("Content-Type", "text/javascript").end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => server.close());
  return { server, port: (server.address() as AddressInfo).port };
}

test(
  "a page uses lists, dicts, refreshes and branches",
  { skip: existsSync(browserPath) ? false : `no ${browserPath}` },
  async () => {
    const server = await Server.start();
    const { port } = await site();
    const folder = await mkdtemp(join(tmpdir(), "coppice-browser-"));
    const context = await chromium.launchPersistentContext(folder, {
      executablePath: browserPath,
      args: flags,
      headless: true,
    });
    after(async () => {
      await context.close();
      await rm(folder, { recursive: true, force: true });
    });
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    const ours = server.client();
    const seen = new List<unknown>({ client: ours, key: "from the page" });
    const told: unknown[] = [];
    seen.onRefresh((data) => told.push(data));
    await ours.connect();
    const result = await page.evaluate(async (url) => {
      const path = "/src/index.js";
      const { createClient, List, Dict, Segments } = (await import(path)) as typeof import("../src/index.js");
      const client = createClient({ url });
      await client.connect();
      const list = new List<unknown>({ client, key: "from the page" });
      await list.extend(["a", { b: "ü" }]);
      const dict = new Dict<unknown>({ client, key: "d" });
      await dict.update({ x: 1, list });
      const inner = (await dict.get("list")) as InstanceType<typeof List>;
      const trial = await client.branch("trial");
      await new List({ client: trial, key: "from the page" }).set(0, "changed");
      const segments = new Segments<unknown>({ client, key: "s", origin: list });
      await segments.set(0, "edited");
      const large = new Uint8Array(3_000_000).fill(7);
      await client.set("large", large);
      const back = (await client.command(["GET", "large"], { bytes: true })) as Uint8Array;
      const answer = {
        list: await list.toObject(),
        dict: await dict.keys(),
        inner: await inner.length(),
        segments: await segments.toObject(),
        trial: await new List({ client: trial, key: "from the page" }).get(0),
        big: String(await client.command(["INCRBY", "n", 2n ** 62n])),
        large: back.length === large.length && back.every((byte) => byte === 7),
      };
      trial.close();
      Object.assign(globalThis, { heard: new Promise((resolve) => list.onRefresh(resolve)) });
      return answer;
    }, server.webUrl);
    assert.deepEqual(result, {
      list: ["a", { b: "ü" }],
      dict: ["x", "list"],
      inner: 2,
      segments: ["edited", { b: "ü" }],
      trial: "changed",
      big: String(2n ** 62n),
      large: true,
    });
    await eventually(() => told.length > 0);
    assert.deepEqual(told[0], { start: 0 });
    await seen.push("from outside");
    assert.deepEqual(await page.evaluate(() => (globalThis as unknown as { heard: Promise<unknown> }).heard), {
      start: 2,
    });

    // A page of another origin: the browser takes its name for this machine, the server does not.
    const other = await context.newPage();
    await other.goto(`http://${elsewhere}:${port}/`);
    const tryFrom = (url: string): Promise<string> =>
      other.evaluate(
        (to) =>
          new Promise<string>((resolve) => {
            const socket = new WebSocket(to);
            socket.onopen = () => resolve("let in");
            socket.onclose = () => resolve("refused");
          }),
        url,
      );
    assert.equal(await tryFrom(server.webUrl), "refused");
    await ours.command(["CONFIG", "SET", "allowed-origins", `http://${elsewhere}:${port}`]);
    assert.equal(await tryFrom(server.webUrl), "let in");
  },
);
