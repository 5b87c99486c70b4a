"""What a client of the soak test does: random operations, weighted, on keys of its own.

A Unit is what is acknowledged by one reply: a command, or a whole MULTI ... EXEC.
"""
from __future__ import annotations

import random
from dataclasses import dataclass

from model import Op, World

KINDS = b"snhlt"  # string, number, hash, list, set: the letter in a key's name
SPACES = (0, 3)
FAR = 4102444800000  # 2100-01-01
BRANCHES_MAX = 4
TAGS_MAX = 3


@dataclass(frozen=True)
class Unit:
    """Commands as sent, how many replies come, and what they do once the last of them is there."""

    wire: tuple[tuple[bytes, ...], ...]
    ops: tuple[Op, ...]
    is_transaction: bool = False


class Load:
    """The random source of one client. `here` and `space` are its connection's branch and key space."""

    def __init__(self, name: str, rng: random.Random, big_bytes: int) -> None:
        self.name = name
        self.rng = rng
        self.big_bytes = big_bytes
        self.number = 0
        self.here = "main"
        self.space = 0

    def reconnected(self) -> None:
        self.here, self.space = "main", 0

    # ---- words

    def key(self, kind: str) -> bytes:
        return f"{self.name}:{kind}:{self.rng.randrange(8)}".encode()

    def value(self) -> bytes:
        """Unlike any other, so that a stale one shows itself; sometimes long."""
        self.number += 1
        text = b"%s-%d-" % (self.name.encode(), self.number)
        roll = self.rng.random()
        size = 2000 if roll > 0.93 else 100 if roll > 0.6 else 0
        if roll > 0.995:
            size = self.rng.randrange(self.big_bytes)
        return text + self.rng.randbytes(size)

    def values(self) -> tuple[bytes, ...]:
        return tuple(self.value() for _ in range(self.rng.choice((1, 1, 2, 5, 30))))

    def member(self) -> bytes:
        return b"m%d" % self.rng.randrange(60)

    def members(self) -> tuple[bytes, ...]:
        return tuple(self.member() for _ in range(self.rng.choice((1, 2, 8))))

    # ---- commands on keys

    def on_string(self) -> tuple[bytes, ...]:
        key, number = self.key("s"), b"%d" % self.rng.randrange(3000)
        return self.rng.choice((
            lambda: (b"SET", key, self.value()),
            lambda: (b"SET", key, self.value()),
            lambda: (b"APPEND", key, self.value()),
            lambda: (b"SETRANGE", key, number, self.value()),
            lambda: (b"GET", key),
            lambda: (b"GETDEL", key),
            lambda: (b"MSET", self.key("s"), self.value(), self.key("s"), self.value(), self.key("s"), self.value()),
            lambda: (b"INCRBY", self.key("n"), number),
            lambda: (b"INCRBY", self.key("n"), b"%d" % -self.rng.randrange(3000)),
        ))()

    def on_hash(self) -> tuple[bytes, ...]:
        key = self.key("h")
        pairs = tuple(word for member in self.members() for word in (member, self.value()))
        return self.rng.choice((
            (b"HSET", key, *pairs),
            (b"HSET", key, *pairs),
            (b"HDEL", key, *self.members()),
            (b"HGETALL", key),
        ))

    def on_list(self, world: World, branch: str) -> tuple[bytes, ...]:
        key = self.key("l")
        entry = world.branches[branch].space(self.space).get(key)
        length = len(entry.value) if entry else 0
        at = b"%d" % self.rng.randrange(length + 1)
        if length > 400:
            return (b"LTRIM", key, b"10", b"200")
        return self.rng.choice((
            lambda: (b"RPUSH", key, *self.values()),
            lambda: (b"LPUSH", key, *self.values()),
            lambda: (b"LPOP", key),
            lambda: (b"LSET", key, at, self.value()),
            lambda: (b"LSPLICE", key, at, b"%d" % self.rng.randrange(5), *self.values()),
            lambda: (b"LSPLICE", key, at, b"%d" % self.rng.randrange(30)),
            lambda: (b"LRANGE", key, b"0", b"-1"),
        ))()

    def on_set(self) -> tuple[bytes, ...]:
        return self.rng.choice(((b"SADD", self.key("t"), *self.members()), (b"SREM", self.key("t"), *self.members())))

    def on_keys(self, branch: str) -> tuple[bytes, ...]:
        kind = chr(self.rng.choice(KINDS))
        key, other, space = self.key(kind), self.key(kind), b"%d" % self.rng.choice(SPACES)
        if other == key:
            return (b"PEXPIREAT", key, b"%d" % (FAR + self.rng.randrange(1000)))
        own = branch != "main"
        return self.rng.choice((
            (b"DEL", key, other),
            (b"UNLINK", key),
            (b"PEXPIREAT", key, b"%d" % (FAR + self.rng.randrange(1000))),
            (b"PERSIST", key),
            (b"RENAME", key, other),
            (b"COPY", key, other, b"DB", space, b"REPLACE"),
            (b"MOVE", key, b"%d" % self.other_space()),
            (b"FLUSHDB",) if own and self.rng.random() < 0.3 else (b"DEL", key),
            (b"SWAPDB", b"0", b"3") if own and self.rng.random() < 0.3 else (b"PERSIST", key),
        ))

    def other_space(self) -> int:
        return SPACES[1] if self.space == SPACES[0] else SPACES[0]

    def copy_from(self, world: World, branch: str) -> tuple[bytes, ...]:
        reference = self.rng.choice([*world.branches, *world.tags]).encode()
        kind = chr(self.rng.choice(KINDS))
        key, other = self.key(kind), self.key(kind)
        if key == other and reference == branch.encode():
            return (b"PERSIST", key)
        return (b"COPY", key, other, b"DB", b"%d" % self.rng.choice(SPACES), b"FROM", reference, b"REPLACE")

    def words(self, world: World, branch: str) -> tuple[bytes, ...]:
        roll = self.rng.random()
        if roll < 0.35:
            return self.on_string()
        if roll < 0.50:
            return self.on_hash()
        if roll < 0.72:
            return self.on_list(world, branch)
        if roll < 0.82:
            return self.on_set()
        return self.on_keys(branch) if roll < 0.96 else self.copy_from(world, branch)

    # ---- units

    def next(self, world: World) -> Unit:
        """The next unit for a world in which all that was sent before is done."""
        roll = self.rng.random()
        if roll < 0.04:
            return self.connection_unit(world)
        if roll < 0.09:
            return self.branch_unit(world)
        if roll < 0.14:
            return self.transaction(world)
        branch = self.rng.choice(list(world.branches)) if roll < 0.4 else self.here
        op = Op(branch, self.space, self.words(world, branch))
        wire = op.words if branch == self.here else (b"ON", branch.encode(), *op.words)
        return Unit((wire,), (op,))

    def connection_unit(self, world: World) -> Unit:
        if self.rng.random() < 0.5:
            self.space = self.rng.choice(SPACES)
            return Unit(((b"SELECT", b"%d" % self.space),), ())
        self.here = self.rng.choice(list(world.branches))
        return Unit(((b"BRANCH", b"USE", self.here.encode()),), ())

    def transaction(self, world: World) -> Unit:
        ahead = world.copy()
        ops = []
        for _ in range(self.rng.randrange(1, 6)):
            ops.append(Op(self.here, self.space, self.words(ahead, self.here)))
            ahead.apply(ops[-1])
        return Unit(((b"MULTI",), *(op.words for op in ops), (b"EXEC",)), tuple(ops), True)

    def new_name(self, kind: str) -> bytes:
        self.number += 1
        return f"{self.name}-{kind}{self.number}".encode()

    def branch_unit(self, world: World) -> Unit:
        words = self.branch_words(world)
        return Unit((words,), (Op(self.here, self.space, words),))

    def branch_words(self, world: World) -> tuple[bytes, ...]:
        """A change of the client's own branches and tags; COMMIT concerns the connection's branch."""
        references = [*world.branches, *world.tags]
        idle = [name for name in world.branches if name not in ("main", self.here)]
        tagged = [name for name, branch in world.branches.items() if branch.head is not None and name != "main"]
        choices: list[tuple[bytes, ...]] = [(b"COMMIT", b"MESSAGE", self.value()[:50].hex().encode())]
        if len(world.branches) < BRANCHES_MAX:
            choices += [(b"BRANCH", b"CREATE", self.new_name("b"), b"FROM", self.rng.choice(references).encode())] * 3
        if idle:
            chosen = self.rng.choice(idle).encode()
            choices.append((b"BRANCH", b"RENAME", chosen, self.new_name("r")))
            choices.append((b"REWIND", chosen, self.rng.choice(references).encode()))
            if len(world.branches) > 2:
                choices.append((b"BRANCH", b"DELETE", chosen))
        if tagged and len(world.tags) < TAGS_MAX:
            choices.append((b"TAG", b"CREATE", self.new_name("t"), self.rng.choice(tagged).encode() + b"~0"))
        if world.tags:
            choices.append((b"TAG", b"DELETE", self.rng.choice(list(world.tags)).encode()))
        return self.rng.choice(choices)
