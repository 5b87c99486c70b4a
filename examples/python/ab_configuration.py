"""Two configurations side by side; the better one becomes the configuration, and can be taken back.

    $ python ab_configuration.py
    a  rate 0.1   layers 4  score 0.71
    b  rate 0.01  layers 4  score 0.83
    b changes ['rate']
    now     {'rate': 0.01, 'layers': 4}
    before  {'rate': 0.1, 'layers': 4}
    again   {'rate': 0.1, 'layers': 4}
"""
import sys

import coppice

client = coppice.Client(*sys.argv[1:]).branch("example-a")  # its own: all else stays as it is
client.flushall()  # empties this branch, which may be left from an earlier run
configuration = coppice.Dict(client, "configuration")
configuration.update(rate=0.1, layers=4)
first = client.commit("first configuration")

branch = client.branch("example-b")
branch.rewind(first)  # from wherever an earlier run left it
b = coppice.Dict(branch, "configuration")
b["rate"] = 0.01
scores = {"a": 0.71, "b": 0.83}  # of whatever is tried with them
for name, one in (("a", configuration), ("b", b)):
    print(f"{name}  rate {one['rate']:<5} layers {one['layers']}  score {scores[name]}")
for change in client.diff("example-a", "example-b"):
    print("b changes", [part.at for part in change.parts])

configuration.restore("example-b")  # one round trip, O(1)
print("now    ", dict(configuration))
print("before ", dict(configuration.at(first)))
configuration.restore(first)
print("again  ", dict(configuration))
