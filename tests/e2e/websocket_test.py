#!/usr/bin/env python3
"""RESP over a WebSocket: the same connection as over TCP, in frames, and not for pages of other sites."""
from __future__ import annotations

import io
import socket
import time
import unittest
from typing import Any, Sequence

from engine_io import BINARY, PING, TEXT, Closed, WebSocket
from harness import Connection, ReplyError, Server, ServerTest, Word, Workplace, encoded

PONG, CONTINUATION = 10, 0


class Framed(Connection):
    """A Connection whose bytes go in frames, cut where the test likes."""

    def __init__(self, port: int, path: str = "/", headers: str = "", cut: int = 1 << 16) -> None:
        self.web = WebSocket(port, path=path, headers=headers)
        self.socket = self.web.socket
        self.cut = cut
        self.pongs: list[bytes] = []
        self.stream = b""
        self.replies = self  # type: ignore[assignment]  # reads as a file does

    def send_raw(self, raw: bytes) -> None:
        for at in range(0, len(raw), self.cut):
            self.web.send_frame(BINARY, raw[at : at + self.cut])

    def more(self) -> None:
        opcode, payload = self.web.frame()
        if opcode == PONG:
            self.pongs.append(payload)
        else:
            assert opcode == BINARY, opcode
            self.stream += payload

    def pong(self) -> bytes:
        """The first pong not yet asked for: the peer may be sent it before an answer's end or after."""
        while not self.pongs:
            self.more()
        return self.pongs.pop(0)

    def readline(self) -> bytes:
        while b"\n" not in self.stream:
            self.more()
        line, _, self.stream = self.stream.partition(b"\n")
        return line + b"\n"

    def read(self, size: int) -> bytes:
        parts = io.BytesIO()
        parts.write(self.stream)
        while parts.tell() < size:
            self.stream = b""
            self.more()
            parts.write(self.stream)
        whole = parts.getvalue()
        self.stream = whole[size:]
        return whole[:size]

    def close(self) -> None:
        self.socket.close()


class WebSocketTest(ServerTest):
    def framed(self, **more: Any) -> Framed:
        connection = Framed(self.server.port, **more)
        self.addCleanup(connection.close)
        return connection

    def test_commands_are_answered_however_they_are_cut(self) -> None:
        commands: Sequence[Sequence[Word]] = [("SET", "k", "v" * 300), ("GET", "k"), ("HELLO", "3"), ("CONFIG", "GET", "port")]
        with self.server.connect() as plain:
            told = plain.ask_many(commands)
        for cut in (1, 2, 7, 100, 1 << 16):
            framed = self.framed(cut=cut)
            answers = framed.ask_many(commands)
            self.assertEqual(answers[:2] + answers[3:], told[:2] + told[3:], cut)

    def test_text_messages_and_fragments_are_pieces_of_the_stream(self) -> None:
        one = self.framed()
        one.web.send_frame(TEXT, "SET schlüssel 'grüße'\r\nGET schlü".encode())
        one.web.send_frame(TEXT, b"ssel\r\n", first=0)  # FIN is not set
        one.web.send_frame(PING, b"still there?")
        one.web.send_frame(CONTINUATION, b"PING\r\n")
        self.assertEqual([one.reply(), one.reply(), one.reply()], [b"OK", "grüße".encode(), b"PONG"])
        self.assertEqual(one.pong(), b"still there?")

    def test_large_values_pass_both_ways(self) -> None:
        one = self.framed()
        value = bytes(range(256)) * 40_000
        self.assertEqual(one.ask("SET", "large", value), b"OK")
        self.assertEqual(one.ask("GET", "large"), value)
        one.cut = 1 << 24  # one message
        self.assertEqual(one.ask("SET", "large", value), b"OK")
        self.assertEqual(one.ask("STRLEN", "large"), len(value))

    def test_pings_are_answered_beside_a_long_answer(self) -> None:
        with self.server.connect() as plain:
            for first in range(0, 200_000, 1000):
                plain.ask("RPUSH", "list", *(f"element {i}" for i in range(first, first + 1000)))
        one = self.framed()
        one.send(("LRANGE", "list", 0, -1), ("PING",))
        one.web.send_frame(PING, b"meanwhile")
        self.assertEqual(one.reply(), [b"element %d" % i for i in range(200_000)])
        self.assertEqual(one.reply(), b"PONG")
        self.assertEqual(one.pong(), b"meanwhile")

    def test_it_is_a_client_as_any(self) -> None:
        one = self.framed(path="/behind/a/proxy/resp")
        self.assertEqual(one.ask("CLIENT", "SETNAME", "page"), b"OK")
        with self.server.connect() as plain:
            rows = plain.ask("CLIENT", "LIST").decode().splitlines()
            self.assertEqual(len([row for row in rows if "name=page" in row]), 1)
            plain.ask("BRANCH", "CREATE", "exp")
        self.assertEqual(one.ask("HELLO", "3", "AUTH", "default@exp", "any")[b"proto"], 3)
        self.assertEqual(one.ask("BRANCH", "CURRENT"), b"exp")

    def test_a_parked_client_is_answered_in_order(self) -> None:
        one = self.framed()
        one.send(("STORE", "VERIFY"), ("PING",))
        self.assertIsInstance(one.reply(), (list, dict))
        self.assertEqual(one.reply(), b"PONG")

    def test_closing_is_answered_behind_the_last_reply(self) -> None:
        one = self.framed()
        one.send(("PING",), ("ECHO", "last"))
        one.web.send_frame(8, (1000).to_bytes(2, "big") + b"bye")
        self.assertEqual([one.reply(), one.reply()], [b"PONG", b"last"])
        with self.assertRaises(Closed) as closed:
            one.reply()
        self.assertEqual(closed.exception.args[0], 1000)

    def test_quit_and_what_is_no_command_close_with_the_answer(self) -> None:
        one = self.framed()
        self.assertEqual(one.ask("QUIT"), b"OK")
        with self.assertRaises(Closed) as closed:
            one.reply()
        self.assertEqual(closed.exception.args[0], 1000)
        one = self.framed()
        one.send_raw(b"*1\r\n$-7\r\n")
        self.assertEqual(one.reply(), ReplyError("ERR Protocol error: invalid bulk length"))
        with self.assertRaises(Closed):
            one.reply()

    def test_what_breaks_the_rules_of_websockets_is_closed_with_the_reason(self) -> None:
        for frame, code in ((b"\x81\x02hi", 1002), (b"\x83\x80abcd", 1002), (b"\x81\x81\x00\x00\x00\x00\xff", 1007),
                            (b"\x82\xff" + (1 << 40).to_bytes(8, "big") + bytes(5), 1009)):
            one = self.framed()
            one.socket.sendall(frame)
            with self.assertRaises(Closed) as closed:
                one.reply()
            self.assertEqual(closed.exception.args[0], code, frame)

    def test_a_client_that_pings_and_does_not_read_costs_no_memory(self) -> None:
        one = self.framed()
        one.socket.settimeout(0.5)
        ping = b"\x89\xfd" + bytes(4) + b"x" * 125
        sent = 0
        try:
            while sent < 64 << 20:
                sent += one.socket.send(ping * 500)
        except (socket.timeout, BlockingIOError):
            pass
        self.assertLess(sent, 64 << 20, "the server stops reading")
        with self.server.connect() as plain:
            self.assertEqual(plain.ask("PING"), b"PONG")

    def test_one_that_is_killed_is_told(self) -> None:
        one = self.framed()
        number = one.ask("CLIENT", "ID")
        with self.server.connect() as plain:
            self.assertEqual(plain.ask("CLIENT", "KILL", "ID", number), 1)
        with self.assertRaises(Closed) as closed:
            one.reply()
        self.assertEqual(closed.exception.args[0], 1001)

    def test_pages_of_others_are_refused(self) -> None:
        port = self.server.port

        def verdict(origin: str, path: str = "/") -> bytes:
            try:
                Framed(port, path=path, headers=f"Origin: {origin}\r\n").close()
            except AssertionError as refused:
                return bytes(refused.args[0])
            return b"let in"

        for ours in (f"http://127.0.0.1:{port}", "http://localhost:3000", "http://[::1]:8080", "https://localhost"):
            self.assertEqual(verdict(ours), b"let in", ours)
        for other in ("http://evil.example", "http://127.0.0.1.evil.example", "http://localhost.evil.example:3000", "null"):
            self.assertIn(b"403", verdict(other).split(b"\r\n")[0], other)
            self.assertIn(b"400", verdict(other, "/socket.io/").split(b"\r\n")[0], other)
        with self.server.connect() as plain:
            for wrong in ("viewer.example", "http://viewer.example/page", "http://"):
                with self.assertRaises(ReplyError) as said:
                    plain.ask("CONFIG", "SET", "allowed-origins", wrong)
                self.assertIn("expected origins as browsers send them", str(said.exception))
            plain.ask("CONFIG", "SET", "allowed-origins", "https://a.example http://Viewer.example:81")
            self.assertEqual(verdict("http://viewer.example:81"), b"let in")
            self.assertIn(b"403", verdict("http://viewer.example"))
            plain.ask("CONFIG", "SET", "allowed-origins", "*")
            self.assertEqual(verdict("null"), b"let in")
            plain.ask("CONFIG", "SET", "allowed-origins", "")

    def test_small_commands_cost_at_most_about_twice_of_tcp(self) -> None:
        """Each in a message of its own, which is the most that frames can cost; in time of the server's processor."""
        count, rounds = 2_000, 100
        commands = [encoded(("SET", f"key:{i}", i)) for i in range(count)]
        framed, plain = self.framed(), self.server.connect()
        self.addCleanup(plain.close)

        def seconds(connection: Connection, sent: bytes) -> float:
            began = self.processor_seconds()
            for _ in range(rounds):
                connection.socket.sendall(sent)
                connection.exactly(count * len("+OK\r\n") - 2)
            return self.processor_seconds() - began

        tcp = seconds(plain, b"".join(commands))
        frames = seconds(framed, b"".join(b"\x82" + bytes([0x80 | len(each)]) + bytes(4) + each for each in commands))
        print(f"{count * rounds} SET, seconds of the server: TCP {tcp:.2f}, WebSocket {frames:.2f}")
        self.assertLess(frames, 2.5 * tcp + 0.05)

    def processor_seconds(self) -> float:
        assert self.server.process is not None
        with open(f"/proc/{self.server.process.pid}/stat", encoding="ascii") as numbers:
            fields = numbers.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100


class Password(unittest.TestCase):
    def test_strangers_are_asked_for_it(self) -> None:
        with Workplace("websocket") as place, Server(place / "data", ["--requirepass", "secret"]) as server:
            server.launch()
            while not (port := server.address_in_lock()):
                time.sleep(0.01)
            one = Framed(port)
            with self.assertRaises(ReplyError) as refused:
                one.ask("GET", "k")
            self.assertTrue(str(refused.exception).startswith("NOAUTH"))
            self.assertEqual(one.ask("HELLO", "3", "AUTH", "default", "secret")[b"proto"], 3)
            self.assertIsNone(one.ask("GET", "k"))
            one.close()


if __name__ == "__main__":
    unittest.main()
