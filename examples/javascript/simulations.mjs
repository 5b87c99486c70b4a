/**
 * A simulation, and variations of its parameters: each on a branch of its own, none copies the trajectory.
 *
 *     $ node simulations.mjs
 *     main  1000 frames, last energy -1.000
 *     hot   1200 frames, last energy -0.801
 *     cold  1200 frames, last energy -1.199
 *     cold against main: znsocket.Dict:parameters, znsocket.List:trajectory
 */
import { createClient, Dict, List } from "coppice";

const server = createClient({ url: process.argv[2] });
const client = await server.branch("example-main"); // its own: all else stays as it is
await client.flushAll(); // empties this branch, which may be left from an earlier run
const frames = (count, energy) => Array.from({ length: count }, (_, i) => ({ step: i, energy: energy(i) }));
await new List({ client, key: "trajectory" }).extend(frames(1000, () => -1));
await new Dict({ client, key: "parameters" }).update({ temperature: 300, step: 0.5 });
const equilibrated = await client.commit("equilibrated");

async function goOn(name, temperature) {
  const branch = await client.branch(name);
  await branch.rewind(equilibrated); // from wherever an earlier run left it
  await new Dict({ client: branch, key: "parameters" }).set("temperature", temperature);
  const drift = (temperature - 300) / 100_000;
  await new List({ client: branch, key: "trajectory" }).extend(frames(200, (i) => -1 + drift * i));
  return branch;
}

const clients = { main: client, hot: await goOn("example-hot", 400), cold: await goOn("example-cold", 200) };
for (const [name, at] of Object.entries(clients)) {
  const trajectory = new List({ client: at, key: "trajectory" });
  const last = await trajectory.get(-1);
  console.log(`${name.padEnd(5)} ${await trajectory.length()} frames, last energy ${last.energy.toFixed(3)}`);
}
const changes = await client.diff("example-main", "example-cold");
console.log("cold against main:", changes.map((change) => change.key).sort().join(", "));
for (const each of [...Object.values(clients), server]) each.disconnect();
