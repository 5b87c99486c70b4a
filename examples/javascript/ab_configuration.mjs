/**
 * Two configurations side by side; the better one becomes the configuration, and can be taken back.
 *
 *     $ node ab_configuration.mjs
 *     a rate 0.1, layers 4, score 0.71
 *     b rate 0.01, layers 4, score 0.83
 *     b changes rate
 *     now    {"rate":0.01,"layers":4}
 *     before {"rate":0.1,"layers":4}
 *     again  {"rate":0.1,"layers":4}
 */
import { createClient, Dict } from "coppice";

const server = createClient({ url: process.argv[2] });
const client = await server.branch("example-a"); // its own: all else stays as it is
await client.flushAll(); // empties this branch, which may be left from an earlier run
const configuration = new Dict({ client, key: "configuration" });
await configuration.update({ rate: 0.1, layers: 4 });
const first = await client.commit("first configuration");

const branch = await client.branch("example-b");
await branch.rewind(first); // from wherever an earlier run left it
const b = new Dict({ client: branch, key: "configuration" });
await b.set("rate", 0.01);
for (const [name, one, score] of [["a", configuration, 0.71], ["b", b, 0.83]]) {
  console.log(`${name} rate ${await one.get("rate")}, layers ${await one.get("layers")}, score ${score}`);
}
for (const change of await client.diff("example-a", "example-b")) {
  console.log("b changes", change.parts.map((part) => part.at).join(", "));
}

const show = async (what, dict) => console.log(what, JSON.stringify(await dict.toObject()));
await configuration.restore("example-b"); // one round trip, O(1)
await show("now   ", configuration);
await show("before", configuration.at(first));
await configuration.restore(first);
await show("again ", configuration);
for (const each of [branch, client, server]) each.disconnect();
