"""What List and Dict share: where they are stored, how their elements are written, and their versions.

A List of key K is the Redis list `znsocket.List:K`, a Dict the hash `znsocket.Dict:K`; each element or field is the
text of a JSON document. A List or Dict as an element is stored as its own key, and comes back as an object on that key.
"""
from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, ClassVar, Literal, TypeVar

import redis
import redis.exceptions

from coppice.client import Client, Pipeline, require_client, require_key
from coppice.objects.place import Adapted, Fallback, Place, Queued, replies_of
from coppice.participant import value_of
from coppice.values import Codec, decode_all, encode_all, plain_codec
from coppice.versions import Version

if sys.version_info >= (3, 11):
    from typing import Self
else:
    from typing_extensions import Self

Kind = TypeVar("Kind", bound="Stored")
_CIRCLE = "Can not set circular reference to self"


class Stored:
    """One collection of the server, by its key; the object holds none of the data.  Threads: any.

    `r`: a Client, a Pipeline (for the writes of a Dict) or a `redis.Redis(decode_responses=True)` of a coppice server.
    `callbacks`: functions to call about writes through this object.
    `repr_type`: how much `repr` reads.
    `converter`, `convert_nan`: see `coppice.values.Codec`. They hold for nested objects too.
    `fallback`: the key of another of this kind, to begin with where this key is missing. With `fallback_policy="copy"`
    it is copied at once; with `"frozen"`, or without a policy, it is read until the first write, which copies. A copy
    is O(1) whatever it holds, and from then on each client that opens this key has it.
    `socket`: a Client that announces writes to others, hears theirs and reads adapters; `r` if that is a Client.

    Where an adapter has this key already, its object is read, and writes raise FrozenStorageError.
    """

    _prefix: ClassVar[str] = ""
    _kinds: ClassVar[dict[str, type[Stored]]] = {}
    _repr_type: ClassVar[str] = ""  # unless told otherwise
    _queued: ClassVar[bool] = False

    def __init_subclass__(
        cls, *, prefix: str | None = None, repr_type: str = "", nests: bool = True, queued: bool = False, **more: Any
    ) -> None:
        """`nests`: whether one may be an element of another. `queued`: whether a pipeline takes its writes."""
        super().__init_subclass__(**more)
        if prefix is not None:
            cls._prefix = prefix
            cls._queued = queued
            cls._repr_type = repr_type
            if nests:
                Stored._kinds[prefix] = cls

    def __init__(
        self,
        r: redis.Redis,
        key: str,
        socket: Client | None,
        callbacks: Mapping[str, object] | None,
        repr_type: str,
        converter: list[type] | None,
        convert_nan: bool,
        fallback: str | None,
        fallback_policy: Literal["copy", "frozen"] | None,
        *,
        opens: bool = True,
    ) -> None:
        require_client(r, f"a {type(self).__name__}", queued=self._queued and fallback is None)
        require_key(key, f"a {type(self).__name__}")
        if fallback is not None and not isinstance(fallback, str):
            given = type(fallback).__name__
            raise TypeError(f"fallback is the key of a {type(self).__name__}, a str, not of type {given}")
        if fallback == key:
            raise ValueError(f"'{self._prefix}:{key}' cannot fall back to itself")
        if not r.connection_pool.connection_kwargs.get("decode_responses"):
            raise NotImplementedError("decode_responses=False is not supported yet")
        self.redis = r
        self.socket = socket if socket is not None else (r if isinstance(r, Client) else None)
        self.repr_type = repr_type
        self.converter = converter
        self.convert_nan = convert_nan
        self.fallback = fallback
        self.fallback_policy = fallback_policy
        self._key = key
        self._codec = plain_codec(convert_nan) if converter is None else Codec(converter, convert_nan)
        self._callbacks = dict(callbacks or {})
        self._checked = self._check(self.key) if opens else None
        self._found: Place | None = None
        if fallback is not None:
            self._found = self._fall_back(f"{self._prefix}:{fallback}")

    @property
    def _past(self) -> bool:
        return getattr(self.redis, "reference", None) is not None

    def _check(self, key: str) -> Future[Any] | None:
        """Whether an adapter answers for `key`, when that has come; nothing of the past has one."""
        if self.socket is None or self._past:
            return None
        return self.socket.participant.submit("ZNSOCKET", "CHECK", key)

    def _adapter_of(self, key: str, checked: Future[Any] | None) -> Adapted | None:
        if self.socket is None or checked is None or not value_of(checked):
            return None
        return Adapted(self.redis, key, self.socket.participant)

    @property
    def _place(self) -> Place:
        """Where this is read and written: found before the first time."""
        if self._found is None:
            checked, self._checked = self._checked, None
            try:
                adapter = self._adapter_of(self.key, checked or self._check(self.key))
            except redis.exceptions.ConnectionError:
                if checked is None:
                    raise
                adapter = self._adapter_of(self.key, self._check(self.key))  # over another connection than then
            kind = Queued if isinstance(self.redis, redis.client.Pipeline) else Place
            self._found = adapter or kind(self.redis, self.key)
        return self._found

    def _fall_back(self, origin: str) -> Place:
        place = self._place
        if isinstance(place, Adapted):
            return place
        if self.fallback_policy == "copy":
            if not self._past:
                adapter = self._adapter_of(origin, self._check(origin))
                (adapter or self._reading(origin, origin)).copy(self.key, self.redis)
            return place
        if self.fallback_policy not in (None, "frozen"):
            raise ValueError(f"Invalid fallback_policy: {self.fallback_policy!r}; there are 'copy', 'frozen' and None")
        if self._past:
            return self._reading(self.key, self.key)
        return self._reading(self.key, str(self.redis.execute_command("ZNSOCKET", "FALLBACK", self.key, origin)))

    def _reading(self, key: str, source: str) -> Fallback:
        """The place of a key that reads from another, at a guess from `source`."""
        return Fallback(self.redis, key, source, lambda found: self._adapter_of(found, self._check(found)))

    @property
    def key(self) -> str:
        """The key on the server, with its prefix."""
        return f"{self._prefix}:{self._key}"

    def copy(self, key: str) -> Self:
        """A copy with `key`, which shares all that neither changes; of the past, one in the present.  Cost: O(1).

        Raises ValueError when this is empty or `key` is taken.
        """
        r = self.redis
        origin: list[str] = []
        if isinstance(r, Client) and r.reference is not None:
            origin = ["FROM", r.reference]
            r = r.present
        if not self._place.copy(f"{self._prefix}:{key}", r, *origin):
            raise ValueError(f"Could not copy {type(self).__name__.lower()}")
        return self._alike(type(self), r, key)

    def at(self, ref: str) -> Self:
        """This collection as the version `ref` has it ("main@-5m", a tag, ...); writes raise FrozenStorageError.

        Cost: nothing; a reference that names no version shows at the first read.
        """
        past = self._alike(type(self), Client.sharing(self.redis).at(ref), self._key)
        if isinstance(self._found, Fallback):
            past._found = past._reading(past.key, past.key)
        return past

    def history(self, count: int | None = None) -> list[Version]:
        """The versions in which this changed, newest first, at most `count` (100), then from when on they are known."""
        db = self.redis.connection_pool.connection_kwargs.get("db", 0)
        return Client.sharing(self.redis).log(key=self.key, db=db, count=count)

    def restore(self, ref: str) -> None:
        """Makes this what the version `ref` has, also if that is nothing.  Cost: O(1), whatever differs."""
        self._place.require_writable()
        keys = self._place.keys
        with self.redis.pipeline() as pipe:
            for key in keys:
                pipe.execute_command("COPY", key, key, "FROM", ref, "REPLACE")
            was_there = replies_of(pipe)
        if all(was_there):
            return
        with self.redis.pipeline() as pipe:  # in order: deleting a key also says that it falls back to nothing
            for key, there in zip(keys, was_there, strict=True):
                pipe.execute_command(*(("COPY", key, key, "FROM", ref, "REPLACE") if there else ("DEL", key)))
            replies_of(pipe)

    def on_refresh(self, callback: Callable[[Any], Any]) -> None:
        """Calls `callback(data)` when another client announces that it changed this, in a thread of its own.

        `data`, of a List: `{"indices": [...]}` or `{"start": n, "stop": None}`; of a Dict: `{"keys": [...]}`. A client
        has one callback for each key, the last.  Raises ValueError without a socket, and for a version of the past.
        """
        if self.socket is None:
            raise ValueError("No socket connection available")
        if self._past:
            raise ValueError(f"'{self.key}' of a past version does not change")
        self.socket.refresh_callbacks[self.key] = callback
        self.socket.participant.open()

    def _announce(self, **data: Any) -> None:
        """Tells other clients of a write that was made; of one in a pipeline, when it is."""
        if self.socket is None:
            return
        participant = self.socket.participant
        if self.redis is not self.socket and isinstance(self.redis, Pipeline):
            self.redis.afterwards(lambda: participant.announce(self.key, data))
        else:
            participant.announce(self.key, data)

    def _alike(self, kind: type[Kind], r: redis.Redis, key: str, opens: bool = True) -> Kind:
        """One that reads and writes elements as this does, and shows itself so if it is of one kind with it.

        `opens`: whether it counts as opened before it is used.
        """
        repr_type = self.repr_type if isinstance(self, kind) else kind._repr_type
        made: Kind = kind.__new__(kind)
        Stored.__init__(made, r, key, self.socket, None, repr_type, self.converter, self.convert_nan, None, None,
                        opens=opens)
        return made

    def _tell(self, event: str, *what: Any) -> None:
        callback = self._callbacks.get(event)
        if callable(callback):
            callback(*what)

    def _plain(self, value: Any) -> Any:
        """The value that stands for `value` in JSON: of a List or Dict its key."""
        if not isinstance(value, Stored) or value._prefix not in Stored._kinds:
            return value
        if value.key == self.key:
            raise ValueError(_CIRCLE)
        return value.key

    def _encode(self, value: Any) -> str:
        return self._codec.encode(self._plain(value))

    def _encode_all(self, values: Sequence[Any]) -> list[str]:
        return encode_all(values, self._encode)

    def _decode_all(self, texts: Sequence[str]) -> list[Any]:
        return decode_all(texts, self._decode)

    def _decode(self, text: str) -> Any:
        """The value of a stored text; a reference becomes the object it names."""
        value = self._codec.decode(text)
        if isinstance(value, str):
            prefix, colon, key = value.partition(":")
            if colon and prefix in Stored._kinds:
                return self._alike(Stored._kinds[prefix], self.redis, key, opens=False)
        return value
