/**
 * A collection that reads from another until it is written to ("frozen"), or is its copy from the start ("copy").
 *
 *     $ node fallbacks.mjs
 *     frozen reads        {"threads":4,"log":"info"}
 *     and follows         {"threads":8,"log":"info"}
 *     until it is written {"threads":8,"log":"debug"}
 *     the defaults        {"threads":16,"log":"info"}
 *     the copy            {"threads":4,"log":"info"}
 *     of nothing          {}
 *     of a fallback       {"threads":8,"log":"debug"}
 */
import { createClient, Dict } from "coppice";

const server = createClient({ url: process.argv[2] });
const client = await server.branch("example-fallbacks"); // its own: all else stays as it is
await client.flushAll(); // empties this branch, which may be left from an earlier run
const show = async (what, dict) => console.log(what.padEnd(19), JSON.stringify(await dict.toObject()));
const frozen = (key, fallback) => new Dict({ client, key, fallback, fallbackPolicy: "frozen" });
const defaults = new Dict({ client, key: "defaults" });
await defaults.update({ threads: 4, log: "info" });

const copied = new Dict({ client, key: "copied", fallback: "defaults", fallbackPolicy: "copy" });
await copied.length(); // the first thing that is asked of it makes the copy
const mine = frozen("mine", "defaults");
await show("frozen reads", mine);
await defaults.set("threads", 8);
await show("and follows", mine);
await mine.set("log", "debug"); // the first write makes it an O(1) copy, and then writes
await defaults.set("threads", 16);
await show("until it is written", mine);
await show("the defaults", defaults);
await show("the copy", copied);
await show("of nothing", frozen("other", "missing"));
await show("of a fallback", frozen("theirs", "mine"));
client.disconnect();
server.disconnect();
