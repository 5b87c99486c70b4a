/**
 * A thousand nested records, and a variant that changes three of them.
 *
 *     $ node segments_of_records.mjs
 *     1000 records, 3 changed: 7 pieces
 *     record 100: optimal in the variant, running in the origin
 *     record 101: running in both, the same object
 */
import { createClient, Dict, List, Segments } from "coppice";

const server = createClient({ url: process.argv[2] });
const client = await server.branch("example-segments-of-records"); // its own: all else stays as it is
await client.flushAll(); // empties this branch, which may be left from an earlier run
const records = new List({ client, key: "records" });
const all = Array.from({ length: 1000 }, (_, i) => new Dict({ client, key: `record ${i}` }));
await Promise.all(all.map((record, id) => record.update({ id, state: "running", settings: { step: 0.5, seed: id } })));
await records.extend(all); // a Dict in a list is stored by its key

const variant = new Segments({ client, key: "variant", origin: records });
for (const i of [100, 500, 900]) {
  const fallback = `record ${i}`;
  const changed = new Dict({ client, key: `${fallback} of the variant`, fallback, fallbackPolicy: "copy" });
  await changed.set("state", "optimal");
  await variant.set(i, changed);
}

const state = async (list, i) => (await list.get(i)).get("state");
const pieces = await variant.getRaw();
console.log(`${await variant.length()} records, 3 changed: ${pieces.length} pieces`);
console.log(`record 100: ${await state(variant, 100)} in the variant, ${await state(records, 100)} in the origin`);
const same = (await variant.get(101)).key === (await records.get(101)).key;
console.log(`record 101: ${await state(variant, 101)} in both, ${same ? "the same object" : "two objects"}`);
client.disconnect();
server.disconnect();
