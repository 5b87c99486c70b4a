// Addresses of servers, in the spellings that programs have.
//
//     coppice://[user:password@]host[:port][/branch]   ours: TCP; where there is none (a page), a WebSocket
//     znsocket://host:port  redis://host:port          the same
//     ws://host[:port][/path]   wss://...              a WebSocket; without a path that of the root
//     http://host[:port][/prefix]   https://...        as ZnSocket's programs say it: a WebSocket at /prefix/resp
import { CoppiceError } from "./errors.js";

export interface Address {
  readonly transport: "tcp" | "websocket";
  readonly host: string;
  readonly port: number;
  /** Of a WebSocket, without the user. */
  readonly url: string;
  readonly user: string | null;
  readonly password: string | null;
  readonly branch: string | null;
}

export const PORT = 5000;
const EXPECTED = "expected coppice://[user:password@]host[:port][/branch], ws://host:port or http://host:port";
const DIRECT = new Set(["coppice:", "znsocket:", "redis:"]);
const FRAMED: Readonly<Record<string, string>> = { "ws:": "ws:", "wss:": "wss:", "http:": "ws:", "https:": "wss:" };

/** `tcp`: whether this program can open sockets. Throws CoppiceError (code ADDRESS) for what is no address. */
export function parseAddress(text: string, can: { tcp: boolean; websocket: boolean }): Address {
  const refused = (why: string): CoppiceError => new CoppiceError("ADDRESS", `Invalid URL '${text}': ${why}`);
  // URL knows host and port of these schemes alone.
  const scheme = /^([a-z]+:)\/\//i.exec(text)?.[1]?.toLowerCase() ?? "";
  if (!DIRECT.has(scheme) && FRAMED[scheme] === undefined) throw refused(EXPECTED);
  let parts: URL;
  try {
    parts = new URL(text.replace(/^[a-z]+:/i, scheme === "https:" || scheme === "wss:" ? "https:" : "http:"));
  } catch {
    throw refused(EXPECTED);
  }
  if (/[?#]/.test(text)) throw refused("nothing is read behind '?' or '#'");
  const decoded = (encoded: string): string => {
    try {
      return decodeURIComponent(encoded);
    } catch {
      throw refused(`'${encoded}' has a '%' that no byte in hexadecimal follows, or no UTF-8`);
    }
  };
  const path = parts.pathname === "/" ? "" : parts.pathname.replace(/\/+$/, "");
  const common = {
    host: parts.hostname.replace(/^\[|\]$/g, ""),
    user: decoded(parts.username) || null,
    password: decoded(parts.password) || null,
  };
  if (DIRECT.has(scheme)) {
    const spelled = /^[a-z]+:\/\/(?:[^/?#@]*@)?(?:\[[^\]]*\]|[^/?#:]*)(?::(\d+))?/i.exec(text)?.[1];
    const port = spelled === undefined ? PORT : Number(spelled);
    const branch = scheme === "coppice:" ? decoded(path.slice(1)) || null : null;
    if (scheme === "redis:" && path !== "" && path !== "/0") {
      throw refused(
        `this client is for database 0 alone, not '${path.slice(1)}'; coppice://host:port/branch is a branch`,
      );
    }
    const url = `ws://${parts.hostname}:${port}/`;
    return { ...common, transport: can.tcp ? "tcp" : "websocket", port, url, branch };
  }
  const port = Number(parts.port) || (parts.protocol === "https:" ? 443 : 80);
  const plain = scheme === "http:" && path === "";
  if (!can.websocket && !(plain && can.tcp)) {
    throw refused("there is no WebSocket here: use coppice://host:port, or give createClient one (webSocket: ...)");
  }
  const prefixed = scheme.startsWith("http") && path !== "" ? `${path}/resp` : path || "/";
  const url = `${FRAMED[scheme] ?? ""}//${parts.host}${prefixed}`;
  return { ...common, transport: can.websocket ? "websocket" : "tcp", port, url, branch: null };
}

/** The user's name that puts a connection on a branch: default@exp. */
export function userOn(user: string | null, branch: string | null): string {
  const name = user ?? "default";
  if (branch === null) return name;
  const at = name.lastIndexOf("@");
  return `${at < 0 ? name : name.slice(0, at)}@${branch}`;
}
