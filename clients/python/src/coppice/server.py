"""Starting the server from Python, and the program `znsocket`: ZnSocket's flags for `coppice serve`."""
from __future__ import annotations

import argparse
import atexit
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

__all__ = ["Server", "main", "run_program"]

FOLDER = "./coppice-data"
LOG_LEVELS = {"DEBUG": "debug", "INFO": "notice", "WARNING": "warning", "ERROR": "warning", "CRITICAL": "nothing"}
_LOCAL = ("127.0.0.1", "localhost", "::1")
_SIGNAL_AT_PARENTS_DEATH = 1  # PR_SET_PDEATHSIG, to prctl(2)
_NO_PROGRAM = "the program `coppice` is not on the PATH; COPPICE_PROGRAM may name it, `make install` installs it"
_BUNDLED = Path(__file__).parent / "bin" / "coppice"  # in a wheel


def program() -> str:
    """Where `coppice` is: COPPICE_PROGRAM, beside this package, or on the PATH.  Raises FileNotFoundError."""
    found = os.environ.get("COPPICE_PROGRAM") or (str(_BUNDLED) if _BUNDLED.exists() else shutil.which("coppice"))
    if not found:
        raise FileNotFoundError(_NO_PROGRAM)
    return found


def _end_with_parent() -> Callable[[], None] | None:
    """What lets a child end when the thread that starts it is gone, also by SIGKILL; None where no system call does."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_SIGNAL_AT_PARENTS_DEATH, signal.SIGTERM)


@dataclass
class Server:
    """A server that `run` starts as a process of its own.

    `storage`: `memory`, with which nothing is left when it ends, or the folder of the data, as `./data`.
    `hostname`: the address to listen at. Everybody who reaches it reads and writes everything, so it is this machine
    unless told otherwise; `coppice serve --requirepass` asks for a password.
    `logger`: whether the server says what it does, on standard error, at `log_level`.
    `max_http_buffer_size` and `async_mode` are accepted for ZnSocket's sake, and have no effect.

    Raises ValueError for a port or storage that is none.
    """

    port: int = 5000
    max_http_buffer_size: int | None = None
    async_mode: str | None = None
    logger: bool = False
    storage: str = "memory"
    hostname: str = "127.0.0.1"
    log_level: str = "INFO"

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError(f"Invalid port {self.port}: expected 0 to 65535")
        if self.log_level.upper() not in LOG_LEVELS:
            raise ValueError(f"Invalid log level {self.log_level!r}: expected {', '.join(LOG_LEVELS)}")
        if self.storage.startswith("redis"):
            source = self.storage if "://" in self.storage else "redis://HOST:PORT"
            raise ValueError(f"Unsupported storage backend: {self.storage}; the data is kept in a folder. "
                             f"`coppice import {source} --store ./data` copies it there once, then it is ./data")
        if self.storage != "memory" and os.sep not in self.storage:
            raise ValueError(f"Unsupported storage backend: {self.storage}; expected memory or a folder, as ./data")

    @classmethod
    def from_url(cls, url: str, max_http_buffer_size: int | None = None, async_mode: str | None = None,
                 logger: bool = False, storage: str = "memory") -> Server:
        """The server that clients of `znsocket://host:port` reach on this machine.  Raises ValueError."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            port = None
        if port is None or parts.scheme not in ("znsocket", "coppice", "http"):
            raise ValueError(f"Invalid URL {url!r}: expected znsocket://host:port")
        return cls(port, max_http_buffer_size, async_mode, logger, storage)

    def run(self) -> int:
        """Serves until the server ends, and returns what it exits with.  Raises FileNotFoundError without a program."""
        return self._run(None)

    def _run(self, prepare: Callable[[], None] | None) -> int:
        """As `run`; `prepare` is called in the child before it is the server, so no other thread may be there."""
        with self._folder() as folder:
            words = [program(), *self._words(folder)]
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, preexec_fn=prepare)
            atexit.register(process.terminate)
            try:
                return process.wait()
            finally:
                atexit.unregister(process.terminate)
                process.terminate()
                process.wait()

    def _words(self, folder: str) -> list[str]:
        level = LOG_LEVELS[self.log_level.upper()] if self.logger else "nothing"
        words = ["serve", folder, "--port", str(self.port), "--bind", self.hostname, "--loglevel", level]
        return words if self.hostname in _LOCAL else [*words, "--protected-mode", "no"]

    @contextmanager
    def _folder(self) -> Iterator[str]:
        if self.storage != "memory":
            yield self.storage
            return
        with tempfile.TemporaryDirectory(prefix="coppice-") as folder:
            yield folder


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}; see `znsocket --help`\n")


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = _Parser(prog="znsocket", allow_abbrev=False,
                     description="Serve ZnSocket's clients, and all others of coppice, by `coppice serve`.")
    parser.add_argument("--port", type=int, default=8080, help="the port (8080)")
    parser.add_argument("--hostname", default="127.0.0.1", metavar="ADDRESS",
                        help="where to listen (127.0.0.1); 0.0.0.0 lets everybody in who reaches this machine")
    parser.add_argument("--storage", default=FOLDER, metavar="memory|DIR",
                        help=f"the folder that keeps the data ({FOLDER}); with memory nothing is left at the end")
    parser.add_argument("--max-http-buffer-size", type=int, metavar="BYTES",
                        help="accepted and not used: longer messages come in chunks")
    parser.add_argument("--log-level", default="INFO", metavar="LEVEL", help=", ".join(LOG_LEVELS) + " (INFO)")
    given = parser.parse_args(words)
    try:
        given.server = Server(given.port, given.max_http_buffer_size, None, True, given.storage, given.hostname,
                              given.log_level)
    except ValueError as error:
        parser.error(str(error))
    return given


def main(words: Sequence[str] | None = None) -> int:
    """The program `znsocket`.  Leaves with what the server does, 1 where that is not there, 2 for wrong usage."""
    server: Server = _arguments(words).server
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        return server._run(_end_with_parent())
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except FileNotFoundError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def run_program() -> NoReturn:
    """The program `coppice` that came with this package, in place of this process."""
    try:
        os.execv(_BUNDLED, ["coppice", *sys.argv[1:]])
    except OSError as error:
        sys.exit(f"error: {_BUNDLED}: {error.strerror}; the package was not installed from a wheel")
