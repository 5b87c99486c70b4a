"""What goes wrong, and how it is said: Python's own exceptions where Python has one.

    $ python errors.py
    IndexError: list index out of range
    KeyError: 'missing'
    ValueError: Could not copy list
    TypeError: origin must be a List
    FrozenStorageError: 'znsocket.List:steps' is frozen and cannot be modified. Create a copy of the object to modify it.
    ResponseError: no branch 'nowhere'
    ResponseError: WRONGTYPE Operation against a key holding the wrong kind of value
    the list is as it was: [1, 2, 3]
"""
import sys
from collections.abc import Callable

import coppice

client = coppice.Client(*sys.argv[1:]).branch("example-errors")  # its own: all else stays as it is
client.flushall()  # empties this branch, which may be left from an earlier run
steps = coppice.List(client, "steps")
steps.extend([1, 2, 3])
first = client.commit("three steps")


def tried(what: Callable[[], object]) -> None:
    try:
        what()
    except Exception as error:
        print(f"{type(error).__name__}: {error}")


tried(lambda: steps[3])
tried(lambda: coppice.Dict(client, "settings")["missing"])
tried(lambda: coppice.List(client, "nothing").copy("a copy"))
tried(lambda: coppice.Segments(client, ["no", "List"], "variant"))  # type: ignore[arg-type]
tried(lambda: steps.at(first).append(4))
tried(lambda: client.on("nowhere"))
tried(lambda: client.hset("znsocket.List:steps", "a", "b"))
print("the list is as it was:", list(steps))
