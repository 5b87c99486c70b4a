"""A client of Engine.IO and Socket.IO from the standard library alone, so that a test decides each byte it sends."""
from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import struct
from typing import Any

SEPARATOR = "\x1e"
SECONDS = 30.0
TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9


class Closed(Exception):
    """The server closed the WebSocket: its code and reason."""


class Polling:
    """A session by HTTP: packets are strings."""

    def __init__(self, port: int, query: str = "", headers: dict[str, str] | None = None, path: str = "/socket.io/") -> None:
        self.port, self.path, self.headers, self.query = port, path, headers or {}, query
        self.sid = ""
        status, body = self.request("GET")
        if status != 200:
            raise AssertionError(f"{status} {body}")
        self.opened = json.loads(body[1:])
        self.sid = self.opened["sid"]

    def request(self, method: str, body: str | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        sid = f"&sid={self.sid}" if self.sid else ""
        connection.request(method, f"{self.path}?EIO=4&transport=polling{sid}{self.query}", body, self.headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def post(self, *packets: str) -> None:
        answer = self.request("POST", SEPARATOR.join(packets))
        if answer != (200, "OK"):
            raise AssertionError(answer)

    def get(self) -> list[str]:
        status, body = self.request("GET")
        if status != 200:
            raise AssertionError(f"{status} {body}")
        return body.split(SEPARATOR)


class WebSocket:
    """A session, or the upgrade of one, by WebSocket; with another `path`, whatever is spoken there."""

    def __init__(self, port: int, sid: str = "", query: str = "", headers: str = "", path: str = "/socket.io/") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        key = base64.b64encode(os.urandom(16)).decode()
        extra = f"&sid={sid}" if sid else ""
        self.socket.sendall(f"GET {path}?EIO=4&transport=websocket{extra}{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                            f"{headers}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode())
        self.bytes = b""
        head = self.until(b"\r\n\r\n")
        if b" 101 " not in head:
            self.socket.close()
            raise AssertionError(head)
        self.ids = 0

    def __enter__(self) -> "WebSocket":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def until(self, end: bytes) -> bytes:
        while end not in self.bytes:
            self.more()
        taken, _, self.bytes = self.bytes.partition(end)
        return taken

    def more(self) -> None:
        got = self.socket.recv(1 << 16)
        if not got:
            raise Closed(0, "without a word")
        self.bytes += got

    def exactly(self, size: int) -> bytes:
        while len(self.bytes) < size:
            self.more()
        taken, self.bytes = self.bytes[:size], self.bytes[size:]
        return taken

    def send_frame(self, opcode: int, payload: bytes, first: int = 0x80) -> None:
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else (
            b"\xfe" + struct.pack(">H", size) if size < 65536 else b"\xff" + struct.pack(">Q", size))
        self.socket.sendall(bytes([first | opcode]) + length + bytes(4) + payload)  # a mask of zeros

    def send(self, packet: str) -> None:
        self.send_frame(TEXT, packet.encode())

    def frame(self) -> tuple[int, bytes]:
        """The next frame: its opcode and what it carries."""
        head = self.exactly(2)
        size = head[1] & 0x7F
        if size >= 126:
            size = int.from_bytes(self.exactly(2 if size == 126 else 8), "big")
        payload = self.exactly(size)
        if head[0] & 0xF == CLOSE:
            raise Closed(int.from_bytes(payload[:2], "big"), payload[2:].decode())
        return head[0] & 0xF, payload

    def receive(self) -> str:
        """The next message; pings of Engine.IO are answered and passed over."""
        while True:
            _, payload = self.frame()
            if payload == b"2":
                self.send("3")
                continue
            return payload.decode()

    def connect(self, auth: str = "") -> "WebSocket":
        self.receive()
        self.send(f"40/znsocket,{auth}")
        answer = self.receive()
        if not answer.startswith('40/znsocket,{"sid":'):
            raise AssertionError(answer)
        return self

    def emit(self, *event: Any, attachment: bytes | None = None) -> int:
        self.ids += 1
        kind = "2" if attachment is None else "51-"
        self.send(f"4{kind}/znsocket,{self.ids}{json.dumps(event)}")
        if attachment is not None:
            self.send_frame(BINARY, attachment)
        return self.ids

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """The answer of an event; other events that come meanwhile are lost."""
        return self.answer(self.emit(name, [args, kwargs]))

    def answer(self, number: int) -> Any:
        begin = f"43/znsocket,{number}["
        while not (packet := self.receive()).startswith(begin):
            pass
        told = json.loads(packet[len(begin) - 1:])
        return told[0] if told else None
