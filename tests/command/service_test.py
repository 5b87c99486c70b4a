#!/usr/bin/env python3
"""What the server does around commands: users, muting, killing, pages that a restart left on disk, long answers,
expiry, saving, the slow log and stopping.

Usage: service_test.py PROGRAM
"""
import signal
import sys
import tempfile
import time
import unittest

import peers

PROGRAM = "coppice"
OK = ("+", b"OK")


class Service(peers.ServersTest):
    def start(self, *settings, folder=None):
        return self.launch(peers.coppice(PROGRAM, *settings), folder)

    def test_a_password_is_asked_for(self):
        server = self.start("--requirepass", "secret")
        client = server.client()
        self.assertEqual(client.call("GET", "a"), ("-", b"NOAUTH Authentication required."))
        self.assertEqual(client.call("AUTH", "wrong")[0], "-")
        self.assertIn(b"NOAUTH", client.call("HELLO", "3")[1])
        self.assertEqual(client.call("AUTH", "default", "secret"), OK)
        self.assertEqual(client.call("SET", "a", "1"), OK)
        named = server.client()
        hello = named.call("HELLO", "3", "AUTH", "default@main", "secret", "SETNAME", "me")
        self.assertEqual(hello[0], "%")
        self.assertIn(b"branch=main", client.call("CLIENT", "LIST")[1])
        self.assertIn(b"name=me", client.call("CLIENT", "LIST")[1])
        self.assertIn(b"no branch 'nosuch'", client.call("AUTH", "default@nosuch", "secret")[1])

    def test_replies_can_be_off_and_skipped(self):
        client = self.start().client()
        client.send(client.encode("CLIENT", "REPLY", "SKIP") + client.encode("SET", "a", "1") + client.encode("GET", "a"))
        self.assertEqual(client.reply(), ("$", b"1"))
        client.send(client.encode("CLIENT", "REPLY", "OFF") + client.encode("SET", "a", "2") + client.encode("NOSUCH")
                    + client.encode("CLIENT", "REPLY", "ON") + client.encode("GET", "a"))
        self.assertEqual([client.reply(), client.reply()], [OK, ("$", b"2")])

    def test_clients_can_be_killed(self):
        server = self.start()
        client, victim = server.client(), server.client()
        number = victim.call("CLIENT", "ID")[1]
        self.assertEqual(client.call("CLIENT", "KILL", "ID", number), (":", b"1"))
        with self.assertRaises((ConnectionError, OSError)):
            victim.call("PING")
        own = client.call("CLIENT", "ID")[1]
        self.assertEqual(client.call("CLIENT", "KILL", "ID", own, "SKIPME", "no"), (":", b"1"))
        with self.assertRaises((ConnectionError, OSError)):
            client.call("PING")

    def fill(self, client, keys):
        client.send(b"".join(client.encode("SET", f"key:{i}", f"value {i} " + "x" * 200) for i in range(keys)))
        for _ in range(keys):
            self.assertEqual(client.reply(), OK)
        client.send(client.encode("RPUSH", "list", *range(5000)) + client.encode("HSET", "hash", "f", "v"))
        client.reply(), client.reply()

    def check_filled(self, client, keys):
        """Every kind of command, far apart keys, in one pipeline: replies stay in order while pages are loaded."""
        asked, wanted = [], []
        for i in range(0, keys, 7):
            asked += [client.encode("GET", f"key:{i}"), client.encode("APPEND", f"key:{i}", ""), client.encode("PING")]
            wanted += [("$", f"value {i} ".encode() + b"x" * 200), (":", b"%d" % len(f"value {i} " + "x" * 200)),
                       ("+", b"PONG")]
        asked.append(client.encode("MGET", "key:1", "nosuch", f"key:{keys - 1}"))
        client.send(b"".join(asked))
        for i, each in enumerate(wanted):
            self.assertEqual(client.reply(), each, i)
        self.assertEqual(client.reply()[1][1], ("_", b"bulk"))

    def test_what_a_restart_left_on_disk_is_loaded_when_it_is_asked_for(self):
        with tempfile.TemporaryDirectory() as folder:
            server = self.start(folder=folder)
            self.fill(server.client(), 3000)
            self.assertEqual(server.stop(), 0)
            server = self.start(folder=folder)
            client = server.client()
            self.check_filled(client, 3000)
            self.assertEqual(client.call("LINDEX", "list", "-1"), ("$", b"4999"))
            self.assertEqual(client.call("DBSIZE"), (":", b"3002"))
            waited = [line for line in client.call("INFO", "stats")[1].splitlines() if b"waited_for_a_page" in line]
            self.assertGreater(int(waited[0].split(b":")[1]), 0)
            client.send(client.encode("MULTI") + client.encode("SET", "key:11", "new") + client.encode("RPUSH", "list", "end")
                        + client.encode("EXEC"))
            self.assertEqual([client.reply() for _ in range(4)][3], ("*", [OK, (":", b"5001")]))
            server.stop(signal.SIGKILL)
            client = self.start(folder=folder).client()
            self.assertEqual(client.call("GET", "key:11"), ("$", b"new"))
            self.assertEqual(client.call("LLEN", "list"), (":", b"5001"))

    def test_long_answers_keep_their_place_and_nobody_waits(self):
        server = self.start()
        client, other = server.client(), server.client()
        client.call("RPUSH", "list", *range(30000))
        client.send(client.encode("SET", "a", "1") + client.encode("LRANGE", "list", "0", "-1")
                    + client.encode("DEL", "list") + client.encode("GET", "a"))
        self.assertEqual(client.reply(), OK)
        self.assertEqual(len(client.reply()[1]), 30000)
        self.assertEqual([client.reply(), client.reply()], [(":", b"1"), ("$", b"1")])
        client.send(client.encode("DEBUG", "SLEEP", "1"))
        begun = time.time()
        self.assertEqual(other.call("PING"), ("+", b"PONG"))
        self.assertLess(time.time() - begun, 0.9)
        self.assertEqual(client.reply(), OK)

    def test_an_answer_of_many_bytes_is_streamed(self):
        server = self.start("--client-output-hard-limit", "1mb")
        client, other = server.client(), server.client()
        large = b"x" * 3_000_000
        client.call("SET", "string", large * 4)
        client.call("RPUSH", "list", *[large] * 5)
        client.call("HSET", "hash", "a", large, "b", large)
        client.call("SADD", "set", large)
        asked = {
            ("GET", "string"): ("$", large * 4),
            ("GETRANGE", "string", "1", "-2"): ("$", (large * 4)[1:-1]),
            ("MGET", "string", "none", "string"): ("*", [("$", large * 4), ("_", b"bulk"), ("$", large * 4)]),
            ("LRANGE", "list", "0", "-1"): ("*", [("$", large)] * 5),
            ("LINDEX", "list", "3"): ("$", large),
            ("HGET", "hash", "a"): ("$", large),
            ("HMGET", "hash", "a", "b"): ("*", [("$", large)] * 2),
            ("HVALS", "hash"): ("*", [("$", large)] * 2),
            ("SMEMBERS", "set"): ("*", [("$", large)]),
            ("AT", "main", "GET", "string"): ("$", large * 4),
            ("ON", "main", "GET", "string"): ("$", large * 4),
            ("SORT", "list", "ALPHA"): ("*", [("$", large)] * 5),
        }
        for command, answer in asked.items():
            before = self.long_reads(other)
            client.send(client.encode(*command) + client.encode("PING"))
            self.assertTrue(client.reply() == answer, command)
            self.assertEqual(client.reply(), ("+", b"PONG"))
            self.assertEqual(self.long_reads(other), before + 1, command)
        self.assertEqual(client.call("HSTRLEN", "hash", "a"), (":", b"3000000"))
        # Inside EXEC it is answered with the rest.
        before = self.long_reads(other)
        client.send(client.encode("MULTI") + client.encode("GET", "string") + client.encode("EXEC"))
        self.assertEqual([client.reply()[1], client.reply()[1]], [b"OK", b"QUEUED"])
        self.assertTrue(client.reply() == ("*", [("$", large * 4)]))
        self.assertEqual(self.long_reads(other), before)

    def long_reads(self, client):
        lines = client.call("INFO", "stats")[1].split(b"\r\n")
        return next(int(line.split(b":")[1]) for line in lines if line.startswith(b"long_reads:"))

    def test_expired_keys_are_removed(self):
        client = self.start().client()
        for i in range(300):
            client.call("SET", f"k{i}", "v", "PX", "50")
        deadline = time.time() + 20
        while b"expired_keys:300\r" not in client.call("INFO", "stats")[1]:
            self.assertLess(time.time(), deadline)
            time.sleep(0.05)
        self.assertEqual(client.call("DBSIZE"), (":", b"0"))

    def wait_for_expired(self, client, keys):
        deadline = time.time() + 20
        while b"expired_keys:%d\r" % keys not in client.call("INFO", "stats")[1]:
            self.assertLess(time.time(), deadline, client.call("INFO", "stats")[1])
            time.sleep(0.05)

    def test_expired_keys_are_removed_fast_and_on_branches_that_no_client_is_on(self):
        client = self.start().client()
        self.assertEqual(client.call("BRANCH", "CREATE", "other")[0], "+")
        for first in range(0, 40000, 1000):
            client.send(b"".join(client.encode("ON", name, "SET", f"k{i}", "v", "PX", "50")
                                 for i in range(first, first + 500) for name in ("main", "other")))
            for _ in range(1000):
                self.assertEqual(client.reply(), OK)
        self.wait_for_expired(client, 40000)

    def test_keys_that_expired_on_disk_are_removed_though_their_pages_are_not_loaded(self):
        with tempfile.TemporaryDirectory() as folder:
            server = self.start(folder=folder)
            client = server.client()
            expires = int(time.time() * 1000) + 3000
            client.send(b"".join(client.encode("SET", f"k{i * 7919 % 5000}", "v" * 100, "PXAT", expires + i % 10)
                                 for i in range(5000)))
            for _ in range(5000):
                self.assertEqual(client.reply(), OK)
            self.assertEqual(server.stop(), 0)
            client = self.start(folder=folder).client()
            self.wait_for_expired(client, 5000)

    def test_saving_and_the_settings(self):
        client = self.start("--slowlog-log-slower-than", "0").client()
        client.call("SET", "a", "1")
        self.assertEqual(client.call("SAVE"), OK)
        self.assertEqual(client.call("BGSAVE")[0], "+")
        self.assertIn(b"checkpoints:", client.call("INFO", "cow")[1])
        self.assertGreater(int(client.call("SLOWLOG", "LEN")[1]), 0)
        self.assertEqual(client.call("CONFIG", "SET", "slowlog-log-slower-than", "-1"), OK)
        self.assertEqual(client.call("CONFIG", "GET", "slowlog-log-slower-than")[1][1], ("$", b"-1"))
        self.assertEqual(client.call("CONFIG", "SET", "databases", "17")[0], "-")
        self.assertEqual(client.call("CONFIG", "SET", "appendfsync", "always"), OK)
        self.assertEqual(client.call("SET", "a", "2"), OK)

    def test_what_commits_take_is_told(self):
        for durability in ("everysec", "always"):
            client = self.start("--appendfsync", durability).client()
            for i in range(50):
                self.assertEqual(client.call("SET", "a", str(i)), OK)
            client.call("GET", "a")
            lines = client.call("INFO", "cow")[1].decode().split("\r\n")
            told = dict(line.split(":", 1) for line in lines if ":" in line)
            self.assertEqual(int(told["turns_that_wrote"]), 50)
            self.assertGreater(float(told["commit_us_average"]), 0)
            self.assertGreaterEqual(float(told["commit_us_p99"]), float(told["commit_us_average"]))
            self.assertGreaterEqual(float(told["commit_us_longest"]), float(told["commit_us_p99"]))

    def test_shutdown_stops_it_cleanly(self):
        server = self.start()
        client = server.client()
        client.call("SET", "a", "1")
        with self.assertRaises((ConnectionError, OSError)):
            client.call("SHUTDOWN")
        self.assertEqual(server.process.wait(60), 0)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(warnings="ignore")
