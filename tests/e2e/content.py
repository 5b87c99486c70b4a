"""A store's whole content as one value, to compare before and after, and content of every type to begin with."""
from __future__ import annotations

import random
from typing import Any

from harness import Connection, Word

READS: dict[bytes, list[Word]] = {
    b"string": ["GET"], b"hash": ["HGETALL"], b"list": ["LRANGE"], b"set": ["SMEMBERS"],
}


def filled(connection: Connection, keys: int = 300, seed: int = 1) -> None:
    """Strings short and long, hashes, lists, sets, under names short and long, on two branches, with a commit and a tag."""
    rng = random.Random(seed)
    commands: list[list[Word]] = []
    for number in range(keys):
        size = rng.choice((3, 60, 900, 5000))
        commands.append(["SET", f"s:{number}", rng.randbytes(size)])
        commands.append(["HSET", f"h:{number}", "a", rng.randbytes(20), "b", rng.randbytes(size)])
        commands.append(["RPUSH", f"l:{number}", *[rng.randbytes(rng.randrange(40)) for _ in range(20)]])
        commands.append(["SADD", f"t:{number}", *[f"m{rng.randrange(1000)}" for _ in range(20)]])
    for number in range(keys // 20):
        name = "name:" + "n" * rng.choice((500, 5000, 20000)) + str(number)  # alike in what a page shows of them
        commands.append(["SET", name, rng.randbytes(rng.choice((3, 5000))), *rng.choice(([], ["EX", "100000"]))])
        commands.append(["HSET", "fields", name, rng.randbytes(20)])
        commands.append(["SADD", f"members:{number % 3}", name, name + "a", "short"])
    commands.append(["SET", "big", rng.randbytes(1 << 20)])
    commands.append(["RPUSH", "long", *range(5000)])
    commands.append(["COMMIT", "MESSAGE", "all of it"])
    commands.append(["TAG", "CREATE", "v1"])
    commands.append(["BRANCH", "CREATE", "exp"])
    commands += [["ON", "exp", "SET", f"s:{number}", "changed"] for number in range(0, keys, 7)]
    commands += [["ON", "exp", "DEL", f"h:{number}"] for number in range(0, keys, 9)]
    commands.append(["ON", "exp", "SREM", "members:0", "name:" + "n" * 5000 + "0", "short"])
    for command, reply in zip(commands, connection.ask_many(commands)):
        if isinstance(reply, Exception):
            raise RuntimeError(f"{command[:2]}: {reply}")


def names_of(connection: Connection, kind: str) -> list[bytes]:
    rows = connection.ask(kind, "LIST")
    return sorted(dict(zip(row[::2], row[1::2]))[b"name"] for row in rows)


def content(connection: Connection, references: list[tuple[str, bytes]] | None = None) -> dict[Any, Any]:
    """Every key with its value, of some versions or of every branch and tag. Raises ReplyError where a read fails."""
    found: dict[Any, Any] = {}
    if references is None:
        references = [("ON", name) for name in names_of(connection, "BRANCH")]
        references += [("AT", name) for name in names_of(connection, "TAG")]
    for how, name in references:
        keys = sorted(connection.ask(how, name, "KEYS", "*"))
        kinds = answers(connection, [[how, name, "TYPE", key] for key in keys])
        reads = [[how, name, *READS[kind], key, *([0, -1] if kind == b"list" else [])]
                 for key, kind in zip(keys, kinds)]
        for key, kind, value in zip(keys, kinds, answers(connection, reads)):
            found[how, name, key] = sorted(value) if kind == b"set" else value
    return found


def answers(connection: Connection, commands: list[list[Word]]) -> list[Any]:
    replies = connection.ask_many(commands)
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return replies
