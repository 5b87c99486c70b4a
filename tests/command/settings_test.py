#!/usr/bin/env python3
"""Each setting does what docs/configuration.md says of it; what is refused is refused in the words of redis-server,
where that is installed and has the setting.

Usage: settings_test.py PROGRAM SOURCE_FOLDER
"""
import os
import re
import sys
import time
import unittest

import peers

PROGRAM = "coppice"
SOURCE = "."
OK = ("+", b"OK")
OOM = ("-", b"OOM command not allowed when used memory > 'maxmemory'.")
GIVEN = {"dir", "port"}  # by the test
NO_VALUES = ["", "x", "-1", "-2", "1.5", "9999999999999999999999", "99999999999999999gb", "yes", " 1"]


def documented():
    """name -> (kind, default, may be changed), from the page's table."""
    rows = {}
    with open(os.path.join(SOURCE, "docs", "configuration.md"), encoding="utf-8") as page:
        for line in page:
            cells = [cell.strip() for cell in line.split("|")[1:-1]]
            if len(cells) == 5 and cells[0].startswith("`"):
                default = "" if cells[2] == "(empty)" else cells[2].strip("`")
                rows[cells[0].strip("`")] = (cells[1], default, cells[3] == "yes")
    return rows


def in_bytes(text):
    units = {"kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30}
    return str(int(text[:-2]) * units[text[-2:]]) if text[-2:] in units else text


class Settings(peers.ServersTest):
    def start(self, *settings, command=None):
        return self.launch(command or peers.coppice(PROGRAM, *settings))

    @staticmethod
    def get(client, name):
        found = client.call("CONFIG", "GET", name)[1]
        return found[1][1].decode() if found else None

    def test_defaults_are_shown_and_may_be_set_as_documented(self):
        client = self.start().client()
        rows = documented()
        self.assertGreater(len(rows), 20)
        shown = client.call("CONFIG", "GET", "*")[1]
        self.assertEqual([name[1].decode() for name in shown[::2]], list(rows))
        for name, (kind, default, changes) in rows.items():
            default = in_bytes(default) if kind == "memory size" else default
            if name not in GIVEN:
                self.assertEqual(self.get(client, name), default, name)
            done = client.call("CONFIG", "SET", name, default)
            if changes:
                self.assertEqual(done, OK, name)
                self.assertEqual(self.get(client, name), default, name)
            else:
                self.assertRegex(done[1].decode(), f"'{name}'.*can't set immutable config", name)

    def test_no_value_is_taken_that_would_mean_nothing(self):
        client = self.start().client()
        for name, (kind, _, changes) in documented().items():
            if not changes or kind == "text":
                continue
            for value in NO_VALUES:
                before = self.get(client, name)
                done = client.call("CONFIG", "SET", name, value)
                if done == OK:
                    self.assertTrue(kind == "yes or no" and value == "yes" or
                                    name == "slowlog-log-slower-than" and value == "-1", (name, value))
                    client.call("CONFIG", "SET", name, before)
                else:
                    self.assertRegex(done[1].decode(), f"^ERR CONFIG SET failed .*'{name}'", (name, value))
                    self.assertEqual(self.get(client, name), before)
        for value in ("allkeys-lru", "volatile-ttl"):
            done = client.call("CONFIG", "SET", "maxmemory-policy", value)
            self.assertIn(b"must be one of the following: noeviction", done[1])
        self.assertEqual(client.call("CONFIG", "SET", "databases", "32")[0], "-")

    def test_words_are_those_of_redis(self):
        redis = peers.redis_path()
        if redis is None:
            self.skipTest("redis-server is not installed")
        ours, theirs = self.start().client(), self.start(command=peers.redis(redis)).client()
        # Where both take the same values. Sizes they read differently: to Redis nothing is 0, and too much is a lot.
        same = ["protected-mode", "maxclients", "timeout", "tcp-keepalive", "slowlog-max-len",
                "slowlog-log-slower-than", "appendfsync"]
        for name in same:
            for value in NO_VALUES:
                answers = [each.call("CONFIG", "SET", name, value) for each in (ours, theirs)]
                self.assertEqual(answers[0], answers[1], (name, value))
                self.assertEqual(self.get(ours, name), self.get(theirs, name), (name, value))
                for each in (ours, theirs):
                    each.call("CONFIG", "SET", "slowlog-log-slower-than", "10000")
                    each.call("CONFIG", "SET", "protected-mode", "yes")
        for words in (["CONFIG", "SET"], ["CONFIG", "SET", "timeout"], ["CONFIG", "SET", "nosuch", "1"],
                      ["CONFIG", "SET", "timeout", "1", "timeout", "2"], ["CONFIG", "SET", "timeout", "1", "nosuch", "2"],
                      ["CONFIG", "SET", "timeout", "1", "maxclients", "x"], ["CONFIG", "SET", "databases", "1"],
                      ["CONFIG", "GET"], ["CONFIG", "GET", "nosuch"], ["CONFIG", "GET", "TIME[a-o]ut"],
                      ["CONFIG", "GET", "timeout", "maxm*ory", "t?meout"], ["CONFIG", "RESETSTAT", "x"]):
            mine, other = ours.call(*words), theirs.call(*words)
            if mine[0] == other[0] == "*":  # in the order of a hash table
                mine, other = sorted(mine[1][::2]), sorted(other[1][::2])
            self.assertEqual(mine, other, words)

    def test_maxmemory_refuses_what_adds_data_and_nothing_else(self):
        client = self.start().client()
        self.assertEqual(client.call("SET", "a", "1"), OK)
        self.assertEqual(client.call("RPUSH", "l", "x"), (":", b"1"))
        self.assertEqual(client.call("CONFIG", "SET", "maxmemory", "1"), OK)
        for words in (["SET", "a", "2"], ["RPUSH", "l", "y"], ["HSET", "h", "f", "v"], ["SADD", "s", "m"], ["INCR", "n"],
                      ["APPEND", "a", "x"], ["SETRANGE", "a", "5", "x"], ["COPY", "a", "b"], ["LSPLICE", "l", "0", "0", "z"],
                      ["ON", "main", "SET", "a", "2"]):
            self.assertEqual(client.call(*words), OOM, words)
        self.assertEqual(client.call("MULTI"), OK)
        self.assertEqual(client.call("GET", "a"), OOM, "the queue takes memory, too")
        self.assertEqual(client.call("SET", "a", "3"), OOM)
        self.assertEqual(client.call("EXEC"), ("-", b"EXECABORT Transaction discarded because of previous errors."))
        self.assertEqual(client.call("GET", "a"), ("$", b"1"))
        self.assertEqual(client.call("LPOP", "l"), ("$", b"x"))
        self.assertEqual(client.call("EXPIRE", "a", "100"), (":", b"1"))
        self.assertEqual(client.call("DEL", "a"), (":", b"1"))
        info = client.call("INFO", "memory")[1].decode()
        self.assertIn("maxmemory:1\r\n", info)
        self.assertIn("maxmemory_policy:noeviction", info)
        self.assertEqual(client.call("CONFIG", "SET", "maxmemory", "1gb"), OK)
        self.assertEqual(client.call("SET", "a", "2"), OK, "the limit counts from the moment it is set")
        # It is noticed when the data outgrow it, and when deleting has made room.
        used = int(re.search("used_memory:(\\d+)", client.call("INFO", "memory")[1].decode())[1])
        self.assertEqual(client.call("CONFIG", "SET", "maxmemory", str(used + 100_000)), OK)
        for i in range(2000):
            client.call("SET", f"big:{i}", "x" * 1000)
        time.sleep(0.5)
        self.assertEqual(client.call("SET", "a", "3"), OOM)
        # Restore points still say what is deleted here: they go, though the history's own budget would keep them.
        self.assertEqual(client.call("FLUSHALL"), OK)
        self.assertEqual(client.call("SAVE"), OK)
        deadline = time.time() + 20
        while client.call("SET", "a", "3") != OK:
            self.assertLess(time.time(), deadline, client.call("INFO", "memory")[1].decode())
            time.sleep(0.1)

    def test_maxmemory_says_what_it_does_not_do(self):
        server = self.start("--maxmemory", "1gb")
        server.client().call("PING")
        with open(os.path.join(server.folder, "output"), encoding="utf-8") as said:
            self.assertIn("no key is dropped to make room", said.read())

    def test_proto_max_bulk_len_bounds_a_string(self):
        client = self.start().client()
        self.assertEqual(client.call("CONFIG", "SET", "proto-max-bulk-len", "1mb"), OK)
        self.assertEqual(client.call("SET", "a", "x" * (1 << 20)), OK)
        client.send(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1048577\r\n")
        self.assertEqual(client.reply(), ("-", b"ERR Protocol error: invalid bulk length"))

    def test_the_slow_log_keeps_as_many_as_it_is_told(self):
        client = self.start("--slowlog-log-slower-than", "0", "--slowlog-max-len", "3").client()
        for _ in range(10):
            client.call("PING")
        self.assertEqual(client.call("SLOWLOG", "LEN"), (":", b"3"))
        self.assertEqual(client.call("CONFIG", "SET", "slowlog-log-slower-than", "-1"), OK)
        client.call("SLOWLOG", "RESET")
        client.call("PING")
        self.assertEqual(client.call("SLOWLOG", "LEN"), (":", b"0"))

    def test_a_file_of_settings_is_read(self):
        folder = self.start().folder
        data = os.path.join(folder, "other")
        example = os.path.join(SOURCE, "packaging", "coppice.conf.example")
        server = self.start(command=lambda port, _: [PROGRAM, "serve", data, "--config", example, "--port", str(port)])
        self.assertEqual(self.get(server.client(), "loglevel"), "notice")


if __name__ == "__main__":
    PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), sys.argv[2]
    unittest.main(argv=sys.argv[:1], warnings="ignore")
