"""A thousand nested records, and a variant that changes three of them.

    $ python segments_of_records.py
    1000 records, 3 changed: 7 pieces
    record 100: optimal in the variant, running in the origin
    record 101: running in both, the same object
    keys of the store: 1,008
"""
import sys

import coppice

client = coppice.Client(*sys.argv[1:]).branch("example-segments-of-records")  # its own: all else stays as it is
client.flushall()  # empties this branch, which may be left from an earlier run
records = coppice.List(client, "records")
with_keys = [coppice.Dict(client, f"record {i}") for i in range(1000)]
for i, record in enumerate(with_keys):
    record.update({"id": i, "state": "running", "settings": {"step": 0.5, "seed": i}})
records.extend(with_keys)  # a Dict in a list is stored by its key

variant = coppice.Segments(client, records, "variant")
for i in (100, 500, 900):
    changed = coppice.Dict(client, f"record {i} of the variant", fallback=f"record {i}", fallback_policy="copy")
    changed["state"] = "optimal"
    variant[i] = changed

print(f"{len(variant)} records, 3 changed: {len(variant.get_raw())} pieces")
print(f"record 100: {variant[100]['state']} in the variant, {records[100]['state']} in the origin")
print(f"record 101: {variant[101]['state']} in both, "
      f"{'the same object' if variant[101].key == records[101].key else 'two objects'}")
print(f"keys of the store: {client.dbsize():,}")
