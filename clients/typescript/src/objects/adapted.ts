// The object of another program that answers for a key: commands that Lists and Dicts read with, as questions to it.
//
// An owner has five seconds for each. What it answers is what the server would, so that who reads need not know.
import { positions } from "../adapter.js";
import type { Client } from "../client.js";
import { AdapterError } from "../errors.js";
import type { AskOptions } from "../link.js";
import type { Reply } from "../resp/reply.js";
import type { Word } from "../resp/writer.js";
import { isRecord } from "../signals.js";

export type Command = readonly [name: string, ...rest: Word[]];
type Ask = (method: string, details?: object) => Promise<unknown>;

/** The reply to a command without its key.  Rejects with AdapterError when the owner is gone, silent, or in trouble. */
export async function adapted(client: Client, key: string, command: Command, options: AskOptions): Promise<Reply> {
  const ask: Ask = async (method, details) => checked(await client.adapterGet(key, method, details, options));
  const [name, ...rest] = command;
  switch (name) {
    case "LLEN":
    case "HLEN":
      return Number(await ask("__len__"));
    case "LINDEX":
      return textOrNull(client.adapterGet(key, "__getitem__", { index: rest[0] }, options), key);
    case "HGET":
      return textOrNull(client.adapterGet(key, "__getitem__", { dict_key: rest[0] }, options), key);
    case "HEXISTS":
      return (await ask("__contains__", { dict_key: rest[0] })) === true ? 1 : 0;
    case "LSLICE":
      return slice(ask, rest);
    case "HKEYS":
      return (await ask("keys")) as Reply[];
    case "HVALS":
      return (await ask("values")) as Reply[];
    case "HGETALL":
      return new Map((await ask("items")) as [Reply, Reply][]);
    default:
      throw new AdapterError(`the adapter of '${key}' is not asked for ${name}`);
  }
}

/** Lets the owner write a copy at `target`, a key without its prefix. */
export async function copyAdapted(client: Client, key: string, target: string, options: AskOptions): Promise<void> {
  checked(await client.adapterGet(key, "copy", { target }, options));
}

// Owners count from the beginning and forward; what is asked otherwise is turned here.
async function slice(ask: Ask, [start, stop, step]: readonly Word[]): Promise<Reply[]> {
  const bound = (given: Word | undefined): unknown => (given === "" ? null : given);
  const wanted = positions(Number(await ask("__len__")), bound(start), bound(stop), step);
  const [first, last] = [wanted[0], wanted[wanted.length - 1]];
  if (first === undefined || last === undefined) return [];
  const [low, high] = [Math.min(first, last), Math.max(first, last)];
  const texts = (await ask("slice", { start: low, stop: high + 1, step: Math.abs(Number(step)) })) as Reply[];
  return first <= last ? texts : texts.reverse();
}

/** The text of a value, as it is stored; null where the owner says that there is none. */
async function textOrNull(answer: Promise<unknown>, key: string): Promise<string | null> {
  const text = await answer;
  const trouble = troubleOf(text);
  if (trouble?.["type"] === "IndexError" || trouble?.["type"] === "KeyError") return null;
  if (typeof checked(text) !== "string") {
    throw new AdapterError(`the adapter of '${key}' answered ${JSON.stringify(text)} where the text of a value stands`);
  }
  return text as string;
}

/** Throws what an owner says went wrong, as an object or as the text of one. */
function checked(answer: unknown): unknown {
  const trouble = troubleOf(answer);
  if (trouble !== null) throw new AdapterError(String(trouble["msg"]));
  return answer;
}

function troubleOf(answer: unknown): Readonly<Record<string, unknown>> | null {
  const said: unknown = typeof answer === "string" && answer.startsWith('{"error"') ? JSON.parse(answer) : answer;
  const error = isRecord(said) && Object.keys(said).length === 1 ? said["error"] : null;
  return isRecord(error) && Object.keys(error).sort().join() === "msg,type" ? error : null;
}
