"""A client of the soak test: sends random units ahead of their replies, remembers what was acknowledged, and after a
restart finds its world again as it was at the last acknowledged unit or at a later one that it had sent."""
from __future__ import annotations

import random
import threading
from collections import deque
from typing import Any

from harness import Connection, Lost, ReplyError, Word
from load import SPACES, Load, Unit
from model import ANY, Branch, Entry, Spaces, World

PIPELINE_MAX = 40


class Wrong(Exception):
    """The server is not as the model says."""


def shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 300 else f"{text[:300]}... ({len(text)} characters)"


def same(expected: Any, answered: Any) -> bool:
    """Is this reply the expected one? Hashes and sets come in any order."""
    if expected is ANY:
        return not isinstance(answered, ReplyError)
    if isinstance(expected, dict):
        return isinstance(answered, list) and dict(zip(answered[::2], answered[1::2])) == expected
    return bool(expected == answered)


class Client:
    def __init__(self, name: str, seed: int, big_bytes: int) -> None:
        self.name = name
        self.rng = random.Random(f"{seed} {name}")
        self.load = Load(name, self.rng, big_bytes)
        self.acked = World({"main": Branch()})
        self.ahead = self.acked.copy()
        self.pending: deque[tuple[Unit, list[Any]]] = deque()
        self.units = 0
        self.failure: str | None = None
        self.thread: threading.Thread | None = None

    # ---- under load

    def start(self, port: int, stop: threading.Event) -> None:
        self.thread = threading.Thread(target=self.run, args=(port, stop), daemon=True)
        self.thread.start()

    def join(self) -> None:
        assert self.thread is not None
        self.thread.join(120)
        if self.thread.is_alive():
            self.failure = "hangs"

    def run(self, port: int, stop: threading.Event) -> None:
        """Until told to stop (all is acknowledged then) or the server is gone."""
        self.load.reconnected()
        try:
            with Connection(port) as connection:
                while not stop.is_set():
                    self.send(connection, self.rng.choice((1, 1, 3, 10, PIPELINE_MAX)))
                    # Sometimes the next are sent before the first are answered.
                    self.receive(connection, 0 if self.rng.random() < 0.8 else len(self.pending) // 2)
                self.receive(connection, 0)
        except Lost:
            pass
        except Wrong as wrong:
            self.failure = str(wrong)

    def send(self, connection: Connection, count: int) -> None:
        commands: list[tuple[bytes, ...]] = []
        for _ in range(count):
            unit = self.load.next(self.ahead)
            self.pending.append((unit, [self.ahead.apply(op) for op in unit.ops]))
            commands += unit.wire
        connection.send(*commands)

    def receive(self, connection: Connection, left: int) -> None:
        while len(self.pending) > left:
            unit, expected = self.pending[0]
            replies = [connection.reply() for _ in unit.wire]
            self.check(unit, expected, replies)
            for op in unit.ops:
                self.acked.apply(op)
            self.pending.popleft()
            self.units += 1

    def check(self, unit: Unit, expected: list[Any], replies: list[Any]) -> None:
        answered = replies[-1] if unit.is_transaction else replies
        if isinstance(answered, ReplyError):
            raise Wrong(f"{self.name}: {shown(unit.wire)} answered {answered}")
        for index, reply in enumerate(answered):
            wanted = expected[index] if index < len(expected) else ANY
            if not same(wanted, reply):
                raise Wrong(f"{self.name}: {shown(unit.wire)} answered {shown(reply)}, not {shown(wanted)}")

    # ---- after a restart

    def find_again(self, port: int) -> int:
        """Compares what is stored with the model; how many units that were not acknowledged had happened."""
        with Connection(port) as connection:
            stored = Stored(self.name, connection).world()
        world, happened = self.acked.copy(), 0
        differences = difference(world, stored)
        first = differences
        for unit, _ in list(self.pending):
            if not differences:
                break
            for op in unit.ops:
                world.apply(op)
            happened += 1
            differences = difference(world, stored)
        if differences:
            raise Wrong(f"{self.name}: neither what was acknowledged nor any of {len(self.pending)} units later;"
                        f" from what was acknowledged: {first}; from all that was sent: {differences}")
        self.forget_unsure_heads(world, stored, happened)
        self.acked, self.ahead = world, world.copy()
        self.pending.clear()
        return happened

    def forget_unsure_heads(self, world: World, stored: World, happened: int) -> None:
        """A commit changes nothing that is compared: where one may have happened, a branch's newest is unknown."""
        later = world.copy()
        for unit, _ in list(self.pending)[happened:]:
            for op in unit.ops:
                later.apply(op)
            if difference(later, stored):
                continue
            for name, branch in later.branches.items():
                if branch.head != world.branches[name].head:
                    world.branches[name].head = None


class Stored:
    """Reads a client's whole world from the server."""

    def __init__(self, name: str, connection: Connection) -> None:
        self.name = name
        self.connection = connection

    def world(self) -> World:
        branches = [name for name in self.names("BRANCH") if name == "main" or name.startswith(self.name + "-")]
        tags = [name for name in self.names("TAG") if name.startswith(self.name + "-")]
        return World({name: Branch(self.spaces("ON", name)) for name in branches},
                     {name: self.spaces("AT", name) for name in tags})

    def names(self, kind: str) -> list[str]:
        rows = self.connection.ask(kind, "LIST")
        return [text_of(row).decode() for row in rows]

    def many(self, commands: list[list[Word]]) -> list[Any]:
        replies = self.connection.ask_many(commands)
        for command, reply in zip(commands, replies):
            if isinstance(reply, ReplyError):
                raise Wrong(f"{self.name}: {shown(command)} answered {reply}")
        return replies

    def spaces(self, how: str, reference: str) -> Spaces:
        found: Spaces = {}
        for space in SPACES:
            _, keys = self.many([["SELECT", space], [how, reference, "KEYS", self.name + ":*"]])
            reads: list[list[Word]] = []
            for key in keys:
                reads.append([how, reference, *whole_read(key)])
                reads.append([how, reference, "PEXPIRETIME", key])
            replies = self.many(reads)
            for key, value, deadline in zip(keys, replies[::2], replies[1::2]):
                found.setdefault(space, {})[key] = Entry(as_value(key, value), max(deadline, 0))
        return found


def text_of(row: Any) -> bytes:
    """The name in a row of BRANCH LIST or TAG LIST: a text, or a map or list that has it first or under `name`."""
    if isinstance(row, bytes):
        return row
    fields = dict(zip(row[::2], row[1::2]))
    return fields[b"name"] if b"name" in fields else row[0]


def whole_read(key: bytes) -> list[Word]:
    kind = key.split(b":")[1]
    if kind in b"sn":
        return ["GET", key]
    return {b"h": ["HGETALL", key], b"l": ["LRANGE", key, 0, -1], b"t": ["SMEMBERS", key]}[kind]


def as_value(key: bytes, value: Any) -> Any:
    kind = key.split(b":")[1]
    if kind == b"h":
        return dict(zip(value[::2], value[1::2]))
    return frozenset(value) if kind == b"t" else value


def difference(expected: World, stored: World) -> str:
    """The first difference, in words; empty when there is none."""
    for what, one, other in (("branches", expected.branches, stored.branches), ("tags", expected.tags, stored.tags)):
        if one.keys() != other.keys():
            return f"{what} {sorted(other)}, expected {sorted(one)}"
    for name, branch in expected.branches.items():
        if said := difference_of_spaces(branch.spaces, stored.branches[name].spaces):
            return f"branch {name}: {said}"
    for name, spaces in expected.tags.items():
        if said := difference_of_spaces(spaces, stored.tags[name]):
            return f"tag {name}: {said}"
    return ""


def difference_of_spaces(expected: Spaces, stored: Spaces) -> str:
    for space in SPACES:
        one, other = expected.get(space, {}), stored.get(space, {})
        for key in sorted(one.keys() | other.keys()):
            if one.get(key) != other.get(key):
                return f"space {space} key {key.decode()}: {shown(other.get(key))}, expected {shown(one.get(key))}"
    return ""
