// Each spelling of an address leads where it says, and what is none is named with what is expected.
import assert from "node:assert/strict";
import { test } from "node:test";

import { parseAddress, userOn } from "../src/address.js";

const node = { tcp: true, websocket: false };
const page = { tcp: false, websocket: true };

test("coppice:// is a socket, of a page a WebSocket", () => {
  const found = parseAddress("coppice://ann:p%40ss@h:7000/exp/one", node);
  assert.deepEqual(found, {
    transport: "tcp",
    host: "h",
    port: 7000,
    url: "ws://h:7000/",
    user: "ann",
    password: "p@ss",
    branch: "exp/one",
  });
  assert.equal(parseAddress("coppice://h", node).port, 5000);
  assert.equal(parseAddress("coppice://h:80", node).port, 80);
  assert.equal(parseAddress("coppice://[::1]:81", node).host, "::1");
  assert.equal(parseAddress("znsocket://h:81/ignored", node).branch, null);
  assert.deepEqual(
    [parseAddress("coppice://h", page).transport, parseAddress("coppice://h", page).url],
    ["websocket", "ws://h:5000/"],
  );
});

test("ws:// and http:// are WebSockets", () => {
  const url = (text: string): string => parseAddress(text, page).url;
  assert.equal(url("ws://h:81"), "ws://h:81/");
  assert.equal(url("wss://me:secret@h/data/resp"), "wss://h/data/resp");
  assert.equal(url("http://h:5000"), "ws://h:5000/");
  assert.equal(url("https://h/prefix/"), "wss://h/prefix/resp");
  assert.equal(parseAddress("wss://me:secret@h", page).password, "secret");
  assert.equal(parseAddress("http://h:5000", node).transport, "tcp", "as ZnSocket's programs in Node 20 write it");
});

test("what is no address is named", () => {
  assert.throws(() => parseAddress("h:5000", node), { code: "ADDRESS", message: /'h:5000': expected coppice:/ });
  assert.throws(() => parseAddress("ftp://h", node), /expected coppice:/);
  assert.throws(() => parseAddress("coppice://h:99999", node), /expected coppice:/);
  assert.throws(() => parseAddress("wss://h", node), /no WebSocket here/);
  for (const rest of ["?branch=exp", "/exp?x=1", "#x"]) {
    for (const scheme of ["coppice", "http", "ws"]) {
      assert.throws(() => parseAddress(`${scheme}://h${rest}`, page), /nothing is read behind/);
    }
  }
  assert.throws(() => parseAddress("coppice://u:p%zz@h", node), { code: "ADDRESS", message: /'p%zz' has a '%'/ });
  assert.throws(() => parseAddress("coppice://h/%ff", node), { code: "ADDRESS" });
  assert.throws(() => parseAddress("redis://h/3", node), { code: "ADDRESS", message: /database 0 alone, not '3'/ });
  assert.equal(parseAddress("redis://h/0", node).branch, null);
});

test("the user's name carries the branch", () => {
  assert.equal(userOn(null, "exp"), "default@exp");
  assert.equal(userOn("a@b", "exp"), "a@exp");
  assert.equal(userOn("a@b", null), "a@b");
});
