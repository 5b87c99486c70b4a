#!/usr/bin/python3
"""What a peer sends harms no other: garbage, half commands, values of 100 MB, a thousand connections."""
from __future__ import annotations

import random
import resource
import time
import unittest

from harness import Connection, Lost, ReplyError, Server, ServerTest, encoded

MEGABYTE = 1 << 20


class Wire(ServerTest):
    def test_wrong_input_is_an_error_and_the_connection_goes_on(self) -> None:
        with self.server.connect() as connection:
            connection.send(["NOSUCH"], ["GET"], ["GET", "a", "b"], ["SET", "a", "b", "NONSENSE"], ["PING"])
            replies = [connection.reply() for _ in range(5)]
        self.assertTrue(all(isinstance(reply, ReplyError) for reply in replies[:4]), replies)
        self.assertIn("wrong number of arguments for 'get' command", str(replies[1]))
        self.assertEqual(replies[4], b"PONG")

    def test_a_broken_frame_is_named_and_ends_the_connection(self) -> None:
        for raw in (b"*1\r\n:5\r\n", b"*99999999\r\n", b"*1\r\n$-5\r\n", b"*2\r\n$3\r\nGET\r\n$99999999999\r\n"):
            with self.server.connect(10) as connection:
                connection.send_raw(raw)
                answer = connection.reply()
                self.assertIsInstance(answer, ReplyError, raw)
                self.assertIn("Protocol error", str(answer))
                with self.assertRaises(Lost):
                    connection.reply()

    def test_garbage_harms_no_other(self) -> None:
        rng = random.Random(5)
        with self.server.connect() as other:
            other.ask("SET", "kept", "as it was")
            for _ in range(100):
                self.throw(rng.randbytes(rng.randrange(1, 5000)))
            for _ in range(100):
                command = bytearray(encoded(["SET", "kept2", "value"]))
                command[rng.randrange(len(command))] = rng.randrange(256)
                self.throw(bytes(command))
            self.assertEqual(other.ask("GET", "kept"), b"as it was")

    def throw(self, raw: bytes) -> None:
        with self.server.connect() as connection:
            try:
                connection.send_raw(raw)
            except Lost:
                pass

    def test_half_a_command_waits_and_does_nothing(self) -> None:
        command = encoded(["SET", "half", "done"])
        with self.server.connect() as half, self.server.connect() as other:
            for index in range(len(command) - 1):
                half.send_raw(command[index : index + 1])
            self.assertIsNone(other.ask("GET", "half"))
            half.send_raw(command[-1:])
            self.assertEqual(half.reply(), b"OK")
        with self.server.connect() as gone:
            gone.send_raw(encoded(["SET", "half", "never"])[:-4])
        with self.server.connect() as other:
            self.assertEqual(other.ask("GET", "half"), b"done")

    def test_a_pipeline_may_be_sent_before_an_answer_is_read(self) -> None:
        count, value = 60_000, "x" * 4096
        with self.server.connect() as connection, self.server.connect() as other:
            connection.ask("SET", "answered", value)
            connection.send_raw(encoded(["GET", "answered"]) * count)
            self.assertEqual(other.ask("PING"), b"PONG")
            for _ in range(count):
                self.assertEqual(len(connection.reply()), len(value))

    def test_inline_commands(self) -> None:
        with self.server.connect() as connection:
            connection.send_raw(b'SET inline "two words"\r\nGET inline\n')
            self.assertEqual([connection.reply(), connection.reply()], [b"OK", b"two words"])
            connection.send_raw(b'GET "open\r\n')
            self.assertIn("unbalanced quotes", str(connection.reply()))

    def test_replies_of_both_protocols(self) -> None:
        with self.server.connect() as connection:
            connection.ask("HSET", "proto", "f", "v")
            self.assertEqual(connection.ask("HGETALL", "proto"), [b"f", b"v"])
            self.assertEqual(connection.ask("HELLO", "3")[b"proto"], 3)
            self.assertEqual(connection.ask("HGETALL", "proto"), {b"f": b"v"})
            self.assertIsNone(connection.ask("GET", "nothing"))
            self.assertEqual(connection.ask("HELLO", "2")[5], 2)
            with self.assertRaisesRegex(ReplyError, "NOPROTO"):
                connection.ask("HELLO", "4")

    def test_a_value_of_100_megabytes(self) -> None:
        block = random.Random(1).randbytes(MEGABYTE)
        with self.server.connect(120) as connection:
            for number in range(100):
                self.assertEqual(connection.ask("APPEND", "big", block), (number + 1) * MEGABYTE)
            self.assertEqual(connection.ask("COPY", "big", "second"), 1)
            middle = 50 * MEGABYTE - 3
            self.assertEqual(connection.ask("SETRANGE", "second", middle, "across"), 100 * MEGABYTE)
            self.assertEqual(connection.ask("GETRANGE", "second", middle - 2, middle + 7),
                             block[-5:-3] + b"across" + block[3:5])
            self.assertEqual(connection.ask("GETRANGE", "big", middle, middle + 5), block[-3:] + block[:3])
            self.assertEqual(connection.ask("GET", "big"), block * 100)
            whole = block * 100
            self.assertEqual(connection.ask("SET", "whole", whole), b"OK")
            self.assertEqual(connection.ask("STRLEN", "whole"), 100 * MEGABYTE)
            self.assertEqual(connection.ask("GETRANGE", "whole", 77 * MEGABYTE, 77 * MEGABYTE + 99), block[:100])
            self.assertEqual(connection.ask("DEL", "big", "second", "whole"), 3)

    def test_a_thousand_connections(self) -> None:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 4096), most))
        connections = [Connection(self.server.port) for _ in range(1000)]
        try:
            for number, connection in enumerate(connections):
                connection.send(["SET", f"conn:{number}", number], ["GET", f"conn:{number}"])
            for number, connection in enumerate(connections):
                self.assertEqual([connection.reply(), connection.reply()], [b"OK", b"%d" % number])
            info = connections[0].ask("INFO", "clients").decode()
            self.assertIn("connected_clients:10", info)
        finally:
            for connection in connections:
                connection.close()

    def test_beyond_maxclients_there_is_a_clear_error(self) -> None:
        place = self.place.path / "few"
        with Server(place, ["--maxclients", "5"]).start() as few:
            time.sleep(0.2)  # the connection that saw the start is gone
            connections = [few.connect() for _ in range(5)]
            self.assertEqual([connection.ask("PING") for connection in connections], [b"PONG"] * 5)
            with few.connect() as one_more:
                self.assertEqual(str(one_more.reply()), "ERR max number of clients reached")
            for connection in connections:
                connection.close()

    def test_who_never_reads_does_not_stop_others(self) -> None:
        with self.server.connect() as greedy, self.server.connect() as other:
            other.ask("SET", "long", b"x" * MEGABYTE)
            greedy.socket.settimeout(2)
            try:
                greedy.send(*[["GET", "long"]] * 2000)
            except Lost:
                pass
            for _ in range(100):
                self.assertEqual(other.ask("PING"), b"PONG")


if __name__ == "__main__":
    unittest.main()
