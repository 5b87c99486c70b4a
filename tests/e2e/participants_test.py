#!/usr/bin/python3
"""Refreshes, adapters, fallbacks and segments between clients of Socket.IO and of the Redis protocol."""
from __future__ import annotations

import json
import time
import unittest
from typing import Any

from engine_io import WebSocket
from harness import Connection, ReplyError, ServerTest

LIST = "znsocket.List:k"
REFRESH = {"target": LIST, "data": {"start": 3, "stop": None}}


class Participants(ServerTest):
    def setUp(self) -> None:
        super().setUp()
        self.resp = self.listener()
        self.sio = WebSocket(self.server.port).connect()
        self.addCleanup(self.sio.socket.close)

    def listener(self) -> Connection:
        one = self.server.connect()
        self.addCleanup(one.close)
        one.ask("HELLO", "3")
        self.assertEqual(one.ask("ZNSOCKET", "LISTEN"), b"OK")
        return one

    def told(self, who: Connection) -> list[Any]:
        push = who.reply()
        self.assertEqual(push[0], b"znsocket")
        return [each.decode() if isinstance(each, bytes) else each for each in push[1:]]

    def question(self) -> str:
        return json.dumps([[], {"key": LIST, "method": "__len__"}])

    def ask_by_socket_io(self, method: str, **more: Any) -> int:
        return self.sio.emit("adapter:get", [[], {"key": LIST, "method": method, **more}])

    def test_a_refresh_of_either_kind_reaches_both_and_not_its_sender(self) -> None:
        other = self.listener()
        self.sio.answer(self.sio.emit("refresh", REFRESH))
        for each in (self.resp, other):
            what, payload = self.told(each)
            self.assertEqual((what, json.loads(payload)), ("refresh", REFRESH))
        self.assertEqual(self.resp.ask("ZNSOCKET", "REFRESH", json.dumps(REFRESH)), 2)
        self.assertEqual(json.loads(self.sio.receive().removeprefix("42/znsocket,")), ["refresh", REFRESH])
        self.assertEqual(self.told(other)[0], "refresh")
        self.assertEqual(self.resp.ask("PING"), b"PONG")  # nothing came in between

    def test_a_refresh_stays_on_its_branch(self) -> None:
        self.resp.ask("BRANCH", "CREATE", "exp")
        self.resp.ask("BRANCH", "USE", "exp")
        other = self.listener()
        with WebSocket(self.server.port, query="&branch=exp").connect() as there:
            there.answer(there.emit("refresh", REFRESH))
            self.assertEqual(self.told(self.resp)[0], "refresh")
            self.assertEqual(self.resp.ask("ZNSOCKET", "REFRESH", "{}"), 1)
            self.assertEqual(there.receive(), '42/znsocket,["refresh",{}]')
        self.assertEqual([other.ask("PING"), self.sio.call("llen", "k")], [b"PONG", {"data": 0}])  # nothing came before

    def test_an_adapter_over_resp_answers_socket_io(self) -> None:
        self.assertEqual(self.resp.ask("ZNSOCKET", "REGISTER", LIST), 1)
        self.assertTrue(self.sio.call("check_adapter", key=LIST))
        number = self.ask_by_socket_io("__len__")
        what, ticket, question = self.told(self.resp)
        self.assertEqual((what, json.loads(question)), ("ask", [[], {"key": LIST, "method": "__len__"}]))
        self.assertEqual(self.resp.ask("ZNSOCKET", "ANSWER", ticket, "7"), 1)
        self.assertEqual(self.sio.answer(number), 7)
        self.assertEqual(self.resp.ask("ZNSOCKET", "ANSWER", ticket, "8"), 0)

    def test_an_adapter_over_socket_io_answers_resp(self) -> None:
        self.assertTrue(self.sio.call("register_adapter", key=LIST))
        self.assertEqual(self.resp.ask("ZNSOCKET", "CHECK", LIST), 1)
        ticket = self.resp.ask("ZNSOCKET", "ASK", LIST, self.question())
        head, _, event = self.sio.receive().partition("[")
        self.assertEqual(json.loads("[" + event), ["adapter:get", json.loads(self.question())])
        self.sio.send(f"43{head.removeprefix('42')}[3]")
        self.assertEqual(self.told(self.resp), ["told", ticket, "3"])

    def test_an_owner_that_goes_is_answered_for(self) -> None:
        owner = self.listener()
        owner.ask("ZNSOCKET", "REGISTER", LIST)
        ticket = self.resp.ask("ZNSOCKET", "ASK", LIST, self.question())
        self.told(owner)
        owner.close()
        self.assertEqual(self.told(self.resp), ["untold", ticket, f"Key {LIST} has lost its adapter: its owner is gone"])
        with self.assertRaisesRegex(ReplyError, f"^NOADAPTER Key {LIST} does not exist in storage"):
            self.resp.ask("ZNSOCKET", "ASK", LIST, self.question())

    def test_a_key_that_somebody_opened_takes_no_adapter_until_he_has_gone(self) -> None:
        opener = self.listener()
        self.assertEqual(opener.ask("ZNSOCKET", "CHECK", LIST), 0)
        self.assertEqual(self.resp.ask("ZNSOCKET", "REGISTER", LIST), 0)
        self.assertEqual(self.sio.call("register_adapter", key=LIST)["error"]["type"], "KeyError")
        self.assertEqual(self.resp.ask("ZNSOCKET", "REGISTER", LIST, "again"), 1)
        self.assertEqual(opener.ask("ZNSOCKET", "REGISTER", LIST, "AGAIN"), 0)
        self.resp.ask("RESET")
        self.resp.ask("HELLO", "3")
        self.resp.ask("ZNSOCKET", "LISTEN")
        self.assertEqual(self.resp.ask("ZNSOCKET", "REGISTER", LIST), 0)
        opener.ask("RESET")
        self.assertEqual(self.resp.ask("ZNSOCKET", "REGISTER", LIST), 1)

    def test_wrong_words_get_one_clear_error(self) -> None:
        plain = self.server.connect()
        self.addCleanup(plain.close)
        for words, text in ((("LISTEN",), "needs RESP3"),
                            (("CHECK", "k"), "ZNSOCKET CHECK is for a connection that listens"),
                            (("REGISTER", "k"), "for a connection that listens"),
                            (("REFRESH", "{"), "the payload is not JSON")):
            with self.assertRaisesRegex(ReplyError, text):
                plain.ask("ZNSOCKET", *words)
        with self.assertRaisesRegex(ReplyError, "^ERR syntax error"):
            self.resp.ask("ZNSOCKET", "REGISTER", LIST, "TWICE")
        self.assertEqual(plain.ask("ZNSOCKET", "REFRESH", '{"x": NaN}'), 2)
        self.assertEqual(self.told(self.resp), ["refresh", '{"x":null}'])  # what every parser takes
        for words in (("ASK", LIST, "]"), ("ANSWER", "x", "1"), ("ANSWER", "1", "NaN,")):
            with self.assertRaises(ReplyError):
                self.resp.ask("ZNSOCKET", *words)
        plain.ask("MULTI")
        with self.assertRaisesRegex(ReplyError, "not allowed inside a transaction"):
            plain.ask("ZNSOCKET", "REFRESH", "{}")

    def test_one_that_does_not_read_is_cut_off_and_nobody_waits(self) -> None:
        deaf = self.listener()
        limit = 16 << 20
        self.resp.ask("CONFIG", "SET", "client-output-hard-limit", str(limit))
        payload = json.dumps({"target": "x" * (1 << 20)})
        sender = self.server.connect()
        self.addCleanup(sender.close)
        for _ in range(120):
            begun = time.monotonic()
            sender.ask("ZNSOCKET", "REFRESH", payload)
            self.assertLess(time.monotonic() - begun, 5)
            self.told(self.resp)
            self.sio.receive()
        listeners = sender.ask("ZNSOCKET", "REFRESH", "{}")
        self.assertEqual(listeners, 2, "the deaf one is gone")
        self.told(self.resp)
        deaf.close()

    def test_of_first_writes_over_both_each_is_behind_one_copy(self) -> None:
        own, pairs = "znsocket.List:first", "znsocket.Dict:first"
        self.resp.ask("RPUSH", "znsocket.List:base", *"01")
        self.resp.ask("HSET", "znsocket.Dict:base", "a", "1")
        for key in (own, pairs):
            self.resp.ask("ZNSOCKET", "FALLBACK", key, key.replace("first", "base"))
        self.assertEqual(self.sio.call("llen", own), {"data": 0})  # who does not ask for the source
        answers = [self.sio.emit("rpush", [[own, f"s{i}"], {}]) for i in range(50)]
        self.resp.send(*(("RPUSH", own, f"r{i}") for i in range(50)))
        lengths = [self.resp.reply() for _ in range(50)] + [self.sio.answer(each)["data"] for each in answers]
        self.assertEqual(sorted(lengths), list(range(3, 103)))
        self.assertEqual(self.resp.ask("LRANGE", own, 0, 1), [b"0", b"1"])
        self.sio.call("hset", pairs, "b", "2")
        self.assertEqual(self.resp.ask("HGETALL", pairs), {b"a": b"1", b"b": b"2"})
        self.sio.call("delete", own)
        self.assertEqual(self.resp.ask("ZNSOCKET", "SOURCE", own), own.encode())

    def test_segments_of_ours_are_read_and_edited_as_a_table_of_pieces(self) -> None:
        key, origin = "znsocket.Segments:k", "znsocket.List:o"
        self.resp.ask("RPUSH", origin, *"01234")
        self.assertEqual(self.resp.ask("SEGMENTS", "CREATE", key, origin), 5)
        # What a published client sends when it opens the key: it pushes a piece for all of its origin.
        self.assertEqual(self.sio.call("lpush", key, json.dumps([0, 5, origin])), {"data": 1})
        self.assertEqual(self.sio.call("lrange", key, 0, -1), {"data": [f'[0, 5, "{LIST}"]']})
        # And when it sets an item: the new value goes to the end of the private list first.
        self.sio.call("rpush", LIST, "x")
        self.sio.call("lset", LIST, 2, "x")
        self.assertEqual(self.resp.ask("SEGMENTS", "RANGE", key, 0, -1), [b"0", b"1", b"x", b"3", b"4"])
        self.assertEqual(self.resp.ask("SEGMENTS", "SPLICE", key, 0, 1), 4)
        self.assertEqual(self.resp.ask("LRANGE", LIST, 0, -1), [b"1", b"x", b"3", b"4"])
        self.assertEqual(self.sio.call("lrange", key, 0, -1), {"data": [f'[0, 4, "{LIST}"]']})


if __name__ == "__main__":
    unittest.main()
