#!/usr/bin/python3
"""The program's verbs on a running server and on a folder, exit codes, --json, a clean stop and the next start."""
from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import socket
import stat
import subprocess
import time
import unittest
from typing import Any

from content import content, filled
from harness import Server, Workplace, is_sanitized, program, run, start


class Program(unittest.TestCase):
    def setUp(self) -> None:
        self.place = Workplace("program")
        self.addCleanup(self.place.__exit__, None)
        self.folder = self.place.path / "data"
        self.environment = {**os.environ, "HOME": str(self.place.path), "XDG_CONFIG_HOME": str(self.place.path / "config"),
                            "NO_COLOR": "1"}
        for name in ("COPPICE_STORE", "COPPICE_BRANCH"):
            self.environment.pop(name, None)

    def coppice(self, *words: str, store: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = run(*words[:1], "--store", store, *words[1:], env=self.environment)
        self.assertEqual(done.returncode, code, f"{words}: {done.stdout}{done.stderr}")
        return done

    def from_json(self, *words: str, store: str) -> Any:
        return json.loads(self.coppice(words[0], "--json", *words[1:], store=store).stdout)

    def verbs_on(self, store: str) -> None:
        """One story that uses most verbs."""
        documents = self.place.path / "documents.json"
        documents.write_text(json.dumps([{"id": f"n{number}", "name": f"name {number}"} for number in range(50)]
                                        + [{"id": "n" * 9000 + last, "name": "long"} for last in "abc"]))
        self.coppice("import", str(documents), "docs", "--id", "id", store=store)
        self.coppice("set", "greeting", "hello", store=store)
        self.assertIn("hello", self.coppice("get", "greeting", store=store).stdout)
        self.assertIn("docs:n7", self.coppice("ls", "docs:*", store=store).stdout)
        self.assertTrue(self.from_json("commit", "-m", "first", store=store)["new"])
        self.coppice("tag", "v1", store=store)
        self.coppice("branch", "exp", store=store)
        self.coppice("exec", "--branch", "exp", "HSET", "docs:n7", "name", "changed", store=store)
        changes = self.from_json("diff", "main", "exp", store=store)["changes"]
        self.assertEqual([change["key"] for change in changes], ["docs:n7"])
        self.assertIn("name 7", self.coppice("at", "v1", "HGETALL", "docs:n7", store=store).stdout)
        self.assertEqual(len(self.from_json("branch", store=store)), 2)
        self.assertIn("first", self.coppice("log", store=store).stdout)
        self.assertIn("main", self.coppice("status", store=store).stdout)
        exported = self.place.path / "exported.json"
        exported.unlink(missing_ok=True)
        self.coppice("export", "docs", str(exported), store=store)
        self.assertEqual(json.loads(exported.read_text()), json.loads(documents.read_text()))
        self.assertTrue(self.from_json("verify", store=store)["sound"])
        self.coppice("gc", store=store)
        self.coppice("info", store=store)

    def test_verbs_on_a_server(self) -> None:
        with Server(self.folder).start() as server:
            self.verbs_on(server.url)
            backup = self.place.path / "backup"
            self.coppice("backup", str(backup), store=server.url)
            with server.connect() as connection:
                before = content(connection)
        with Server(backup).start() as copy, copy.connect() as connection:
            self.assertEqual(content(connection), before)

    def test_verbs_on_a_folder(self) -> None:
        self.verbs_on(str(self.folder))
        with Server(self.folder).start() as server, server.connect() as connection:
            self.assertEqual(connection.ask("GET", "greeting"), b"hello")

    def test_verbs_on_a_folder_that_is_served_go_to_its_server(self) -> None:
        with Server(self.folder).start() as server:
            self.coppice("set", "key", "by the folder", store=str(self.folder))
            with server.connect() as connection:
                self.assertEqual(connection.ask("GET", "key"), b"by the folder")

    def test_a_second_server_on_a_folder_is_told_who_has_it(self) -> None:
        with Server(self.folder).start() as server:
            second = run("serve", self.folder, "--port", "0", env=self.environment)
            self.assertEqual(second.returncode, 1)
            assert server.process is not None
            self.assertRegex(second.stderr, rf"pid {server.process.pid}, listening at .*:{server.port}; stop that one, or "
                             rf"serve another folder than {self.folder}")
            self.assertTrue(server.answers())

    def test_a_taken_port_is_named(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            refused = run("serve", self.folder, "--port", port, env=self.environment)
        self.assertEqual(refused.returncode, 1)
        self.assertRegex(refused.stderr, rf"{port}.*in use|in use.*{port}")
        self.assertIn("another server listens there, choose another port with --port", refused.stderr)

    def test_exit_codes(self) -> None:
        with Server(self.folder).start() as server:
            self.coppice("get", "nothing", store=server.url, code=1)
            self.coppice("nosuchverb", store=server.url, code=2)
            self.coppice("branch", "--nosuchoption", store=server.url, code=2)
            self.coppice("at", "nosuchversion", "GET", "a", store=server.url, code=1)
            failed = run("at", "--store", server.url, "--json", "nosuchversion", "GET", "a", env=self.environment)
            self.assertIn("nosuchversion", json.loads(failed.stderr)["error"]["message"])
        self.coppice("get", "a", store="coppice://127.0.0.1:1", code=1)
        self.assertEqual(run("--version").returncode, 0)
        self.assertEqual(run("--help").returncode, 0)

    def test_an_import_that_is_interrupted_says_what_it_wrote_and_how_to_go_back(self) -> None:
        with Server(self.folder).start() as server:
            first = self.place.path / "first.csv"
            first.write_text("id,n\n" + "".join(f"old{row},1\n" for row in range(500)))
            self.coppice("import", str(first), "x", "--id", "id", store=server.url)
            time.sleep(1.2)  # a restore point
            for number, code, flags in ((signal.SIGINT, 130, ("--replace",)), (signal.SIGTERM, 143, ())):
                importing = start("import", "--store", server.url, "-", "x", "--format", "csv", "--id", "id", *flags,
                                  env=self.environment)
                assert importing.stdin is not None
                importing.stdin.write("id,n\n" + "".join(f"new{row},2\n" for row in range(60000)))
                importing.stdin.flush()
                with server.connect() as connection:
                    until = time.time() + 30
                    while connection.ask("EXISTS", "x:new5") != 1 and time.time() < until:
                        time.sleep(0.05)
                time.sleep(0.2)
                importing.send_signal(number)
                out, err = importing.communicate(timeout=30)
                self.assertEqual(importing.returncode, code, out + err)
                self.assertRegex(err, r"^error: interrupted; [0-9,]+ documents are imported as x:\.\.\.")
                self.assertEqual("removed 500 keys" in err, flags == ("--replace",), err)
                self.assertEqual(err.count("\n"), 1, err)
                back = re.search(r"`coppice (exec REWIND main main@[0-9.]+)`", err)
                assert back is not None, err
            self.coppice(*back[1].split(), store=server.url)

    def test_what_is_not_there_is_said_and_nothing_is_made(self) -> None:
        for words in (["status"], ["ls"], ["get", "a"], ["verify"], ["branch", "exp"], ["gc"], ["export", "a"]):
            said = self.coppice(*words, store=str(self.folder), code=1)
            self.assertRegex(said.stderr, r"there is no store in .*data; --store names another, `coppice serve` and")
        self.assertFalse(self.folder.exists())
        self.coppice("set", "a", "1", store=str(self.folder))
        self.assertEqual(self.coppice("get", "a", store=str(self.folder)).stdout, "1\n")
        self.coppice("backup", str(self.place.path / "copy"), store=str(self.folder))
        said = self.coppice("backup", str(self.place.path / "copy"), store=str(self.folder), code=1)
        self.assertIn("is there already; a backup goes to a new folder", said.stderr)
        said = self.coppice("backup", str(self.folder / "copy"), store=str(self.folder), code=1)
        self.assertIn("lies in the store's own folder", said.stderr)

    def test_a_folder_of_something_else_is_left_alone(self) -> None:
        self.folder.mkdir()
        (self.folder / "README.md").write_text("a project")
        (self.folder / "log").mkdir()
        for words in (["serve", str(self.folder), "--port", "0"], ["set", "a", "1", "--store", str(self.folder)]):
            said = run(*words, seconds=20, env=self.environment)
            self.assertEqual(said.returncode, 1, said.stderr)
            self.assertIn("holds no store, but something else (README.md): choose an empty folder or a new one", said.stderr)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["README.md", "log"])
        (self.folder / "README.md").rename(self.folder / ".README.md")
        (self.folder / "lost+found").mkdir()
        self.coppice("set", "a", "1", store=str(self.folder))

    def test_a_store_that_cannot_be_written_is_verified_and_what_else_can_be_done_is_said(self) -> None:
        with Server(self.folder).start() as server, server.connect() as connection:
            filled(connection, keys=60)
            server.kill()
        where = self.place.path / "read-only"
        where.mkdir()
        for command in (["mount", "--bind", str(self.folder), str(where)],
                        ["mount", "-o", "remount,ro,bind", str(where)]):
            done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
            if done.returncode:
                self.skipTest(f"nothing can be mounted here: {done.stderr}")
            if command[1] == "--bind":
                self.addCleanup(subprocess.run, ["umount", "-l", str(where)], timeout=20, check=False)
        self.assertIn("is sound", self.coppice("verify", store=str(where)).stdout)
        for words in (["get", "a"], ["status"], ["export", "a"], ["set", "a", "1"]):
            said = self.coppice(*words, store=str(where), code=1)
            self.assertRegex(said.stderr, r"Read-only file system; an open store writes to its folder: mount it writable, "
                             r"or copy the folder to where that is so \(`coppice verify` reads it where it lies\)\n$")

    def test_a_backup_that_was_cut_off_makes_room_for_the_next(self) -> None:
        target = self.place.path / "copy"
        growing = self.place.path / "copy.unfinished"
        with Server(self.folder).start() as server:
            with server.connect() as connection:
                filled(connection, keys=60)
                connection.send(["STORE", "BACKUP", str(target)])
                until = time.time() + 20
                while not growing.exists() and not target.exists() and time.time() < until:
                    pass
                server.kill()
            server.start()
            if not target.exists():
                self.assertTrue(growing.exists())
            else:  # it was faster than the kill
                target.rename(growing)
            self.coppice("backup", str(target), store=server.url)
        self.assertFalse(growing.exists())
        self.assertIn("is sound", self.coppice("verify", store=str(target)).stdout)

    def test_verbs_on_one_folder_wait_for_each_other(self) -> None:
        self.coppice("set", "a", "1", store=str(self.folder))
        count = 2 if is_sanitized() else 6  # each waits five seconds at most for all before it
        at_once = [subprocess.Popen([str(program()), "set", f"key:{number}", "v", "--store", str(self.folder)],
                                    stderr=subprocess.PIPE, env=self.environment) for number in range(count)]
        for each in at_once:
            _, said = each.communicate(timeout=60)
            self.assertEqual(each.returncode, 0, said)
        self.assertEqual(self.coppice("get", f"key:{count - 1}", store=str(self.folder)).stdout, "v\n")

    def test_who_keeps_a_folder_is_named(self) -> None:
        self.coppice("set", "a", "1", store=str(self.folder))
        with open(self.folder / "LOCK", "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.truncate()
            lock.write(f"pid {os.getpid()}".encode())
            lock.flush()
            begun = time.monotonic()
            said = self.coppice("set", "a", "2", store=str(self.folder), code=1)
        self.assertGreater(time.monotonic() - begun, 3)
        self.assertIn(f"in use by pid {os.getpid()}, which has not let go of it for 5 seconds", said.stderr)

    def test_output_that_cannot_be_written_is_an_error(self) -> None:
        self.coppice("set", "a", "1", store=str(self.folder))
        for words in (["ls"], ["ls", "--json"], ["get", "a"], ["status"], ["verify"]):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([str(program()), *words, "--store", str(self.folder)], stdout=full,
                                      stderr=subprocess.PIPE, env=self.environment, timeout=60, check=False)
            self.assertEqual(done.returncode, 1, words)
            self.assertIn(b"cannot write the output", done.stderr)

    def test_the_folder_is_private(self) -> None:
        with Server(self.folder).start():
            self.assertEqual(stat.S_IMODE(self.folder.stat().st_mode), 0o700)

    def test_a_clean_stop_and_the_next_start(self) -> None:
        with Server(self.folder).start() as server:
            with server.connect() as connection:
                filled(connection, keys=60)
                before = content(connection)
            self.assertEqual(server.stop(), 0)
            server.start()
            with server.connect() as connection:
                self.assertEqual(content(connection), before)
                connection.send(["SHUTDOWN"])
            assert server.process is not None
            self.assertEqual(server.process.wait(60), 0)
            server.start()
            with server.connect() as connection:
                self.assertEqual(content(connection), before)

    def test_without_a_password_only_loopback_is_served(self) -> None:
        command = [str(program()), "serve", str(self.folder), "--port", "0", "--bind", "0.0.0.0"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            _, said = process.communicate(timeout=3)
            self.assertEqual(process.returncode, 1)
            self.assertRegex(said, "protected|password")
        except subprocess.TimeoutExpired:
            pass  # it may serve this machine alone, as Redis does
        finally:
            process.kill()
            process.communicate(timeout=30)


if __name__ == "__main__":
    unittest.main()
