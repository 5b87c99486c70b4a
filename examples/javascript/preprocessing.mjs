/**
 * Steps of a pipeline, each a variant of the one before, so that each can be looked at and begun again from.
 *
 *     $ node preprocessing.mjs
 *     raw      6 texts "  The CAT sat. "
 *     stripped 6 texts "The CAT sat."
 *     lowered  6 texts "the cat sat."
 *     filtered 4 texts "the cat sat."
 *     raw is as it was: true
 */
import { createClient, List, Segments } from "coppice";

const server = createClient({ url: process.argv[2] });
const client = await server.branch("example-preprocessing"); // its own: all else stays as it is
await client.flushAll(); // empties this branch, which may be left from an earlier run
const texts = ["  The CAT sat. ", "On the mat", "", " and SLEPT ", "", "well."];
await new List({ client, key: "raw" }).extend(texts);

async function step(key, before, change) {
  const after = new Segments({ client, key, origin: new List({ client, key: before }) });
  for (const [i, text] of (await after.toObject()).entries()) {
    if (change(text) !== text) await after.set(i, change(text));
  }
  return after;
}

await step("stripped", "raw", (text) => text.trim());
await step("lowered", "stripped", (text) => text.toLowerCase());
const filtered = await step("filtered", "lowered", (text) => text);
for (let i = (await filtered.length()) - 1; i >= 0; i--) {
  if ((await filtered.get(i)) === "") await filtered.delete(i);
}

for (const key of ["raw", "stripped", "lowered", "filtered"]) {
  const list = new List({ client, key });
  console.log(key.padEnd(8), await list.length(), "texts", JSON.stringify(await list.get(0)));
}
const raw = await new List({ client, key: "raw" }).toObject();
console.log("raw is as it was:", JSON.stringify(raw) === JSON.stringify(texts));
client.disconnect();
server.disconnect();
