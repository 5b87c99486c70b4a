"""The program `znsocket` and `coppice.Server` start our server with ZnSocket's flags."""
from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
import znsocket
from conftest import eventually
from harness import program

import coppice
from coppice.server import main

SHIM = [sys.executable, "-c", "import sys; from coppice.server import main; sys.exit(main())"]
SOURCES = str(Path(__file__).parents[1] / "src")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COPPICE_PROGRAM", str(program()))
    monkeypatch.setenv("PYTHONPATH", SOURCES)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def reachable(port: int) -> bool:
    try:
        coppice.Client(f"coppice://127.0.0.1:{port}").close()
    except coppice.exceptions.ConnectionError:
        return False
    return True


def test_the_program_serves_both_kinds_of_client_and_keeps_their_data(tmp_path: Path, port: int) -> None:
    flags = ["--port", str(port), "--hostname", "localhost", "--storage", "./kept", "--log-level", "debug",
             "--max-http-buffer-size", "1000000"]
    for expected in ([], [1]):
        with subprocess.Popen([*SHIM, *flags], cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
            assert eventually(lambda: reachable(port))
            theirs = znsocket.Client(f"http://127.0.0.1:{port}", connect_wait_timeout=10)
            assert list(znsocket.List(theirs, "k")) == expected
            theirs.sio.disconnect()
            with coppice.Client(f"http://127.0.0.1:{port}") as ours:
                coppice.List(ours, "k").append(1)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 128 + signal.SIGTERM
        assert not reachable(port), "the server has ended with the program"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell a child")
def test_the_server_ends_with_a_program_that_is_killed(tmp_path: Path, port: int) -> None:
    with subprocess.Popen([*SHIM, "--port", str(port)], cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        assert eventually(lambda: reachable(port))
        process.kill()
    assert eventually(lambda: not reachable(port))


def test_memory_leaves_nothing(tmp_path: Path, port: int) -> None:
    with subprocess.Popen([*SHIM, "--port", str(port), "--storage", "memory"], stderr=subprocess.DEVNULL) as process:
        assert eventually(lambda: reachable(port))
        process.send_signal(signal.SIGINT)
        process.wait(30)
    assert list(tmp_path.iterdir()) == []


def test_the_flags_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    said = capsys.readouterr().out
    for flag in ("--port", "--hostname", "--storage", "--max-http-buffer-size", "--log-level"):
        assert flag in said


@pytest.mark.parametrize(("flags", "says"), [
    (["--prot", "1"], "unrecognized arguments: --prot 1"),
    (["--port", "many"], "argument --port: invalid int value: 'many'"),
    (["--port", "70000"], "Invalid port 70000: expected 0 to 65535"),
    (["--log-level", "LOUD"], "Invalid log level 'LOUD': expected DEBUG, INFO, WARNING, ERROR, CRITICAL"),
    (["--storage", "memroy"], "Unsupported storage backend: memroy; expected memory or a folder, as ./data"),
    (["--storage", "redis://h:6379"], "`coppice import redis://h:6379 --store ./data` copies it there once"),
])
def test_wrong_flags_are_one_error(capsys: pytest.CaptureFixture[str], flags: list[str], says: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(flags)
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), err.startswith("error: ")) == ("", 1, True)
    assert says in err


def test_without_a_server_it_says_where_that_could_be(tmp_path: Path) -> None:
    nowhere = {**os.environ, "COPPICE_PROGRAM": "", "PATH": str(tmp_path)}
    said = subprocess.run([*SHIM], env=nowhere, capture_output=True, text=True, timeout=60, check=False)
    assert (said.returncode, said.stderr.count("\n")) == (1, 1)
    assert "COPPICE_PROGRAM" in said.stderr


def test_a_server_from_python(port: int) -> None:
    server = coppice.Server.from_url(f"znsocket://127.0.0.1:{port}")
    assert (server.port, server.storage) == (port, "memory")
    left: list[int] = []
    thread = threading.Thread(target=lambda: left.append(server.run()))
    thread.start()
    assert eventually(lambda: reachable(port))
    with coppice.Client(f"coppice://127.0.0.1:{port}") as client:
        client.shutdown()
    thread.join(30)
    assert left == [0]
    for wrong in ("znsocket://host", "ftp://h:1", "h:5000", "znsocket://h:port"):
        with pytest.raises(ValueError, match="Invalid URL"):
            coppice.Server.from_url(wrong)
    with pytest.raises(ValueError, match="Unsupported storage backend: other"):
        coppice.Server(storage="other")
