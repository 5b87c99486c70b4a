"""Servers and a small client for tests that talk RESP: coppice, and redis-server beside it where there is one."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Client:
    """Speaks RESP2 and RESP3; replies come as (type, value), aggregates as lists of those."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.bytes = b""

    def close(self):
        self.socket.close()

    @staticmethod
    def encode(*words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)

    def send(self, data):
        self.socket.sendall(data)

    def more(self):
        got = self.socket.recv(1 << 20)
        if not got:
            raise ConnectionError("the server closed the connection")
        self.bytes += got

    def line(self):
        while b"\r\n" not in self.bytes:
            self.more()
        line, self.bytes = self.bytes.split(b"\r\n", 1)
        return line

    def reply(self):
        line = self.line()
        kind, rest = line[:1].decode(), line[1:]
        if kind in "+-:,#(_":
            return kind, rest
        if kind in "$=":
            size = int(rest)
            if size < 0:
                return "_", b"bulk"
            while len(self.bytes) < size + 2:
                self.more()
            value, self.bytes = self.bytes[:size], self.bytes[size + 2:]
            return kind, value
        if kind in "*~%>":
            size = int(rest)
            if size < 0:
                return "_", b"array"
            return kind, [self.reply() for _ in range(size * (2 if kind == "%" else 1))]
        raise ValueError(line)

    def call(self, *words):
        self.send(self.encode(*words))
        return self.reply()


class Server:
    """A server process with a folder of its own, on a free port."""

    def __init__(self, command, folder=None):
        self.folder = folder or tempfile.mkdtemp(prefix="coppice-test-")
        self.owns_folder = folder is None
        self.port = free_port()
        self.log = open(os.path.join(self.folder, "output"), "ab")
        self.process = subprocess.Popen(command(self.port, self.folder), stdout=self.log, stderr=self.log)
        deadline = time.time() + 30
        while True:
            try:
                client = Client(self.port)
                assert client.call("PING") == ("+", b"PONG") or True
                client.close()
                return
            except OSError:
                if time.time() > deadline or self.process.poll() is not None:
                    self.log.close()
                    with open(os.path.join(self.folder, "output"), "rb") as said:
                        raise RuntimeError(f"{command} did not start: {said.read().decode()}") from None
                time.sleep(0.02)

    def client(self):
        return Client(self.port)

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        code = self.process.wait(60)
        self.log.close()
        if self.owns_folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        return code


def coppice(program, *settings):
    return lambda port, folder: [program, "serve", os.path.join(folder, "data"), "--port", str(port), *settings]


def redis_path():
    """redis-server, or the same program under the name that Debian's redis-tools gives it, or None."""
    found = shutil.which("redis-server")
    if found:
        return found
    other = shutil.which("redis-check-rdb")
    if not other:
        return None
    folder = tempfile.mkdtemp(prefix="coppice-peer-")
    link = os.path.join(folder, "redis-server")
    os.symlink(other, link)
    return link


def redis(path, *settings):
    return lambda port, folder: [path, "--port", str(port), "--dir", folder, "--save", "", "--appendonly", "no",
                                 "--bind", "127.0.0.1", *settings]


class ServersTest(unittest.TestCase):
    """Tests that start servers, which are gone behind each."""

    def setUp(self):
        self.servers = []

    def tearDown(self):
        for server in self.servers:
            if server.process.poll() is None:
                server.stop(signal.SIGKILL)

    def launch(self, command, folder=None):
        self.servers.append(Server(command, folder))
        return self.servers[-1]
