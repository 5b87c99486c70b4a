"""A variant of a list: what is changed in it is its own, all else it shares.

    $ python segments.py
    origin    ['a', 'b', 'c', 'd', 'e']
    segments  ['a', 'B', 'c', 'd', 'e', 'f']
    pieces    [[0, 1, 'origin'], [1, 2, 'variant'], [2, 5, 'origin'], [5, 6, 'variant']]
    a list    ['a', 'B', 'c', 'd', 'e', 'f']
    after the origin is gone  ['a', 'B', 'c', 'd', 'e', 'f']
"""
import sys

import coppice

client = coppice.Client(*sys.argv[1:]).branch("example-segments")  # its own: all else stays as it is
client.flushall()  # empties this branch, which may be left from an earlier run
origin = coppice.List(client, "origin")
origin.extend(["a", "b", "c", "d", "e"])

segments = coppice.Segments(client, origin, "variant")  # one round trip, however long the origin is
segments[1] = "B"
segments.append("f")

print("origin   ", list(origin))
print("segments ", list(segments))
print("pieces   ", [[first, last, key.removeprefix("znsocket.List:")] for first, last, key in segments.get_raw()])
print("a list   ", list(coppice.List(client, "variant")))  # for every client, in any language

origin.clear()
print("after the origin is gone ", list(segments))
