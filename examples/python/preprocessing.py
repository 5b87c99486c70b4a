"""Steps of a pipeline, each a variant of the one before, so that each can be looked at and begun again from.

    $ python preprocessing.py
    raw       6 texts  '  The CAT sat. '
    stripped  6 texts  'The CAT sat.'
    lowered   6 texts  'the cat sat.'
    filtered  4 texts  'the cat sat.'
    raw is as it was: True
"""
import sys

import coppice

client = coppice.Client(*sys.argv[1:]).branch("example-preprocessing")  # its own: all else stays as it is
client.flushall()  # empties this branch, which may be left from an earlier run
texts = ["  The CAT sat. ", "On the mat", "", " and SLEPT ", "", "well."]
raw = coppice.List(client, "raw")
raw.extend(texts)


def step(name: str, before: coppice.Segments | coppice.List) -> coppice.Segments:
    origin = before if isinstance(before, coppice.List) else coppice.List(client, before.key.partition(":")[2])
    return coppice.Segments(client, origin, name)


stripped = step("stripped", raw)
for i, text in enumerate(stripped):
    if text != text.strip():
        stripped[i] = text.strip()
lowered = step("lowered", stripped)
for i, text in enumerate(lowered):
    if text != text.lower():
        lowered[i] = text.lower()
filtered = step("filtered", lowered)
for i in reversed(range(len(filtered))):
    if not filtered[i]:
        del filtered[i]

for name, one in (("raw", raw), ("stripped", stripped), ("lowered", lowered), ("filtered", filtered)):
    print(f"{name:<9} {len(one)} texts  {one[0]!r}")
print("raw is as it was:", list(raw) == texts)
