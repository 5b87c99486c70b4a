// The examples of the README run as they stand, and print what it says behind each console.log.
import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { inspect } from "node:util";

import { Server } from "../testing/server.js";

test("the README's examples print what it says", async (context) => {
  const server = await Server.start();
  const page = await readFile("README.md", "utf8");
  const code = [...page.matchAll(/```js\n([^]*?)```/g)].map(([, block]) => block).join("");
  const expected = [...code.matchAll(/console\.log\(.*\/\/ (.*)$/gm)].map(([, said]) => said);
  assert.ok(expected.length > 10);
  // Beside the package as it was built, whose name is found there.
  const folder = fileURLToPath(new URL("../examples/", import.meta.url));
  await mkdir(folder, { recursive: true });
  const file = `${folder}readme-${process.pid}.js`;
  await writeFile(file, code.replaceAll("coppice://localhost:5000", server.url));
  context.after(() => rm(file));
  const printed: string[] = [];
  context.mock.method(console, "log", (...values: unknown[]) => {
    printed.push(
      values.map((value) => (typeof value === "string" ? value : inspect(value, { breakLength: Infinity }))).join(" "),
    );
  });
  await import(pathToFileURL(file).href);
  assert.deepEqual(printed, expected);
});
