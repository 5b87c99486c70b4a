// No type of the package is `any`, and what it publishes says so, too.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

async function filesBelow(folder: string, ending: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith(ending)).map((name) => join(folder, name));
}

test("nothing is `any`", async () => {
  const files = [
    ...(await filesBelow("src", ".ts")),
    ...(await filesBelow(fileURLToPath(new URL("../src", import.meta.url)), ".d.ts")),
  ];
  assert.ok(files.length > 20);
  for (const file of files) {
    const code = (await readFile(file, "utf8")).replace(/\/\/.*|\/\*[^]*?\*\//g, "");
    assert.doesNotMatch(code, /(:|<|\bas|=>|\|)\s*any\b|@ts-(ignore|expect-error|nocheck)/, file);
  }
});
