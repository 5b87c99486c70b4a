"""What one client of the soak test believes is stored: its own keys on all branches, its branches and tags.

A World is changed by operations, each of which says what the server must answer. Values are never changed in place, so
a copy of a world copies dictionaries and shares the values.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable

from harness import ReplyError

Key = bytes
Value = bytes | list[bytes] | dict[bytes, bytes] | frozenset[bytes]
OK = b"OK"
ANY = object()  # any reply that is no error


@dataclass(frozen=True)
class Entry:
    """A key's value and its deadline in milliseconds, or 0."""

    value: Value
    deadline: int = 0


Space = dict[Key, Entry]
Spaces = dict[int, Space]


def copied(spaces: Spaces) -> Spaces:
    return {number: dict(space) for number, space in spaces.items() if space}


@dataclass
class Branch:
    spaces: Spaces = field(default_factory=dict)
    head: Spaces | None = None  # what its newest commit says, where that is known

    def space(self, number: int) -> Space:
        return self.spaces.setdefault(number, {})

    def copy(self) -> Branch:
        return Branch(copied(self.spaces), self.head)


@dataclass(frozen=True)
class Op:
    """A command on a branch and a key space."""

    branch: str
    space: int
    words: tuple[bytes, ...]


@dataclass
class World:
    branches: dict[str, Branch]
    tags: dict[str, Spaces] = field(default_factory=dict)

    def copy(self) -> World:
        return World({name: branch.copy() for name, branch in self.branches.items()}, dict(self.tags))

    def apply(self, op: Op) -> Any:
        """Does it; what the server must answer."""
        return HANDLERS[op.words[0]](self, op)

    def entries(self, op: Op) -> Space:
        return self.branches[op.branch].space(op.space)

    def spaces_of(self, reference: str) -> Spaces:
        return self.branches[reference].spaces if reference in self.branches else self.tags[reference]


Handler = Callable[[World, Op], Any]
HANDLERS: dict[bytes, Handler] = {}


def handles(name: bytes) -> Callable[[Handler], Handler]:
    def add(handler: Handler) -> Handler:
        HANDLERS[name] = handler
        return handler

    return add


def stored(space: Space, key: Key, value: Value) -> None:
    """Replaces a value, keeps its deadline; an empty one is no key."""
    old = space.get(key)
    if isinstance(value, bytes) or value:
        space[key] = Entry(value, old.deadline if old else 0)
    else:
        space.pop(key, None)


def held(space: Space, key: Key, empty: Any) -> Any:
    entry = space.get(key)
    return entry.value if entry else empty


# ---- strings

@handles(b"SET")
def set_(world: World, op: Op) -> Any:
    world.entries(op)[op.words[1]] = Entry(op.words[2])
    return OK


@handles(b"MSET")
def mset(world: World, op: Op) -> Any:
    for key, value in zip(op.words[1::2], op.words[2::2]):
        world.entries(op)[key] = Entry(value)
    return OK


@handles(b"GET")
def get(world: World, op: Op) -> Any:
    return held(world.entries(op), op.words[1], None)


@handles(b"GETDEL")
def getdel(world: World, op: Op) -> Any:
    entry = world.entries(op).pop(op.words[1], None)
    return entry.value if entry else None


@handles(b"APPEND")
def append(world: World, op: Op) -> Any:
    space = world.entries(op)
    longer = held(space, op.words[1], b"") + op.words[2]
    stored(space, op.words[1], longer)
    return len(longer)


@handles(b"SETRANGE")
def setrange(world: World, op: Op) -> Any:
    space, at = world.entries(op), int(op.words[2])
    old = held(space, op.words[1], b"").ljust(at, b"\0")
    stored(space, op.words[1], old[:at] + op.words[3] + old[at + len(op.words[3]) :])
    return len(held(space, op.words[1], b""))


@handles(b"INCRBY")
def incrby(world: World, op: Op) -> Any:
    space = world.entries(op)
    number = int(held(space, op.words[1], b"0")) + int(op.words[2])
    stored(space, op.words[1], b"%d" % number)
    return number


# ---- keys

@handles(b"DEL")
def delete(world: World, op: Op) -> Any:
    space = world.entries(op)
    return sum(space.pop(key, None) is not None for key in op.words[1:])


HANDLERS[b"UNLINK"] = delete


@handles(b"PEXPIREAT")
def pexpireat(world: World, op: Op) -> Any:
    space = world.entries(op)
    entry = space.get(op.words[1])
    if entry is None:
        return 0
    space[op.words[1]] = Entry(entry.value, int(op.words[2]))
    return 1


@handles(b"PERSIST")
def persist(world: World, op: Op) -> Any:
    space = world.entries(op)
    entry = space.get(op.words[1])
    if entry is None or not entry.deadline:
        return 0
    space[op.words[1]] = Entry(entry.value)
    return 1


@handles(b"RENAME")
def rename(world: World, op: Op) -> Any:
    space = world.entries(op)
    entry = space.pop(op.words[1], None)
    if entry is None:
        return ReplyError("ERR no such key")
    space[op.words[2]] = entry
    return OK


@handles(b"COPY")
def copy(world: World, op: Op) -> Any:
    """COPY source destination DB n [FROM reference] REPLACE"""
    source = world.branches[op.branch].spaces
    if b"FROM" in op.words:
        source = world.spaces_of(op.words[6].decode())
    entry = source.get(op.space, {}).get(op.words[1])
    if entry is None:
        return 0
    world.branches[op.branch].space(int(op.words[4]))[op.words[2]] = entry
    return 1


@handles(b"MOVE")
def move(world: World, op: Op) -> Any:
    space, target = world.entries(op), world.branches[op.branch].space(int(op.words[2]))
    if op.words[1] not in space or op.words[1] in target:
        return 0
    target[op.words[1]] = space.pop(op.words[1])
    return 1


@handles(b"FLUSHDB")
def flushdb(world: World, op: Op) -> Any:
    world.entries(op).clear()
    return OK


@handles(b"SWAPDB")
def swapdb(world: World, op: Op) -> Any:
    spaces, one, two = world.branches[op.branch].spaces, int(op.words[1]), int(op.words[2])
    spaces[one], spaces[two] = spaces.get(two, {}), spaces.get(one, {})
    return OK


# ---- hashes

@handles(b"HSET")
def hset(world: World, op: Op) -> Any:
    space = world.entries(op)
    old = held(space, op.words[1], {})
    new = {**old, **dict(zip(op.words[2::2], op.words[3::2]))}
    stored(space, op.words[1], new)
    return len(new) - len(old)


@handles(b"HDEL")
def hdel(world: World, op: Op) -> Any:
    space = world.entries(op)
    old = held(space, op.words[1], {})
    gone = set(op.words[2:]) & old.keys()
    if gone:
        stored(space, op.words[1], {name: value for name, value in old.items() if name not in gone})
    return len(gone)


@handles(b"HGETALL")
def hgetall(world: World, op: Op) -> Any:
    return held(world.entries(op), op.words[1], {})


# ---- lists

@handles(b"RPUSH")
def rpush(world: World, op: Op) -> Any:
    space = world.entries(op)
    stored(space, op.words[1], held(space, op.words[1], []) + list(op.words[2:]))
    return len(held(space, op.words[1], []))


@handles(b"LPUSH")
def lpush(world: World, op: Op) -> Any:
    space = world.entries(op)
    stored(space, op.words[1], list(op.words[:1:-1]) + held(space, op.words[1], []))
    return len(held(space, op.words[1], []))


@handles(b"LPOP")
def lpop(world: World, op: Op) -> Any:
    space = world.entries(op)
    old = held(space, op.words[1], [])
    if not old:
        return None
    stored(space, op.words[1], old[1:])
    return old[0]


@handles(b"LSET")
def lset(world: World, op: Op) -> Any:
    space, at = world.entries(op), int(op.words[2])
    old = held(space, op.words[1], [])
    if not old:
        return ReplyError("ERR no such key")
    if at >= len(old):
        return ReplyError("ERR index out of range")
    stored(space, op.words[1], old[:at] + [op.words[3]] + old[at + 1 :])
    return OK


@handles(b"LSPLICE")
def lsplice(world: World, op: Op) -> Any:
    space, old = world.entries(op), held(world.entries(op), op.words[1], [])
    first = min(int(op.words[2]), len(old))
    end = min(first + int(op.words[3]), len(old))
    stored(space, op.words[1], old[:first] + list(op.words[4:]) + old[end:])
    return old[first:end]


@handles(b"LTRIM")
def ltrim(world: World, op: Op) -> Any:
    space = world.entries(op)
    if op.words[1] in space:
        stored(space, op.words[1], held(space, op.words[1], [])[int(op.words[2]) : int(op.words[3]) + 1])
    return OK


@handles(b"LRANGE")
def lrange(world: World, op: Op) -> Any:
    return held(world.entries(op), op.words[1], [])


# ---- sets

@handles(b"SADD")
def sadd(world: World, op: Op) -> Any:
    space = world.entries(op)
    old = held(space, op.words[1], frozenset())
    stored(space, op.words[1], old | frozenset(op.words[2:]))
    return len(held(space, op.words[1], frozenset())) - len(old)


@handles(b"SREM")
def srem(world: World, op: Op) -> Any:
    space = world.entries(op)
    old = held(space, op.words[1], frozenset())
    stored(space, op.words[1], old - frozenset(op.words[2:]))
    return len(old & frozenset(op.words[2:]))


# ---- branches, which are the client's own

@handles(b"BRANCH")
def branch_command(world: World, op: Op) -> Any:
    action, name = op.words[1], op.words[2].decode()
    if action == b"CREATE":  # BRANCH CREATE name FROM reference
        source = op.words[4].decode()
        known = world.branches[source].head if source in world.branches else world.tags[source]
        world.branches[name] = Branch(copied(world.spaces_of(source)), known)
    elif action == b"DELETE":
        del world.branches[name]
    else:  # BRANCH RENAME old new
        world.branches[op.words[3].decode()] = world.branches.pop(name)
    return ANY


@handles(b"COMMIT")
def commit(world: World, op: Op) -> Any:
    if op.branch != "main":  # on which the newest commit may be another client's
        world.branches[op.branch].head = copied(world.branches[op.branch].spaces)
    return ANY


@handles(b"TAG")
def tag(world: World, op: Op) -> Any:
    name = op.words[2].decode()
    if op.words[1] == b"CREATE":  # TAG CREATE name branch~0
        head = world.branches[op.words[3].decode().removesuffix("~0")].head
        assert head is not None
        world.tags[name] = head
    else:
        del world.tags[name]
    return ANY


@handles(b"REWIND")
def rewind(world: World, op: Op) -> Any:
    """REWIND branch reference"""
    name, reference = op.words[1].decode(), op.words[2].decode()
    head = world.tags.get(reference)
    world.branches[name] = Branch(copied(world.spaces_of(reference)), head)
    return ANY
