#!/usr/bin/python3
"""Branches, versions and differences over a socket: shapes of both protocols, order of answers, addresses, time."""
from __future__ import annotations

import time
import unittest
from typing import Any

from harness import Connection, ReplyError, ServerTest


def fields(reply: Any) -> dict[bytes, Any]:
    """A map, whether it came as RESP3's or as RESP2's flat array."""
    if isinstance(reply, dict):
        return reply
    return dict(zip(reply[::2], reply[1::2]))


class Versions(ServerTest):
    def setUp(self) -> None:
        self.connection = self.server.connect()
        self.connection.ask("FLUSHALL")

    def tearDown(self) -> None:
        self.connection.close()

    def differences(self, connection: Connection, *words: str) -> list[dict[bytes, Any]]:
        """All pages of a DIFF."""
        changes, cursor = [], b"0"
        while True:
            page = fields(connection.ask("DIFF", *words, "CURSOR", cursor))
            changes += [fields(change) for change in page[b"changes"]]
            cursor = page[b"cursor"]
            if cursor == b"0":
                return changes

    def test_a_difference_has_the_same_content_in_both_protocols(self) -> None:
        ask = self.connection.ask
        ask("HSET", "h", "a", "1", "b", "1")
        commit = ask("COMMIT").decode()
        ask("HSET", "h", "a", "2", "c", "3")
        seen = []
        for protocol in (2, 3):
            ask("HELLO", protocol)
            (change,) = self.differences(self.connection, commit, "main")
            self.assertEqual((change[b"key"], change[b"kind"], change[b"type"]), (b"h", b"changed", b"hash"))
            seen.append([fields(part) for part in change[b"parts"]])
        self.assertEqual(seen[0], seen[1])
        self.assertEqual([(part[b"at"], part[b"old"], part[b"new"]) for part in seen[0]],
                         [(b"a", b"1", b"2"), (b"c", None, b"3")])

    def test_a_difference_tells_long_names_whole(self) -> None:
        ask = self.connection.ask
        names = sorted(b"n" * 9000 + b"%d" % number for number in range(30))
        for name in names:
            ask("SET", name, "before")
        ask("SADD", "s", *names)
        ask("SET", names[3], "before", "EX", "100000")
        commit = ask("COMMIT").decode()
        for name in names[:10]:
            ask("SET", name, "after")
        ask("DEL", names[10], names[11])
        ask("RENAME", names[12], b"short")
        ask("SET", names[13], "before")
        ask("SREM", "s", names[5])
        changes = {change[b"key"]: change for change in self.differences(self.connection, commit, "main", "COUNT", "3")}
        self.assertEqual(sorted(changes), sorted([*names[:13], b"short", b"s"]))
        kinds = [changes[name][b"kind"] for name in (names[0], names[10], names[12], b"short")]
        self.assertEqual(kinds, [b"changed", b"removed", b"removed", b"added"])
        (part,) = [fields(part) for part in changes[b"s"][b"parts"]]
        self.assertEqual((part[b"at"], part[b"kind"]), (names[5], b"removed"))
        ask("COPY", names[10], names[10], "FROM", commit)
        self.assertEqual(ask("GET", names[10]), b"before")
        ask("REWIND", "main", commit)
        self.assertEqual(self.differences(self.connection, commit, "main"), [])

    def test_pages_of_long_names_tell_each_once(self) -> None:
        ask = self.connection.ask
        names = {b"n" * size + b"%d" % number for size in (10, 470, 600, 5000) for number in range(60)}
        self.connection.ask_many([["SET", name, "v"] for name in names])
        ask("SADD", "{s}", *names)
        ask("HSET", "{h}", *[word for name in names for word in (name, "v")])
        for scan, step in ((["SCAN"], 1), (["SSCAN", "{s}"], 1), (["HSCAN", "{h}"], 2)):
            found, cursor = [], b"0"
            while True:
                cursor, page = ask(*scan, cursor, "COUNT", "7", "MATCH", "n*")
                found += page[::step]
                if cursor == b"0":
                    break
            self.assertEqual(len(found), len(names), scan)
            self.assertEqual(set(found), names)
        prefix = b"n" * 480
        self.assertEqual(set(ask("KEYS", prefix + b"*")), {name for name in names if name.startswith(prefix)})

    def test_long_names_expire(self) -> None:
        ask = self.connection.ask
        names = [b"n" * 9000 + b"%d" % number for number in range(40)]
        self.connection.ask_many([["SET", name, "v", "PX", "50"] for name in names])
        ask("SET", names[0], "v")
        removed = 0
        for _ in range(100):
            time.sleep(0.1)
            removed = int(dict(line.split(":", 1) for line in ask("INFO", "stats").decode().splitlines()
                               if ":" in line)["expired_keys"])
            if removed >= len(names) - 1:
                break
        self.assertEqual(removed, len(names) - 1)
        self.assertEqual(ask("KEYS", "*"), names[:1])

    def test_answers_of_workers_keep_their_place_in_a_pipeline(self) -> None:
        ask = self.connection.ask
        ask("COMMIT", "MESSAGE", "before")
        before = ask("COMMIT").decode()
        for begin in range(0, 5000, 500):
            ask("MSET", *(word for i in range(begin, begin + 500) for word in (f"key:{i}", "v")))
        commands = [["DIFF", before, "main", "SUMMARY"], ["PING"], ["LOG", "COUNT", "1"], ["PING"],
                    ["DIFF", before, "main", "COUNT", "1"], ["STORE", "VERIFY"], ["ECHO", "last"]]
        replies = self.connection.ask_many(commands)
        self.assertEqual(fields(replies[0]), {b"added": 5000, b"removed": 0, b"changed": 0})
        self.assertEqual([replies[1], replies[3], replies[6]], [b"PONG", b"PONG", b"last"])
        self.assertEqual(len(fields(replies[4])[b"changes"]), 1)
        self.assertEqual(fields(replies[5])[b"findings"], [])
        self.assertEqual(len(self.differences(self.connection, before, "main")), 5000)

    def test_a_user_name_carries_a_branch(self) -> None:
        ask = self.connection.ask
        ask("BRANCH", "CREATE", "exp")
        ask("SET", "k", "on main")
        with self.server.connect() as other:
            self.assertEqual(other.ask("AUTH", "default@exp", "any"), b"OK")
            self.assertEqual(other.ask("BRANCH", "CURRENT"), b"exp")
            self.assertIsNone(other.ask("GET", "k"))
            with self.assertRaises(ReplyError) as refused:
                other.ask("AUTH", "default@nowhere", "any")
            self.assertIn("no branch 'nowhere'", str(refused.exception))
            ask("BRANCH", "DELETE", "exp")
            with self.assertRaises(ReplyError) as refused:
                other.ask("GET", "k")
            self.assertIn("branch 'exp' was deleted", str(refused.exception))
            self.assertEqual(other.ask("BRANCH", "USE", "main"), b"OK")
            self.assertEqual(other.ask("GET", "k"), b"on main")

    def test_time_travel_reaches_what_nobody_planned_to_keep(self) -> None:
        ask = self.connection.ask
        ask("SET", "precious", "as it was")
        deadline = time.monotonic() + 30
        while not any(fields(entry)[b"kind"] == b"point" for entry in ask("LOG", "KEY", "precious", "COUNT", "1")):
            self.assertLess(time.monotonic(), deadline, "no restore point was made")
            time.sleep(0.1)
        point = fields(ask("LOG", "KEY", "precious", "COUNT", "1")[0])[b"id"].decode()
        ask("FLUSHALL")
        self.assertEqual(ask("AT", point, "GET", "precious"), b"as it was")
        self.assertEqual(ask("REWIND", "main", point), b"OK")
        self.assertEqual(ask("GET", "precious"), b"as it was")
        moved = fields(ask("REFLOG", "main", "COUNT", "1")[0])
        self.assertEqual(ask("REWIND", "main", moved[b"from"].decode()), b"OK")
        self.assertIsNone(ask("GET", "precious"))


if __name__ == "__main__":
    unittest.main()
