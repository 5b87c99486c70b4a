"""What List and Dict share: where they are stored, how their elements are written, and their versions.

A List of key K is the Redis list `znsocket.List:K`, a Dict the hash `znsocket.Dict:K`; each element or field is the
text of a JSON document. A List or Dict as an element is stored as its own key, and comes back as an object on that key.
"""
from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, TypeVar, cast

import redis

from coppice.client import Client
from coppice.exceptions import FrozenStorageError
from coppice.values import Codec
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
    `fallback`: the key of another of this kind. With `fallback_policy="copy"` it is copied if this key is missing: one
    round trip, O(1) whatever it holds. To read through it (`"frozen"`, or no policy) raises NotImplementedError so far.
    `socket`: kept as an attribute, `r` if that is a Client.
    """

    _prefix: ClassVar[str] = ""
    _kinds: ClassVar[dict[str, type[Stored]]] = {}
    _repr_types: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, *, prefix: str | None = None, **more: Any) -> None:
        super().__init_subclass__(**more)
        if prefix is not None:
            cls._prefix = prefix
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
    ) -> None:
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
        self._codec = Codec(converter, convert_nan)
        self._callbacks = dict(callbacks or {})
        if fallback is not None:
            if fallback_policy != "copy":
                raise NotImplementedError(f"fallback_policy={fallback_policy!r} is not there yet; 'copy' is, in O(1)")
            self._ask("COPY", f"{self._prefix}:{fallback}", self.key)

    @property
    def key(self) -> str:
        """The key on the server, with its prefix."""
        return f"{self._prefix}:{self._key}"

    def copy(self, key: str) -> Self:
        """A copy with `key`, which shares all that neither changes; of the past, one in the present.  Cost: O(1).

        Raises ValueError when this is empty or `key` is taken.
        """
        r, origin = self.redis, []
        if isinstance(r, Client) and r.reference is not None:
            r, origin = r.present, ["FROM", r.reference]
        if not r.execute_command("COPY", self.key, f"{self._prefix}:{key}", *origin):
            raise ValueError(f"Could not copy {type(self).__name__.lower()}")
        return self._alike(type(self), r, key)

    def at(self, ref: str) -> Self:
        """This collection as the version `ref` has it ("main@-5m", a tag, ...); writes raise FrozenStorageError.

        Cost: nothing; a reference that names no version shows at the first read.
        """
        return self._alike(type(self), Client.sharing(self.redis).at(ref), self._key)

    def history(self, count: int | None = None) -> list[Version]:
        """The versions in which this changed, newest first, at most `count` (100), then from when on they are known."""
        db = self.redis.connection_pool.connection_kwargs.get("db", 0)
        return Client.sharing(self.redis).log(key=self.key, db=db, count=count)

    def restore(self, ref: str) -> None:
        """Makes this what the version `ref` has, also if that is nothing.  Cost: O(1), whatever differs."""
        self._require_writable()
        if not self._ask("COPY", self.key, self.key, "FROM", ref, "REPLACE"):
            self._ask("DEL", self.key)

    def on_refresh(self, callback: Callable[[Any], Any]) -> None:
        """Calls `callback` when another client changes this: not there yet.  Raises ValueError without a socket."""
        if self.socket is None:
            raise ValueError("No socket connection available")
        raise NotImplementedError("on_refresh is not there yet")

    def _alike(self, kind: type[Kind], r: redis.Redis, key: str) -> Kind:
        """One that reads and writes elements as this does, and shows itself so if it is of one kind with it."""
        options: dict[str, Any] = {"repr_type": self.repr_type} if isinstance(self, kind) else {}
        made: Kind = cast(Any, kind)(r, key, socket=self.socket, converter=self.converter,
                                     convert_nan=self.convert_nan, **options)
        return made

    def _ask(self, *words: Any) -> Any:
        return self.redis.execute_command(*words)

    def _ask_together(self, *commands: tuple[Any, ...]) -> list[Any]:
        """The replies of several commands that run as one."""
        with self.redis.pipeline() as pipe:
            for words in commands:
                pipe.execute_command(*words)
            return pipe.execute()

    def _require_writable(self) -> None:
        if getattr(self.redis, "reference", None) is not None:
            raise FrozenStorageError(self.key)

    def _tell(self, event: str, *what: Any) -> None:
        callback = self._callbacks.get(event)
        if callable(callback):
            callback(*what)

    def _plain(self, value: Any) -> Any:
        """The value that stands for `value` in JSON: of a List or Dict its key."""
        if not isinstance(value, Stored):
            return value
        if value.key == self.key:
            raise ValueError(_CIRCLE)
        return value.key

    def _encode(self, value: Any) -> str:
        return self._codec.encode(self._plain(value))

    def _decode(self, text: str) -> Any:
        """The value of a stored text; a reference becomes the object it names."""
        value = self._codec.decode(text)
        if isinstance(value, str):
            prefix, colon, key = value.partition(":")
            if colon and prefix in Stored._kinds:
                return self._alike(Stored._kinds[prefix], self.redis, key)
        return value
