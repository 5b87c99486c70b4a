"""Versions: branches, commits, tags, differences, and how to ask the server for them.

The types are what `Client` answers. Below them stand plans: generators that yield commands, are sent the replies and
return the answer. A plan knows nothing of sockets, so the client that waits and the one of asyncio run the same ones.
`docs/protocol.md` says what each command answers.
"""
from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any, Literal, TypeVar

from redis.exceptions import ResponseError

__all__ = ["Branch", "Change", "Move", "Part", "Span", "Tag", "Version"]

Answer = TypeVar("Answer")
Words = tuple[Any, ...]
Plan = Generator[Words, Any, Answer]
When = datetime | str | int | float
"""A time: a datetime with its zone, seconds since 1970, or what the server reads behind `@`, as `-5m`."""


@dataclass(frozen=True)
class Branch:
    """A branch: its newest commit's id (None if there is none), the time of its newest version, its number of keys."""

    name: str
    head: str | None
    time: datetime
    keys: int
    current: bool


@dataclass(frozen=True)
class Tag:
    """A name of a commit."""

    name: str
    id: str
    time: datetime


@dataclass(frozen=True)
class Version:
    """One entry of a log. `id` is a reference, so `client.at(version.id)` reads it.

    `kind`: a `commit`, a restore `point`, or `begin`, which says from when on time travel reaches.
    """

    id: str
    time: datetime
    kind: Literal["commit", "point", "begin"]
    author: str
    message: str


@dataclass(frozen=True)
class Move:
    """A branch was moved: `before` and `after` are references to what it said."""

    time: datetime
    action: str
    before: str
    after: str


@dataclass(frozen=True)
class Span:
    """`count` elements or bytes from `position` on."""

    position: int
    count: int


@dataclass(frozen=True)
class Part:
    """What differs inside a key. Runs of lists and bytes have spans: those of `before` were replaced by `after`.

    `what` is `field`, `member`, `run`, `value`, `bytes`, `deadline` or `type`; `old_bytes` and `new_bytes` are the
    whole lengths of values that the server cut.
    """

    what: str
    at: str
    kind: Literal["added", "removed", "changed"]
    old: Any
    new: Any
    before: Span | None = None
    after: Span | None = None
    old_bytes: int | None = None
    new_bytes: int | None = None


@dataclass(frozen=True)
class Change:
    """A key that differs: its type and size after (before, if it was removed), and what differs inside."""

    db: int
    key: str
    kind: Literal["added", "removed", "changed"]
    type: str
    size: int
    parts: tuple[Part, ...]


PAGE = 1000  # changes in one reply of DIFF
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def _fields(reply: Any) -> dict[str, Any]:
    """A map of RESP3, or of RESP2, where it is a flat array."""
    return reply if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2], strict=True))


def _time(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _when(when: When) -> str:
    if not isinstance(when, datetime):
        return str(when)
    if when.tzinfo is None:
        raise ValueError("a datetime without a time zone does not say when")
    return when.isoformat()


def _options(**given: Any) -> Iterable[Any]:
    """The words of options: those that are None are left out, True is the name alone."""
    for name, value in given.items():
        if value is True:
            yield name.upper()
        elif value is not None and value is not False:
            yield from (name.upper(), value)


def _branch(reply: Any) -> Branch:
    row = _fields(reply)
    return Branch(row["name"], row["head"], _time(row["time"]), row["keys"], bool(row["current"]))


def _span(row: dict[str, Any], side: str) -> Span | None:
    position = row.get(f"{side}_position")
    return None if position is None else Span(position, row[f"{side}_count"])


def _part(reply: Any) -> Part:
    row = _fields(reply)
    return Part(row["what"], row["at"], row["kind"], row["old"], row["new"], _span(row, "before"), _span(row, "after"),
                row.get("old_bytes"), row.get("new_bytes"))


def _change(reply: Any) -> Change:
    row = _fields(reply)
    return Change(row["db"], row["key"], row["kind"], row["type"], row["size"], tuple(map(_part, row["parts"])))


def branches() -> Plan[list[Branch]]:
    return [_branch(each) for each in (yield ("BRANCH", "LIST"))]


def current_branch() -> Plan[str]:
    return str((yield ("BRANCH", "CURRENT")))


def find_branch(name: str) -> Plan[None]:
    """Raises ResponseError when there is none."""
    yield ("BRANCH", "INFO", name)


def open_branch(name: str, reference: str | None) -> Plan[None]:
    """Makes it if there is none."""
    try:
        yield ("BRANCH", "CREATE", name, *_options(**{"from": reference}))
    except ResponseError as error:
        if not str(error).endswith("is taken"):
            raise
        yield from find_branch(name)  # the name may be a tag's


def delete_branch(name: str) -> Plan[None]:
    yield ("BRANCH", "DELETE", name)


def commit(message: str, author: str | None) -> Plan[str]:
    return str((yield ("COMMIT", *_options(message=message, author=author))))


def tag(name: str, reference: str | None) -> Plan[None]:
    yield ("TAG", "CREATE", name, *([] if reference is None else [reference]))


def tags() -> Plan[list[Tag]]:
    rows = map(_fields, (yield ("TAG", "LIST")))
    return [Tag(row["name"], row["id"], _time(row["time"])) for row in rows]


def delete_tag(name: str) -> Plan[None]:
    yield ("TAG", "DELETE", name)


def log(reference: str | None, *, key: str | None = None, db: int | None = None, since: When | None = None,
        until: When | None = None, count: int | None = None, commits: bool = False) -> Plan[list[Version]]:
    options = _options(key=key, db=db, since=None if since is None else _when(since),
                       until=None if until is None else _when(until), count=count, commits=commits)
    rows = map(_fields, (yield ("LOG", *([] if reference is None else [reference]), *options)))
    return [Version(row["id"], _time(row["time"]), row["kind"], row["author"], row["message"]) for row in rows]


def reflog(count: int | None) -> Plan[list[Move]]:
    branch = yield from current_branch()
    rows = map(_fields, (yield ("REFLOG", branch, *_options(count=count))))
    return [Move(_time(row["time"]), row["action"], row["from"], row["to"]) for row in rows]


def rewind(reference: str) -> Plan[None]:
    branch = yield from current_branch()
    yield ("REWIND", branch, reference)


def diff(first: str, second: str, key: str | None, match: str | None, db: int | None) -> Plan[list[Change]]:
    """All pages as one; what a page says of the key that the page before ended in is joined to it."""
    changes: list[Change] = []
    cursor = None
    while cursor != "0":
        options = _options(key=key, match=match, db=db, count=PAGE, cursor=cursor)
        page = _fields((yield ("DIFF", first, second, *options)))
        cursor = page["cursor"]
        for change in map(_change, page["changes"]):
            last = changes[-1] if changes else None
            if last is not None and (last.db, last.key) == (change.db, change.key):
                changes[-1] = replace(change, parts=last.parts + change.parts)
            else:
                changes.append(change)
    return changes
