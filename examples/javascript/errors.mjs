/**
 * What goes wrong, and how it is said: every promise settles, and errors are thrown.
 *
 *     $ node errors.mjs
 *     steps[3] is null
 *     ResponseError: index out of range
 *     FrozenStorageError
 *     ResponseError: no branch 'nowhere'
 *     ResponseError: WRONGTYPE Operation against a key holding the wrong kind of value
 *     the list is as it was: [1,2,3]
 */
import { createClient, List } from "coppice";

const server = createClient({ url: process.argv[2] });
const client = await server.branch("example-errors"); // its own: all else stays as it is
await client.flushAll(); // empties this branch, which may be left from an earlier run
const steps = new List({ client, key: "steps" });
await steps.extend([1, 2, 3]);
const first = await client.commit("three steps");

async function tried(what, say = (error) => `${error.name}: ${error.message}`) {
  try {
    await what();
  } catch (error) {
    console.log(say(error));
  }
}

console.log("steps[3] is", await steps.get(3));
await tried(() => steps.set(3, 4));
await tried(() => steps.at(first).push(4), (error) => error.name);
await tried(() => client.on("nowhere"));
await tried(() => client.command(["HSET", "znsocket.List:steps", "a", "b"]));
console.log("the list is as it was:", JSON.stringify(await steps.toObject()));
client.disconnect();
server.disconnect();
