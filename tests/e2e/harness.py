"""What tests from outside the program share: a server of their own, and a plain connection to it.

A Server runs `coppice serve` on a folder, at a port that the system chose (it stands in the folder's LOCK), and is
ended by its process id alone. A Connection speaks RESP2 or RESP3 and keeps nothing of a reply but its value.
"""
from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import types
import unittest
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Iterable, Sequence

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
STOP_SECONDS = 60.0
REPLY_SECONDS = 60.0

# A server ends with the test that started it, even when that is killed.
OUTLIVED = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []

Word = bytes | str | int


def is_sanitized() -> bool:
    """The program under test is several times slower, and its allocator keeps what was freed."""
    version = subprocess.run([program(), "--version"], capture_output=True, text=True, check=True).stdout
    return "address" in version or "thread" in version


def program() -> Path:
    """The program under test: in COPPICE_BUILD, else in the newest build of this checkout."""
    named = os.environ.get("COPPICE_BUILD")
    places = [Path(named)] if named else [ROOT / "build" / preset for preset in ("release", "test")]
    for place in places:
        if (place / "bin" / "coppice").exists():
            return place / "bin" / "coppice"
    sys.exit(f"no program bin/coppice in {', '.join(map(str, places))}; COPPICE_BUILD names a build folder")


class ReplyError(Exception):
    """An error that the server answered."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReplyError) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


class Lost(Exception):
    """The connection ended."""


def encoded(command: Sequence[Word]) -> bytes:
    """A command as RESP."""
    parts = [b"*%d\r\n" % len(command)]
    for word in command:
        raw = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(raw), raw))
    return b"".join(parts)


class Connection:
    """One connection. Commands may be sent ahead of their replies."""

    def __init__(self, port: int, seconds: float = REPLY_SECONDS) -> None:
        try:
            self.socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        except OSError as error:
            raise Lost(str(error)) from error
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.replies: BinaryIO = self.socket.makefile("rb", buffering=1 << 16)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.replies.close()
        self.socket.close()

    def send_raw(self, raw: bytes) -> None:
        try:
            self.socket.sendall(raw)
        except OSError as error:
            raise Lost(str(error)) from error

    def send(self, *commands: Sequence[Word]) -> None:
        self.send_raw(b"".join(map(encoded, commands)))

    def line(self) -> bytes:
        try:
            line = self.replies.readline()
        except OSError as error:
            raise Lost(str(error)) from error
        if not line.endswith(b"\r\n"):
            raise Lost("the connection ended")
        return line[:-2]

    def exactly(self, size: int) -> bytes:
        try:
            text = self.replies.read(size + 2)
        except OSError as error:
            raise Lost(str(error)) from error
        if len(text) != size + 2:
            raise Lost("the connection ended")
        return text[:-2]

    def reply(self) -> Any:
        """The next reply: bytes, int, float, bool, None, list, dict, set, or a ReplyError (not raised)."""
        line = self.line()
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return rest
        if kind == b"-":
            return ReplyError(rest.decode(errors="replace"))
        if kind in b":(":
            return int(rest)
        if kind in (b"$", b"="):
            return None if rest == b"-1" else self.exactly(int(rest))
        if kind == b"*":
            return None if rest == b"-1" else [self.reply() for _ in range(int(rest))]
        if kind in b"~>":
            return [self.reply() for _ in range(int(rest))]
        if kind == b"%":
            return {as_key(self.reply()): self.reply() for _ in range(int(rest))}
        if kind == b"_":
            return None
        if kind == b"#":
            return rest == b"t"
        if kind == b",":
            return float(rest)
        raise Lost(f"no reply begins like {line[:40]!r}")

    def ask(self, *command: Word) -> Any:
        """One command's reply; an error is raised."""
        self.send(command)
        answer = self.reply()
        if isinstance(answer, ReplyError):
            raise answer
        return answer

    def ask_many(self, commands: Sequence[Sequence[Word]]) -> list[Any]:
        """The replies of all; errors are among them."""
        replies: list[Any] = []
        for first in range(0, len(commands), 500):  # so that neither side waits for the other to read
            part = commands[first : first + 500]
            self.send(*part)
            replies += [self.reply() for _ in part]
        return replies


def as_key(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


class Server:
    """`coppice serve` on a folder."""

    def __init__(self, folder: Path, settings: Iterable[str] = ()) -> None:
        self.folder = folder
        self.settings = list(settings)
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0
        self.log = folder.parent / (folder.name + ".log")

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def launch(self, **more: Any) -> None:
        """Starts the process and returns at once."""
        command = [*OUTLIVED, str(program()), "serve", str(self.folder), "--port", "0", *self.settings]
        self.port = 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **more)

    def address_in_lock(self) -> int:
        """The port that this process has said in LOCK, or 0."""
        assert self.process is not None
        try:
            text = (self.folder / "LOCK").read_text()
        except OSError:
            return 0
        found = re.match(rf"pid {self.process.pid}, listening at [^\s]*:(\d+)\s*$", text)
        return int(found[1]) if found else 0

    def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        """Returns when PING is answered.  Raises RuntimeError with the log's end when the process ended."""
        assert self.process is not None
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}:\n{self.log_end()}")
            self.port = self.address_in_lock()
            if self.port and self.answers():
                return
            time.sleep(0.005)
        raise RuntimeError(f"the server did not answer in {seconds} s:\n{self.log_end()}")

    def answers(self) -> bool:
        try:
            with Connection(self.port, 5) as connection:
                return connection.ask("PING") == b"PONG"
        except (Lost, ReplyError):
            return False

    def start(self, **more: Any) -> Server:
        self.launch(**more)
        self.wait_until_ready()
        return self

    def kill(self) -> None:
        """kill -9, if it runs."""
        if self.process is not None:
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait(STOP_SECONDS)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def connect(self, seconds: float = REPLY_SECONDS) -> Connection:
        return Connection(self.port, seconds)

    def log_end(self, size: int = 3000) -> str:
        return self.log.read_text(errors="replace")[-size:] if self.log.exists() else ""

    @property
    def url(self) -> str:
        return f"coppice://127.0.0.1:{self.port}"


def run(*words: str | Path, seconds: float = 120, **more: Any) -> subprocess.CompletedProcess[str]:
    """Runs the program's verb to its end, with its output as text."""
    command = [str(program()), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False, **more)


def start(*words: str | Path, **more: Any) -> subprocess.Popen[str]:
    """The program's verb, running, with its input and output as text."""
    command = [str(program()), *map(str, words)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            **more)


class Workplace:
    """A folder of its own for a test's stores, gone at the end (KEEP=1 keeps it)."""

    def __init__(self, name: str, parent: Path | None = None) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=f"coppice-{name}-", dir=parent))

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, kind: type[BaseException] | None, *_: types.TracebackType | BaseException | None) -> None:
        if os.environ.get("KEEP") == "1":
            print(f"kept {self.path}", flush=True)
        else:
            shutil.rmtree(self.path, ignore_errors=True)


class ServerTest(unittest.TestCase):
    """Tests that share one server, on a folder of its own."""

    place: ClassVar[Workplace]
    server: ClassVar[Server]

    @classmethod
    def setUpClass(cls) -> None:
        cls.place = Workplace(cls.__name__.lower())
        cls.server = Server(cls.place.path / "data").start()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.server.kill()
        cls.place.__exit__(None)
