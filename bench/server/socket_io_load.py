"""Many clients of Socket.IO at once, each with one event under way, from one thread that does little else.

A published client costs more than a server does. Where the server is to be measured, this sends frames that were made
before, over WebSockets that are open, and looks only at where an answer begins and ends.
"""
from __future__ import annotations

import selectors
import socket
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "e2e"))
from engine_io import WebSocket  # noqa: E402


def frame(text: str) -> bytes:
    """A client's text frame, masked with zeros (RFC 6455, 5.2)."""
    raw = text.encode()
    head = bytes([0x81, 0x80 | len(raw)]) if len(raw) < 126 else b"\x81\xfe" + struct.pack(">H", len(raw))
    return head + bytes(4) + raw


def frames_in(pending: bytes) -> tuple[list[bytes], bytes]:
    """Whole frames of the server's, and what is left."""
    found = []
    while len(pending) >= 2:
        size, head = pending[1] & 0x7F, 2
        if size >= 126:
            wide = 2 if size == 126 else 8
            head += wide
            size = int.from_bytes(pending[2:head], "big")
        if len(pending) < head + size:
            break
        found.append(pending[head:head + size])
        pending = pending[head + size:]
    return found, pending


class Visitor:
    def __init__(self, port: int, number: int) -> None:
        opened = WebSocket(port).connect()
        self.socket: socket.socket = opened.socket
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pending = opened.bytes
        key = f"znsocket.List:load{number}"
        self.events = [frame(f'42/znsocket,{1 + i}{event}') for i, event in enumerate((
            f'["rpush",[["{key}","{{\\"step\\": 1, \\"energy\\": -3.5}}"],{{}}]]',
            f'["lindex",[["{key}",0],{{}}]]',
            f'["llen",[["{key}"],{{}}]]',
            f'["hset",[[],{{"name":"znsocket.Dict:load{number}","mapping":{{"a":"1"}}}}]]',
        ))]
        self.next = 0
        self.sent = 0.0

    def send(self) -> None:
        self.sent = time.perf_counter()
        self.socket.sendall(self.events[self.next % len(self.events)])
        self.next += 1

    def answers(self) -> int:
        """How many acknowledgements have come; pings are answered."""
        got = self.socket.recv(1 << 16)
        if not got:
            raise ConnectionError("the server closed the connection")
        whole, self.pending = frames_in(self.pending + got)
        count = 0
        for each in whole:
            if each == b"2":
                self.socket.sendall(frame("3"))
            elif each.startswith(b"43/znsocket,"):
                if b'"error"' in each:
                    raise RuntimeError(each.decode())
                count += 1
        return count


def load(port: int, clients: int, seconds: float) -> tuple[float, float]:
    """Events a second, and the p99 of their latency in milliseconds."""
    visitors = [Visitor(port, number) for number in range(clients)]
    ready = selectors.DefaultSelector()
    for each in visitors:
        ready.register(each.socket, selectors.EVENT_READ, each)
        each.send()
    times: list[float] = []
    begun = time.perf_counter()
    until = begun + seconds
    while time.perf_counter() < until:
        for key, _ in ready.select(1):
            one: Visitor = key.data
            if one.answers():
                times.append(time.perf_counter() - one.sent)
                one.send()
    spent = time.perf_counter() - begun
    for each in visitors:
        each.socket.close()
    times.sort()
    return len(times) / spent, times[int(len(times) * 0.99)] * 1000
