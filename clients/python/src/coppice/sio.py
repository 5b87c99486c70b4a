"""`client.sio` and the events of `client.call`: what ZnSocket's programs do with their Socket.IO client, over RESP3."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import redis.exceptions

from coppice.exceptions import UnknownEventError
from coppice.participant import Participant, value_of

if TYPE_CHECKING:
    from coppice.client import Client

__all__ = ["Sio"]

_EVENTS = ("refresh", "connect", "disconnect")


class Sio:
    """The part of `socketio.Client` that stands for other clients of the server.

    `namespace` is accepted everywhere, and means nothing.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def _participant(self) -> Participant:
        return self._client.participant

    @property
    def connected(self) -> bool:
        """Whether others can be heard; the first look connects, until `disconnect`."""
        participant = self._participant
        if participant.sid is None:
            try:
                participant.open()
            except redis.exceptions.ConnectionError:
                return False
        return participant.connected

    @property
    def sid(self) -> str | None:
        """A name of the connection, None when there is none."""
        return self._participant.sid if self.connected else None

    def emit(self, event: str, data: Any = None, namespace: str | None = None) -> None:
        """Sends all other clients a `refresh` of any content.  Raises UnknownEventError for another event."""
        if event != "refresh":
            raise UnknownEventError(f"Unknown event: {event}; others are sent 'refresh'")
        self._participant.tell(data)

    def on(self, event: str, handler: Callable[..., Any] | None = None, namespace: str | None = None) -> Any:
        """Calls `handler` at each `refresh` (with all of its payload), `connect` or `disconnect`; also a decorator.

        The last handler of an event stays.  Raises UnknownEventError for another event.
        """
        if event not in _EVENTS:
            raise UnknownEventError(f"Unknown event: {event}; there are {', '.join(_EVENTS)}")

        def listen(handler: Callable[..., Any]) -> Callable[..., Any]:
            self._participant.handlers[event] = handler
            self._participant.open()
            return handler

        return listen if handler is None else listen(handler)

    def call(self, event: str, data: Any = None, namespace: str | None = None, timeout: float = 60) -> Any:
        """The raw answer of an event whose `data` is `[args, kwargs]`, as `Client.call` gives it."""
        args, kwargs = data if data is not None else ([], {})
        return self._client.call(event, *args, **kwargs)

    def wait(self) -> None:
        """Waits until `disconnect`: what the owner of adapters does at the end of its program."""
        self._participant.open()
        self._participant.wait()

    def disconnect(self) -> None:
        """Ends hearing and being heard; adapters are gone. Commands go on, and what needs others connects again."""
        self._participant.close()


def _adapter_get(client: Client, *, key: str, method: str, **details: Any) -> Any:
    return value_of(client.participant.ask(key, method, **details))


def _register_adapter(client: Client, key: str) -> bool:
    if not client.participant.register(key):
        raise KeyError(f"Key {key} already exists in storage")
    return True


def _check_adapter(client: Client, key: str) -> bool:
    return bool(client.participant.run("ZNSOCKET", "CHECK", key))


def _adapter_exists(client: Client, key: str) -> bool:
    return bool(client.participant.run("ZNSOCKET", "EXISTS", key))


def _refresh(client: Client, data: Any) -> None:
    client.participant.tell(data)


def _server_config(client: Client, *_: Any, **__: Any) -> dict[str, Any]:
    return {"max_http_buffer_size": MESSAGE_BYTES, "async_mode": "coppice", "namespace": client.namespace}


def _pipeline(client: Client, *, message: list[Any]) -> list[Any]:
    pipe = client.pipeline()
    for name, (args, kwargs) in message:
        pipe.call(name, *args, **kwargs)
    return pipe.execute()


MESSAGE_BYTES = 5 * 1024 * 1024  # what the server announces to Socket.IO's clients; here it limits nothing

EVENTS: dict[str, Callable[..., Any]] = {
    "adapter:get": _adapter_get,
    "adapter_exists": _adapter_exists,
    "check_adapter": _check_adapter,
    "pipeline": _pipeline,
    "refresh": _refresh,
    "register_adapter": _register_adapter,
    "server_config": _server_config,
}
"""The events that are no storage commands, with the arguments that ZnSocket's have."""
