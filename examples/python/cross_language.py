"""Python's half of a pair: what it writes, examples/javascript/cross_language.mjs reads and goes on with.

    $ python cross_language.py
    written for the other
    Python reads        [{"step": 0}, {"step": 1}, {"by": "JavaScript"}]
    Python reads        {"title": "shared", "seen": ["Python", "JavaScript"]}
"""
import json
import sys
import time

import coppice

PATIENCE = 30.0

client = coppice.Client(*sys.argv[1:]).branch("example-cross-language")  # the pair's own: all else stays as it is
client.flushall()  # empties this branch, which may be left from an earlier run
frames = coppice.List(client, "shared frames")
about = coppice.Dict(client, "about")
frames.extend([{"step": 0}, {"step": 1}])
about.update(title="shared", seen=["Python"])
print("written for the other", flush=True)

until = time.monotonic() + PATIENCE
while len(frames) < 3 and time.monotonic() < until:
    time.sleep(0.01)
print("Python reads       ", json.dumps(list(frames)))
print("Python reads       ", json.dumps(dict(about)))
about.clear()  # where JavaScript did not come, it is not left waiting for it
