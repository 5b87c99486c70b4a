// Elements written by Python and by JavaScript are each other's: the pair of examples, a process each, on one server.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { Dict, List } from "../src/index.js";
import { Server } from "../testing/server.js";

const run = promisify(execFile);
const root = resolve("../..");
const python = join(root, "build/python/bin/python");
const skip = existsSync(python) ? false : `no ${python}`;
const environment = { ...process.env, PYTHONPATH: join(root, "clients/python/src"), PYTHONDONTWRITEBYTECODE: "1" };

/** What an example's own text says that it prints. */
function promised(source: string): string {
  const lines = source.split("\n").map((line) => line.replace(/^ \* ?/, ""));
  const begin = lines.findIndex((line) => line.startsWith("    $ ")) + 1;
  const end = lines.findIndex((line, i) => i >= begin && !line.startsWith("    "));
  return lines
    .slice(begin, end)
    .map((line) => `${line.slice(4)}\n`)
    .join("");
}

test("the examples of both languages work on one another's data", { skip, timeout: 60_000 }, async () => {
  const server = await Server.start();
  const theirs = join(root, "examples/python/cross_language.py");
  const ours = join(root, "examples/javascript/cross_language.mjs");
  // Beside the package as it was built, whose name is found there.
  const folder = fileURLToPath(new URL("../examples/", import.meta.url));
  await mkdir(folder, { recursive: true });
  await copyFile(ours, join(folder, "cross_language.mjs"));
  const [fromPython, fromJavaScript] = await Promise.all([
    run(python, [theirs, server.url], { env: environment }),
    run(process.execPath, [join(folder, "cross_language.mjs"), server.url]),
  ]);
  assert.equal(fromPython.stdout, promised(await readFile(theirs, "utf8")));
  assert.equal(fromJavaScript.stdout, promised(await readFile(ours, "utf8")));
});

test("each example prints what it says", { timeout: 60_000 }, async () => {
  const from = join(root, "examples/javascript");
  const to = fileURLToPath(new URL("../examples/", import.meta.url));
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) {
    if (!name.endsWith(".mjs") || name === "cross_language.mjs") continue;
    const server = await Server.start();
    await copyFile(join(from, name), join(to, name));
    const { stdout } = await run(process.execPath, [join(to, name), server.url]);
    assert.equal(stdout, promised(await readFile(join(from, name), "utf8")), name);
    await server.kill();
  }
});

test("each kind of value survives both languages", { skip, timeout: 60_000 }, async () => {
  const server = await Server.start();
  const client = server.client();
  const values = [
    0,
    -1.5,
    1e300,
    2 ** 53 - 1,
    true,
    false,
    null,
    "",
    'grüße 😀 \u0000"\\',
    [],
    {},
    { a: [{ b: null }] },
  ];
  await new List({ client, key: "ours" }).extend(values);
  await new Dict({ client, key: "ours" }).update({ "": 1, "10": "x", grüße: [null] });
  const program = `
import sys, coppice
client = coppice.Client(sys.argv[1])
coppice.List(client, "theirs").extend(list(coppice.List(client, "ours")))
coppice.Dict(client, "theirs").update(dict(coppice.Dict(client, "ours").items()))
coppice.List(client, "nested").append(coppice.Dict(client, "theirs"))
`;
  await run(python, ["-c", program, server.url], { env: environment });
  assert.deepEqual(await new List({ client, key: "theirs" }).toObject(), values);
  const [nested] = await new List<Dict>({ client, key: "nested" }).toObject();
  assert.deepEqual(await nested?.entries(), [
    ["10", "x"],
    ["", 1],
    ["grüße", [null]],
  ]);
});
