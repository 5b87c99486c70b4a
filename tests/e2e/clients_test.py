#!/usr/bin/python3
"""Published clients work as with Redis: redis-cli in RESP2 and RESP3, python3-redis with pipelines and MULTI."""
from __future__ import annotations

import subprocess
import unittest

import redis

from harness import ServerTest


class WithServer(ServerTest):
    def setUp(self) -> None:
        with self.server.connect() as connection:
            connection.ask("FLUSHALL")


class RedisCli(WithServer):
    def cli(self, *words: str, given: str | None = None) -> str:
        command = ["redis-cli", "-p", str(self.server.port), *words]
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout

    def test_it_sets_and_gets(self) -> None:
        self.assertEqual(self.cli("SET", "greeting", "hello"), "OK\n")
        self.assertEqual(self.cli("GET", "greeting"), "hello\n")

    def test_resp3_shows_maps_and_sets_as_such(self) -> None:
        self.cli("HSET", "h", "a", "1")
        self.assertEqual(self.cli("-3", "--no-raw", "HGETALL", "h"), '1# "a" => "1"\n')
        self.cli("SADD", "s", "x")
        self.assertEqual(self.cli("-3", "--no-raw", "SMEMBERS", "s"), '1~ "x"\n')

    def test_a_file_of_commands_through_a_pipe(self) -> None:
        commands = "".join(f"SET key:{number} {number}\n" for number in range(500)) + "DBSIZE\n"
        self.assertEqual(self.cli(given=commands).splitlines()[-1], "500")

    def test_mass_insertion(self) -> None:
        raw = "".join(f"*3\r\n$3\r\nSET\r\n$5\r\nk{n:04d}\r\n$1\r\nv\r\n" for n in range(2000))
        self.assertIn("errors: 0, replies: 2000", self.cli("--pipe", given=raw))

    def test_the_url_s_user_may_name_a_branch(self) -> None:
        self.cli("BRANCH", "CREATE", "trial")
        self.cli("--user", "default@trial", "--pass", "any", "SET", "only", "there")
        self.assertEqual(self.cli("GET", "only"), "\n")
        self.assertEqual(self.cli("ON", "trial", "GET", "only"), "there\n")
        self.cli("BRANCH", "DELETE", "trial")

    def test_a_scan_sees_every_key_once(self) -> None:
        self.cli(given="".join(f"SET scan:{number} 1\n" for number in range(1500)))
        found = self.cli("--scan", "--pattern", "scan:*").split()
        self.assertEqual(len(found), 1500)
        self.assertEqual(len(set(found)), 1500)


class PythonRedis(WithServer):
    def setUp(self) -> None:
        super().setUp()
        self.redis = redis.Redis(port=self.server.port, decode_responses=True, socket_timeout=60)

    def tearDown(self) -> None:
        self.redis.close()

    def test_every_type(self) -> None:
        self.assertTrue(self.redis.set("s", "text", ex=1000))
        self.assertEqual(self.redis.incr("n", 5), 5)
        self.redis.hset("h", mapping={"a": "1", "b": "2"})
        self.redis.rpush("l", "x", "y", "z")
        self.redis.sadd("t", "m", "k")
        self.assertEqual(self.redis.hgetall("h"), {"a": "1", "b": "2"})
        self.assertEqual(self.redis.lrange("l", 0, -1), ["x", "y", "z"])
        self.assertEqual(self.redis.smembers("t"), {"m", "k"})
        self.assertTrue(990 < self.redis.ttl("s") <= 1000)
        self.assertEqual({key: self.redis.type(key) for key in "snhlt"},
                         {"s": "string", "n": "string", "h": "hash", "l": "list", "t": "set"})

    def test_a_pipeline_of_thousands(self) -> None:
        with self.redis.pipeline(transaction=False) as pipe:
            for number in range(5000):
                pipe.set(f"key:{number}", number)
                pipe.get(f"key:{number}")
            replies = pipe.execute()
        self.assertEqual(replies[1::2], [str(number) for number in range(5000)])

    def test_a_transaction_is_whole(self) -> None:
        with self.redis.pipeline() as pipe:
            pipe.incr("n").rpush("l", "a").lrange("l", 0, -1)
            self.assertEqual(pipe.execute(), [1, 1, ["a"]])

    def test_watch_sees_another_s_write(self) -> None:
        with self.redis.pipeline() as pipe:
            pipe.watch("n")
            self.redis.set("n", "changed")
            pipe.multi()
            pipe.set("n", "mine")
            with self.assertRaises(redis.WatchError):
                pipe.execute()
        self.assertEqual(self.redis.get("n"), "changed")

    def test_errors_have_redis_s_words(self) -> None:
        self.redis.set("s", "text")
        with self.assertRaisesRegex(redis.ResponseError, "^WRONGTYPE Operation against a key"):
            self.redis.lpush("s", "x")
        with self.assertRaisesRegex(redis.ResponseError, "value is not an integer or out of range"):
            self.redis.incr("s")
        with self.assertRaisesRegex(redis.ResponseError, "unknown command .?'?nosuch"):
            self.redis.execute_command("nosuch")

    def test_branches_by_raw_commands(self) -> None:
        self.redis.rpush("frames", "a", "b", "c")
        self.redis.execute_command("BRANCH CREATE", "trial")
        self.redis.execute_command("ON", "trial", "LSET", "frames", 1, "B")
        self.assertEqual(self.redis.lrange("frames", 0, -1), ["a", "b", "c"])
        self.assertEqual(self.redis.execute_command("ON", "trial", "LRANGE", "frames", 0, -1), ["a", "B", "c"])
        self.redis.execute_command("BRANCH DELETE", "trial")

    def test_scan_iterates(self) -> None:
        self.redis.mset({f"it:{number}": number for number in range(1000)})
        self.assertEqual(len(list(self.redis.scan_iter("it:*", count=37))), 1000)
        self.redis.hset("h", mapping={f"f{number}": number for number in range(1000)})
        self.assertEqual(len(dict(self.redis.hscan_iter("h"))), 1000)
        self.redis.sadd("t", *range(1000))
        self.assertEqual(len(set(self.redis.sscan_iter("t"))), 1000)

    def test_a_pool_of_threads(self) -> None:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda _: self.redis.incr("shared"), range(2000)))
        self.assertEqual(self.redis.get("shared"), "2000")


if __name__ == "__main__":
    unittest.main()
