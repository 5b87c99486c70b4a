"""Where a collection is read from, and written to.

    Place       its key
    Queued      its key, by a pipeline: writes alone
    Fallback    another key, until it is first written to: then its own, which begins as an O(1) copy of the other
    Adapted     the object of another program, which answers for the key

`List` and `Dict` ask all of them for the same commands, without the key; the answers are those of the server.
"""
from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import Future
from itertools import islice
from typing import Any, TypeVar

import redis
from redis.exceptions import WatchError

from coppice.exceptions import FrozenStorageError, ResponseError, told_error, translated
from coppice.participant import Participant, value_of

Command = tuple[Any, ...]
Result = TypeVar("Result")

QUESTIONS_AT_ONCE = 16  # on their way to an owner, who has five seconds for each


def replies_of(pipe: Any) -> list[Any]:
    """The replies to what a pipeline of one method has queued.  Raises the first error as the server says it."""
    replies: list[Any] = pipe.execute(raise_on_error=False)
    for each in replies:
        if isinstance(each, Exception):
            with translated(getattr(pipe, "reference", None)):
                raise each
    return replies


class Patience:
    """How long a change is tried again that others get in the way of: so many seconds, and at least so many times."""

    SECONDS = 10.0
    TRIES = 10

    def __init__(self, key: str) -> None:
        self.key = key
        self.began = time.monotonic()
        self.tries = 0

    def try_again(self) -> None:
        """Raises WatchError when it has been tried for long enough."""
        self.tries += 1
        seconds = time.monotonic() - self.began
        if self.tries >= self.TRIES and seconds > self.SECONDS:
            raise WatchError(f"others changed '{self.key}' during each of {self.tries} tries in {seconds:.1f} s, "
                             "so nothing was written: try again when they write less often")


class Place:
    """The key itself."""

    def __init__(self, r: redis.Redis, key: str) -> None:
        self.redis = r
        self.key = key

    def read(self, *command: Any) -> Any:
        """The reply to a command that reads."""
        return self._ask(command, self.key)

    def read_together(self, *commands: Command) -> list[Any]:
        """The replies of several that read, as one."""
        return self._together(commands, self.key)

    def write(self, *command: Any) -> Any:
        """The reply to a command that writes."""
        return self._ask(command, self.key)

    def write_together(self, *commands: Command) -> list[Any]:
        """The replies of several, run as one, of which some write."""
        return self._together(commands, self.key)

    def edit(self, look: Command, change: Callable[[Any, Any], Result]) -> tuple[Result, list[Any]]:
        """Runs `change(what `look` answers, pipeline)` and what it queued, as one change to what was looked at.

        The result of `change`, and the replies.  Cost: three round trips, again when somebody else wrote meanwhile.
        Raises WatchError where others did so all the time.
        """
        patience = Patience(self.key)
        with self.redis.pipeline() as pipe:
            while True:
                source = self._watch(pipe)
                seen = pipe.execute_command(look[0], source, *look[1:])
                pipe.multi()
                result = change(seen, pipe)
                try:
                    return result, replies_of(pipe)
                except WatchError:
                    patience.try_again()

    def copy(self, target: str, writer: redis.Redis, *origin: str) -> bool:
        """Whether `target` is a copy now, made by `writer`; not if this is empty or that is taken.

        `origin`: FROM and a reference, where this is of the past.
        """
        return bool(writer.execute_command("COPY", self.key, target, *origin))

    @property
    def keys(self) -> list[str]:
        """What has to be put back with the key."""
        return [self.key]

    def now(self) -> Place:
        """Where this is read at this moment."""
        return self

    def require_writable(self) -> None:
        """Raises FrozenStorageError where this only can be read."""
        if getattr(self.redis, "reference", None) is not None:
            raise FrozenStorageError(self.key)

    def _watch(self, pipe: Any) -> str:
        """Watches what a change depends on, and returns the key to look at."""
        pipe.watch(self.key)
        return self.key

    def _ask(self, command: Command, key: str) -> Any:
        return self.redis.execute_command(command[0], key, *command[1:])

    def _together(self, commands: tuple[Command, ...], key: str) -> list[Any]:
        with self.redis.pipeline() as pipe:
            for name, *words in commands:
                pipe.execute_command(name, key, *words)
            return replies_of(pipe)


class Queued(Place):
    """The key, whose writes go out with a pipeline.  All that needs a reply raises TypeError."""

    def read(self, *command: Any) -> Any:
        raise TypeError(f"'{self.key}' on a pipeline only takes writes: read it by the client")

    read_together = write_together = read
    edit = copy = read  # type: ignore[assignment]
    keys = property(read)


class Fallback(Place):
    """A key that reads from another until it is written to; the server knows from which (`docs/protocol.md`).

    Each read is one transaction with the question which key that is; the first write, whoever makes it, is a copy and
    the write, at the server.
    `adapter_of`: the place of an adapter that answers for a key, if there is one.
    """

    def __init__(self, r: redis.Redis, key: str, source: str, adapter_of: Callable[[str], Adapted | None]) -> None:
        super().__init__(r, key)
        self._adapter_of = adapter_of
        self._lead_to(source)

    def _lead_to(self, source: str) -> None:
        self._read_from = source, None if source == self.key else self._adapter_of(source)

    def read(self, *command: Any) -> Any:
        return self.read_together(command)[0]

    def read_together(self, *commands: Command) -> list[Any]:
        while True:
            source, adapter = self._read_from
            with self.redis.pipeline() as pipe:
                pipe.execute_command("ZNSOCKET", "SOURCE", self.key)
                for name, *words in commands if adapter is None else ():
                    pipe.execute_command(name, source, *words)
                found, *replies = replies_of(pipe)
            if found == source:
                return replies if adapter is None else adapter.read_together(*commands)
            self._lead_to(found)

    def write(self, *command: Any) -> Any:
        self._fetch()
        return super().write(*command)

    def write_together(self, *commands: Command) -> list[Any]:
        self._fetch()
        return super().write_together(*commands)

    def edit(self, look: Command, change: Callable[[Any, Any], Result]) -> tuple[Result, list[Any]]:
        self._fetch()
        return super().edit(look, change)

    def copy(self, target: str, writer: redis.Redis, *origin: str) -> bool:
        return self.now().copy(target, writer, *origin)

    def now(self) -> Place:
        source = str(self.redis.execute_command("ZNSOCKET", "SOURCE", self.key))
        if source != self._read_from[0]:
            self._lead_to(source)
        return self._read_from[1] or Place(self.redis, source)

    @property
    def keys(self) -> list[str]:
        return [self.key, self._note]

    @property
    def _note(self) -> str:
        """Where the server keeps what this falls back to."""
        return f"znsocket.Fallback:{self.key}"

    def _fetch(self) -> None:
        """An adapter's object the server cannot copy: its owner writes it down before the first write."""
        _, adapter = self._read_from
        if adapter is not None and adapter.copy(self.key, self.redis):
            self._lead_to(self.key)

    def _watch(self, pipe: Any) -> str:
        pipe.watch(self.key, self._note)
        source = str(pipe.execute_command("ZNSOCKET", "SOURCE", self.key))
        pipe.watch(source)
        return source


class Adapted(Place):
    """An object of another program, or of this one, that answers for the key: it can be read.

    Each command is a question to its owner, who has five seconds.  Raises what the owner says went wrong, KeyError when
    he says nothing.
    """

    def __init__(self, r: redis.Redis, key: str, participant: Participant) -> None:
        super().__init__(r, key)
        self._participant = participant
        self._answers: dict[str, Callable[..., Any]] = {
            "LLEN": self._length, "LINDEX": self._element, "LSLICE": self._slice, "LRANGE": self._elements,
            "HLEN": self._length, "HGET": self._value, "HEXISTS": self._has, "HKEYS": lambda: self._of("keys"),
            "HVALS": lambda: self._of("values"), "HGETALL": lambda: dict(self._of("items")),
        }

    def read(self, *command: Any) -> Any:
        return self._answers[command[0]](*command[1:])

    def read_together(self, *commands: Command) -> list[Any]:
        return [self.read(*command) for command in commands]

    def copy(self, target: str, writer: redis.Redis, *origin: str) -> bool:
        """The owner writes the copy down."""
        return self._of("copy", target=target.partition(":")[2]) is True

    def require_writable(self) -> None:
        raise FrozenStorageError(self.key)

    def _of(self, method: str, **details: Any) -> Any:
        return _checked(value_of(self._participant.ask(self.key, method, **details)))

    def _length(self) -> int:
        return int(self._of("__len__"))

    def _element(self, index: int) -> str | None:
        return self._text(self._participant.ask(self.key, "__getitem__", index=index), IndexError)

    def _elements(self, first: int, last: int) -> list[str]:
        """One question each, several of which are on their way: only so an owner applies its item transform."""
        questions = (self._participant.ask(self.key, "__getitem__", index=index)
                     for index in range(*slice(first, last + 1 or None).indices(self._length())))
        texts: list[str] = []
        while some := list(islice(questions, QUESTIONS_AT_ONCE)):
            texts += filter(None, (self._text(each, IndexError) for each in some))
        return texts

    def _slice(self, start: int | str, stop: int | str, step: int) -> list[str]:
        """Forwards, with bounds that owners of every kind read alike."""
        bounds = slice(None if start == "" else start, None if stop == "" else stop, step)
        wanted = range(*bounds.indices(self._length()))
        if not wanted:
            return []
        low, high = sorted((wanted[0], wanted[-1]))
        texts = list(self._of("slice", start=low, stop=high + 1, step=abs(step)))
        return texts if step > 0 else texts[::-1]

    def _value(self, key: Any) -> str | None:
        return self._text(self._participant.ask(self.key, "__getitem__", dict_key=key), KeyError)

    def _has(self, key: Any) -> bool:
        return bool(self._of("__contains__", dict_key=key))

    def _text(self, answer: Future[Any], absent: type[LookupError]) -> str | None:
        """The text of a value, None where the owner says `absent`."""
        said = value_of(answer)
        try:
            text = _checked(said)
        except absent:
            return None
        if not isinstance(text, str):
            raise ResponseError(f"the adapter of '{self.key}' answered {text!r} where the text of a value stands")
        return text


def _checked(answer: Any) -> Any:
    """The answer of an owner.  Raises what it says went wrong, whether as an object or as the text of one."""
    said = json.loads(answer) if isinstance(answer, str) and answer.startswith('{"error"') else answer
    error = told_error(said)
    if error is not None:
        raise error
    return answer
