"""A simulation, and variations of its parameters: each on a branch of its own, none copies the trajectory.

    $ python simulations.py
    main   1000 frames, last energy -1.000
    hot    1200 frames, last energy -0.801
    cold   1200 frames, last energy -1.199
    cold against main: added 200 elements of trajectory, changed parameters
"""
import sys

import coppice

client = coppice.Client(*sys.argv[1:]).branch("example-main")  # its own: all else stays as it is
client.flushall()  # empties this branch, which may be left from an earlier run
trajectory = coppice.List(client, "trajectory")
trajectory.extend({"step": i, "energy": -1.0} for i in range(1000))
coppice.Dict(client, "parameters").update(temperature=300, step=0.5)
equilibrated = client.commit("equilibrated")


def go_on(branch: coppice.Client, temperature: int) -> None:
    coppice.Dict(branch, "parameters")["temperature"] = temperature
    drift = (temperature - 300) / 100_000
    coppice.List(branch, "trajectory").extend({"step": 1000 + i, "energy": -1.0 + drift * i} for i in range(200))


for name, temperature in (("hot", 400), ("cold", 200)):
    branch = client.branch(f"example-{name}")
    branch.rewind(equilibrated)  # from wherever an earlier run left it
    go_on(branch, temperature)
for name in ("main", "hot", "cold"):
    frames = coppice.List(client.on(f"example-{name}"), "trajectory")
    print(f"{name:<6} {len(frames)} frames, last energy {frames[-1]['energy']:.3f}")
changes = {change.key.partition(":")[2]: change for change in client.diff("example-main", "example-cold")}
print("cold against main:", "added 200 elements of trajectory," if "trajectory" in changes else "",
      "changed parameters" if "parameters" in changes else "")
