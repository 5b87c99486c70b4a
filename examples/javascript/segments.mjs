/**
 * A variant of a list: what is changed in it is its own, all else it shares.
 *
 *     $ node segments.mjs
 *     origin   ["a","b","c","d","e"]
 *     segments ["a","B","c","d","e","f"]
 *     pieces   [[0,1,"origin"],[1,2,"variant"],[2,5,"origin"],[5,6,"variant"]]
 *     a list   ["a","B","c","d","e","f"]
 *     after the origin is gone ["a","B","c","d","e","f"]
 */
import { createClient, List, Segments } from "coppice";

const show = (what, value) => console.log(what, JSON.stringify(value));
const server = createClient({ url: process.argv[2] });
const client = await server.branch("example-segments"); // its own: all else stays as it is
await client.flushAll(); // empties this branch, which may be left from an earlier run
const origin = new List({ client, key: "origin" });
await origin.extend(["a", "b", "c", "d", "e"]);

const segments = new Segments({ client, key: "variant", origin }); // one round trip, however long the origin is
await segments.set(1, "B");
await segments.push("f");

show("origin  ", await origin.toObject());
show("segments", await segments.toObject());
const pieces = await segments.getRaw();
show("pieces  ", pieces.map(([first, last, key]) => [first, last, key.replace("znsocket.List:", "")]));
show("a list  ", await new List({ client, key: "variant" }).toObject()); // for every client, in any language

await origin.clear();
show("after the origin is gone", await segments.toObject());
client.disconnect();
server.disconnect();
