/**
 * JavaScript's half of a pair: it reads what examples/python/cross_language.py has written, and goes on with it.
 *
 *     $ node cross_language.mjs
 *     JavaScript reads [{"step":0},{"step":1}]
 *     JavaScript reads {"title":"shared","seen":["Python"]}
 */
import { createClient, Dict, List } from "coppice";

const server = createClient({ url: process.argv[2] });
const client = await server.branch("example-cross-language"); // the pair's own: all else stays as it is
const frames = new List({ client, key: "shared frames" });
const about = new Dict({ client, key: "about" });
// What is there and both have seen is an earlier run's.
while ((await about.get("seen"))?.length !== 1) {
  await new Promise((wake) => setTimeout(wake, 10));
}
console.log("JavaScript reads", JSON.stringify(await frames.toObject()));
console.log("JavaScript reads", JSON.stringify(await about.toObject()));
await about.set("seen", [...(await about.get("seen")), "JavaScript"]);
await frames.push({ by: "JavaScript" });
client.disconnect();
server.disconnect();
