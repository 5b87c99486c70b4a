"""A collection that reads from another until it is written to ("frozen"), or is its copy from the start ("copy").

    $ python fallbacks.py
    frozen reads       {'threads': 4, 'log': 'info'}
    and follows        {'threads': 8, 'log': 'info'}
    until it is written {'threads': 8, 'log': 'debug'}
    the defaults       {'threads': 16, 'log': 'info'}
    the copy           {'threads': 4, 'log': 'info'}
    of nothing         {}
    of a fallback      {'threads': 8, 'log': 'debug'}
"""
import sys

import coppice

client = coppice.Client(*sys.argv[1:]).branch("example-fallbacks")  # its own: all else stays as it is
client.flushall()  # empties this branch, which may be left from an earlier run
defaults = coppice.Dict(client, "defaults")
defaults.update(threads=4, log="info")

copied = coppice.Dict(client, "copied", fallback="defaults", fallback_policy="copy")
mine = coppice.Dict(client, "mine", fallback="defaults", fallback_policy="frozen")
print("frozen reads      ", dict(mine))
defaults["threads"] = 8
print("and follows       ", dict(mine))
mine["log"] = "debug"  # the first write makes it an O(1) copy, and then writes
defaults["threads"] = 16
print("until it is written", dict(mine))
print("the defaults      ", dict(defaults))
print("the copy          ", dict(copied))
print("of nothing        ", dict(coppice.Dict(client, "other", fallback="missing", fallback_policy="frozen")))
print("of a fallback     ", dict(coppice.Dict(client, "theirs", fallback="mine", fallback_policy="frozen")))
