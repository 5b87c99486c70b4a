/**
 * JavaScript's half of a pair: it reads what examples/python/cross_language.py has written, and goes on with it.
 *
 *     $ node cross_language.mjs
 *     JavaScript reads [{"step":0},{"step":1}]
 *     JavaScript reads {"title":"shared","seen":["Python"]}
 */
import { createClient, Dict, List } from "coppice";

const client = await createClient({ url: process.argv[2] });
const frames = new List({ client, key: "shared frames" });
const about = new Dict({ client, key: "about" });
while ((await about.get("title")) === null) {
  await new Promise((wake) => setTimeout(wake, 10));
}
console.log("JavaScript reads", JSON.stringify(await frames.toObject()));
console.log("JavaScript reads", JSON.stringify(await about.toObject()));
await about.set("seen", [...(await about.get("seen")), "JavaScript"]);
await frames.push({ by: "JavaScript" });
await client.disconnect();
