// Elements written by Python and by JavaScript are each other's; the examples of both, a process each, on one server.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, readdir, readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { Dict, List } from "../src/index.js";
import { Server } from "../testing/server.js";

const run = promisify(execFile);
const root = resolve("../..");
const examples = join(root, "examples");
// As it was built, for its name is found there.
const besideThePackage = fileURLToPath(new URL("../examples/", import.meta.url));
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

/** Runs programs of examples/ at once, and compares what each prints with what its head says. */
async function printWhatTheySay(paths: readonly string[], url: string): Promise<void> {
  const printed = await Promise.all(
    paths.map((path) =>
      path.endsWith(".py")
        ? run(python, [join(examples, path), url], { env: environment })
        : run(process.execPath, [join(besideThePackage, basename(path)), url]),
    ),
  );
  for (const [i, path] of paths.entries()) {
    assert.equal(printed[i]?.stdout, promised(await readFile(join(examples, path), "utf8")), path);
  }
}

test("examples print what they say on one server, again and in any order", { skip, timeout: 60_000 }, async () => {
  const server = await Server.start();
  const client = server.client();
  for (const key of ["origin", "variant", "raw", "records", "steps", "trajectory", "shared frames"]) {
    await new List({ client, key }).extend(["somebody's"]);
  }
  for (const key of ["about", "configuration", "defaults", "mine", "parameters", "record 1"]) {
    await new Dict({ client, key }).update({ of: "somebody" });
  }
  const before = await client.commit();

  await cp(join(examples, "javascript"), besideThePackage, { recursive: true });
  const names = (await readdir(join(examples, "javascript"))).map((name) => basename(name, ".mjs"));
  const ours = names.map((name) => `javascript/${name}.mjs`);
  const theirs = names.map((name) => `python/${name}.py`);
  // Each has a branch of its own, so all can be run at once; the pair that waits for one another has to be.
  const [one, other] = ["javascript/cross_language.mjs", "python/cross_language.py"];
  for (const turn of [[...ours, other], [...theirs, one], [...theirs, one], [...ours, other]]) {
    await printWhatTheySay(turn, server.url);
  }
  assert.deepEqual(await client.diff(before, "main"), []);
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
