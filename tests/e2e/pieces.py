"""A proxy that hands a stream on in pieces, cut anywhere, as networks may."""
from __future__ import annotations

import random
import socket
import threading
import time

SMALL_PIECES = 300  # of a connection
PAUSE = 0.0005  # so that a piece is read before the next one comes


class Pieces:
    """Listens on a port of its own and connects whoever comes to `port`."""

    def __init__(self, port: int, seed: int) -> None:
        self.random = random.Random(seed)
        self.to = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.accepting = threading.Thread(target=self.accept, daemon=True)
        self.accepting.start()

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.accepting.join()
        self.listener.close()

    def accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.connect, args=(client,), daemon=True).start()

    def connect(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self.to)) as server:
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answers = threading.Thread(target=self.pass_on, args=(server, client), daemon=True)
            answers.start()
            self.cut(client, server)
            answers.join()

    def cut(self, client: socket.socket, server: socket.socket) -> None:
        pieces = 0
        try:
            while got := client.recv(1 << 16):
                while got:
                    small = pieces < SMALL_PIECES and self.random.random() < 0.9
                    size = self.random.randint(1, 24 if small else 1 << 16)
                    server.sendall(got[:size])
                    got = got[size:]
                    pieces += 1
                    if small:
                        time.sleep(PAUSE)
            server.shutdown(socket.SHUT_WR)
        except OSError:
            shut(server)

    @staticmethod
    def pass_on(server: socket.socket, client: socket.socket) -> None:
        try:
            while got := server.recv(1 << 16):
                client.sendall(got)
        except OSError:
            pass  # the client is gone
        shut(client)  # the server is done, whatever the client says


def shut(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
