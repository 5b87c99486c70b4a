// What programs may write, and what the compiler refuses; each line that is expected to fail must.
import { test } from "node:test";

import { type Change, type Client, Dict, List, type Reply, Segments, type Version } from "../src/index.js";

async function program(client: Client): Promise<unknown[]> {
  const list = new List<{ n: number }>({ client, key: "k", callbacks: { push: ({ n }) => n } });
  const first: { n: number } | null = await list.get(0);
  const byPosition: { n: number } | null | undefined = await list[0];
  list[0] = { n: 1 };
  for await (const { n } of list) n.toFixed();
  const dict = new Dict<number>({ client, key: "d", fallback: "e", fallbackPolicy: "frozen" });
  dict["a"] = 1;
  const all: Record<string, number> = await dict.toObject();
  const segments = new Segments({ client, key: "s", origin: list });
  const edited: { n: number }[] = await segments.toObject();
  const answers: [string | null, number, Record<string, string>] = await Promise.all([
    client.get("k"),
    client.lLen("l"),
    client.hGetAll("h"),
  ]);
  const reply: Reply = await client.command(["GET", "k"], { signal: AbortSignal.timeout(1), bytes: true });
  const changes: Change[] = await client.diff("a", "b", { match: "x*" });
  const versions: Version[] = await list.history({ count: 1 });
  const trial: Client = await client.on("trial");
  const same: Client = client.on("refresh", ({ target }) => target.length);

  // @ts-expect-error: an element of another type
  await list.push("text");
  // @ts-expect-error: there is no such policy
  new List({ client, key: "k", fallbackPolicy: "warm" });
  // @ts-expect-error: a list needs a key
  new List({ client });
  // @ts-expect-error: no word of a command
  await client.command(["SET", "k", { a: 1 }]);
  // @ts-expect-error: a command has a name
  await client.command([]);
  // @ts-expect-error: there is no such event
  client.on("nothing", () => undefined);
  return [first, byPosition, all, edited, answers, reply, changes, versions, trial, same];
}

test("what programs write has its types", () => {
  void program; // compiled, which is the test
});
