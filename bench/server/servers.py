"""A server under measurement: coppice or its peer, Debian's redis-server, started, asked, watched and ended alike.

Both write a log that is synced each second unless told otherwise, and neither makes snapshots on a schedule.
"""
from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import BinaryIO, Callable, Iterable, Sequence

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("COPPICE_BUILD", ROOT / "build" / "bench"))
TICK = os.sysconf("SC_CLK_TCK")
START_SECONDS = 120.0
KINDS = ("coppice", "redis")

Word = bytes | str | int


def encoded(*words: Word) -> bytes:
    """A command as RESP."""
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        raw = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(raw), raw))
    return b"".join(parts)


class Connection:
    """Speaks RESP2; an error is raised."""

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=600)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader: BinaryIO = self.socket.makefile("rb", 1 << 20)

    def close(self) -> None:
        self.reader.close()
        self.socket.close()

    def read(self):
        line = self.reader.readline()
        if not line:
            raise ConnectionError("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.reader.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self.read() for _ in range(int(rest))]
        raise RuntimeError(rest.decode())

    def call(self, *words: Word):
        self.socket.sendall(encoded(*words))
        return self.read()

    def swallow(self, *words: Word) -> int:
        """Reads an answer of many megabytes without looking at it, up to that of a PING behind it, so that reading
        takes little of a processor.  Returns its bytes."""
        end = b"+PONG\r\n"
        self.socket.sendall(encoded(*words) + encoded("PING"))
        room = memoryview(bytearray(1 << 20))
        total, tail = 0, b""
        while tail != end:
            got = self.socket.recv_into(room)
            if got == 0:
                raise ConnectionError("the server closed the connection")
            total += got
            tail = (tail + bytes(room[max(0, got - len(end)):got]))[-len(end):]
        return total - len(end)

    def fill(self, commands: Iterable[bytes], together: int = 500) -> None:
        """Sends encoded commands of one-line answers, many at a time."""
        batch: list[bytes] = []
        for command in commands:
            batch.append(command)
            if len(batch) == together:
                self._send(batch)
                batch = []
        if batch:
            self._send(batch)

    def _send(self, batch: list[bytes]) -> None:
        self.socket.sendall(b"".join(batch))
        for _ in batch:
            line = self.reader.readline()
            if line[:1] == b"-" or not line:
                raise RuntimeError(line.decode() or "the server closed the connection")


class Server:
    """A process of its own, in a folder of its own, at a port that was free."""

    def __init__(self, kind: str, fsync: str = "everysec", settings: Sequence[str] = (), folder: Path | None = None):
        self.kind = kind
        self.fsync = fsync
        self.settings = list(settings)
        self.own_folder = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix=f"coppice-bench-{kind}-"))
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def __enter__(self) -> "Server":
        self.start()
        self.wait_ready()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def command(self) -> list[str]:
        shared = ["--port", str(self.port), "--appendfsync", self.fsync]
        if self.kind == "redis":
            return ["redis-server", "--dir", str(self.folder), *shared, "--appendonly", "yes", "--save", "",
                    "--loglevel", "warning"]
        program = BUILD / "bin" / "coppice"
        if not program.exists():
            sys.exit(f"no program {program}; COPPICE_BUILD names a build folder")
        return [str(program), "serve", str(self.folder), *shared, "--loglevel", "warning", *self.settings]

    def start(self) -> None:
        """Starts the process and does not wait for it."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        with open(self.folder.with_suffix(".log"), "ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, close_fds=False)

    def wait_ready(self, answered: Callable[[Connection], bool] | None = None) -> Connection:
        """A connection, once a first command (PING) is answered as it should be."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self.process and self.process.poll() is not None:
                sys.exit(f"{self.kind} ended: see {self.folder.with_suffix('.log')}")
            try:
                made = Connection(self.port)
            except OSError:
                time.sleep(0.0005)
                continue
            try:
                if answered(made) if answered else made.call("PING") == b"PONG":
                    return made
            except (RuntimeError, OSError):  # it loads
                pass
            made.close()
            time.sleep(0.0005)
        sys.exit(f"{self.kind} does not answer")

    def connect(self) -> Connection:
        return Connection(self.port)

    def end(self, how: int = signal.SIGTERM) -> None:
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(300)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None
        self.folder.with_suffix(".log").unlink(missing_ok=True)

    # What it uses.

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def cpu_seconds(self) -> float:
        """User and system time of all its threads; from the scheduler, since the ticks of stat are 10 ms each."""
        try:
            threads = list(Path(f"/proc/{self.pid}/task").glob("*/schedstat"))
            return sum(int(each.read_text().split()[0]) for each in threads) / 1e9
        except OSError:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / TICK

    def resident_bytes(self) -> int:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0

    def info(self) -> dict[str, str]:
        made = self.connect()
        text = made.call("INFO", "everything").decode()
        made.close()
        return dict(line.partition(":")[::2] for line in text.splitlines() if ":" in line)

    def checkpoint(self) -> None:
        """BGSAVE, and what it began has ended.  Redis keeps its log alone."""
        if self.kind == "redis":
            return
        made = self.connect()
        until = time.monotonic() + 120
        while time.monotonic() < until:
            try:
                made.call("BGSAVE")
                break
            except RuntimeError:  # one that began before the newest write is still running
                time.sleep(0.05)
        while self.info()["checkpoint_running"] != "0" and time.monotonic() < until:
            time.sleep(0.05)
        made.close()

    def settle(self, patience: float = 5.0) -> None:
        """Waits until what it does by itself (a checkpoint, a rewritten log) is done."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            before = self.cpu_seconds()
            time.sleep(0.1)
            if self.cpu_seconds() - before < 0.02:
                return


def pair(**given: object) -> list[Server]:
    """Both servers, not started."""
    return [Server(kind, **given) for kind in KINDS]  # type: ignore[arg-type]
