#!/usr/bin/env python3
"""Random commands on lists, hashes and sets, well-formed or not, get the same replies from coppice and from Redis.

Usage: collections_redis_test.py PROGRAM [SEED [STEPS]]

Where Redis answers in the order of a hash table the members are sorted first, and ours must come in the order of a
tree. Where chance decides, the reply must have the same shape and say what is there.
"""
import hashlib
import random
import sys

import peers

LISTS = [b"l%d" % i for i in range(4)]
HASHES = [b"h%d" % i for i in range(3)]
SETS = [b"s%d" % i for i in range(5)]
OTHERS = [b"string", b"none", b""]
ODD_NUMBERS = [b"", b"x", b"9223372036854775807", b"-9223372036854775808", b"-9223372036854775807",
               b"9223372036854775808", b"1.0", b" 1", b"+1", b"00", b"4611686018427387904"]
ODD_VALUES = [b"1.5", b"-0", b"01", b" 1", b"9223372036854775807", b"1e3", b"inf", b"nan", b"0x10"]
SORTED = {b"SMEMBERS", b"SINTER", b"SUNION", b"SDIFF"}
# Redis keeps hashes in the order of insertion while they are small: let them be small for ever.
REDIS_SETTINGS = ["--hash-max-listpack-entries", "1000000", "--hash-max-listpack-value", "1000000"]


class Commands:
    def __init__(self, rng):
        self.rng = rng

    def one_in(self, n):
        return self.rng.randrange(n) == 0

    def key(self, kind):
        return self.rng.choice(LISTS + HASHES + SETS + OTHERS if self.one_in(16) else kind)

    def value(self):
        rng, draw = self.rng, self.rng.random()
        if draw < 0.5:
            return rng.choice([b"a", b"b", b"c", b"d", b""])
        if draw < 0.8:
            return b"%d" % rng.randint(-20, 200)
        if draw < 0.9:
            return bytes(rng.randrange(256) for _ in range(rng.randrange(30)))
        if draw < 0.94:
            return rng.choice(ODD_VALUES)
        return rng.choice([b"q", b"w"]) * rng.choice([300, 900, 1024, 1025, 5000, 9000])

    def name(self):
        """A field or a member."""
        draw = self.rng.random()
        if draw < 0.5:
            return b"%d" % self.rng.randint(0, 60)
        if draw < 0.85:
            return b"m:%d" % self.rng.randint(0, 400)
        return b"l" * 600 + b"%d" % self.rng.randint(0, 40) if draw < 0.9 else self.value()

    def number(self, low=-8, high=8):
        if self.one_in(12):
            return self.rng.choice(ODD_NUMBERS)
        return b"%d" % (self.rng.randint(-300, 300) if self.one_in(12) else self.rng.randint(low, high))

    def count(self):
        return self.number() if self.one_in(4) else b"%d" % self.rng.randint(0, 5)

    def many(self, of, most=6):
        return [of() for _ in range(self.rng.randint(1, 300 if most > 3 and self.one_in(20) else most))]

    def maybe(self, n, *words):
        return list(words) if self.one_in(n) else []

    def side(self):
        return self.rng.choice([b"LEFT", b"RIGHT", b"rIght", b"up"] if self.one_in(10) else [b"LEFT", b"RIGHT"])

    def counted_keys(self, kind):
        keys = [self.key(kind) for _ in range(self.rng.randint(1, 3))]
        return [self.number() if self.one_in(14) else b"%d" % len(keys)] + keys

    def options(self, *names):
        words = []
        for _ in range(self.rng.choice([0, 0, 1, 1, 2, 3])):
            words += [b"nosuch" if self.one_in(30) else self.rng.choice(names)]
            words += [] if self.one_in(20) else [self.number().replace(b"-9223372036854775808", b"-3")]
        return words

    def on_lists(self):
        pick = self.rng.choice
        return pick([
            lambda: [pick([b"LPUSH", b"RPUSH"]), self.key(LISTS)] + self.many(self.value),
            lambda: [pick([b"LPUSH", b"RPUSH"]), self.key(LISTS)] + self.many(self.value),
            lambda: [pick([b"LPUSHX", b"RPUSHX"]), self.key(LISTS)] + self.many(self.value, 3),
            lambda: [pick([b"LPOP", b"RPOP"]), self.key(LISTS)] + self.maybe(2, self.count()) + self.maybe(50, b"1"),
            lambda: [b"LLEN", self.key(LISTS)],
            lambda: [b"LINDEX", self.key(LISTS), self.number()],
            lambda: [b"LRANGE", self.key(LISTS), self.number(), self.number()],
            lambda: [b"LSET", self.key(LISTS), self.number(), self.value()],
            lambda: [b"LINSERT", self.key(LISTS), pick([b"before", b"AFTER", b"in"]), self.value(), self.value()],
            lambda: [b"LREM", self.key(LISTS), self.number(), self.value()],
            lambda: [b"LTRIM", self.key(LISTS), pick([b"0", self.number()]), pick([b"-2", self.number()])],
            lambda: [b"LPOS", self.key(LISTS), self.value()] + self.options(b"RANK", b"count", b"MAXLEN"),
            lambda: [b"LMOVE", self.key(LISTS), self.key(LISTS), self.side(), self.side()],
            lambda: [b"RPOPLPUSH", self.key(LISTS), self.key(LISTS)],
            lambda: [b"LMPOP"] + self.counted_keys(LISTS) + [self.side()] + self.maybe(2, b"COUNT", self.count()),
        ])()

    def on_hashes(self):
        pick = self.rng.choice
        pairs = [word for _ in range(pick([1, 1, 1, 2, 3, 20])) for word in (self.name(), self.value())]
        return pick([
            lambda: [b"HSET", self.key(HASHES)] + pairs + self.maybe(30, b"odd"),
            lambda: [b"HMSET", self.key(HASHES)] + pairs + self.maybe(30, b"odd"),
            lambda: [b"HSETNX", self.key(HASHES), self.name(), self.value()],
            lambda: [b"HGET", self.key(HASHES), self.name()],
            lambda: [b"HMGET", self.key(HASHES)] + self.many(self.name, 40),
            lambda: [b"HDEL", self.key(HASHES)] + self.many(self.name),
            lambda: [pick([b"HLEN", b"HGETALL", b"HKEYS", b"HVALS"]), self.key(HASHES)],
            lambda: [pick([b"HSTRLEN", b"HEXISTS"]), self.key(HASHES), self.name()],
            lambda: [b"HINCRBY", self.key(HASHES), self.name(), self.number()],
            lambda: [b"HINCRBYFLOAT", self.key(HASHES), self.name(), pick([self.number(), self.value(), b"-1.25"])],
            lambda: [b"HRANDFIELD", self.key(HASHES)] + self.maybe(2, self.number()),
            lambda: [b"HRANDFIELD", self.key(HASHES), self.number(), b"WITHVALUES"] + self.maybe(20, b"x"),
            lambda: [b"HSCAN", self.key(HASHES), pick([b"0", b"0", b"x"]), b"COUNT", b"9999"] + self.maybe(9, b"MATCH"),
        ])()

    def on_sets(self):
        pick = self.rng.choice
        keys = [self.key(SETS) for _ in range(self.rng.randint(1, 4))]
        return pick([
            lambda: [b"SADD", self.key(SETS)] + self.many(self.name),
            lambda: [b"SADD", self.key(SETS)] + self.many(self.name),
            lambda: [b"SREM", self.key(SETS)] + self.many(self.name),
            lambda: [pick([b"SCARD", b"SMEMBERS"]), self.key(SETS)],
            lambda: [b"SISMEMBER", self.key(SETS), self.name()],
            lambda: [b"SMISMEMBER", self.key(SETS)] + self.many(self.name, 40),
            lambda: [b"SPOP", self.key(SETS)] + self.maybe(2, self.count()) + self.maybe(30, b"x"),
            lambda: [b"SRANDMEMBER", self.key(SETS)] + self.maybe(2, self.number()) + self.maybe(30, b"x"),
            lambda: [b"SMOVE", self.key(SETS), self.key(SETS), self.name()],
            lambda: [pick([b"SINTER", b"SUNION", b"SDIFF"])] + keys,
            lambda: [pick([b"SINTERSTORE", b"SUNIONSTORE", b"SDIFFSTORE"]), self.key(SETS)] + keys,
            lambda: [b"SINTERCARD"] + self.counted_keys(SETS) + self.options(b"LIMIT"),
            lambda: [b"SSCAN", self.key(SETS), pick([b"0", b"0", b"x"]), b"COUNT", b"9999"] + self.maybe(9, b"MATCH"),
        ])()

    def on_keys(self):
        pick, keys = self.rng.choice, LISTS + HASHES + SETS
        return pick([[b"DEL", pick(keys)], [b"SET", pick(OTHERS), self.value()], [b"TYPE", pick(keys)],
                     [b"COPY", pick(keys), pick(keys), b"REPLACE"], [b"EXPIRE", pick(keys), pick([b"-1", b"90000"])],
                     [b"PERSIST", pick(keys)]])

    def next(self):
        return self.rng.choice([self.on_lists] * 5 + [self.on_hashes] * 5 + [self.on_sets] * 5 + [self.on_keys])()


def texts(items):
    return [item[1] for item in items]


def place(name):
    """What a tree orders a key by: docs/format.md."""
    if len(name) <= 512:
        return name
    return name[:473] + len(name).to_bytes(8, "big") + hashlib.sha256(name[473:]).digest()


def names_and_values(words, items, protocol):
    """Pairs of what HRANDFIELD answered; the value None where none was asked for."""
    if len(words) < 4:
        return [(item[1], None) for item in items]
    if protocol == 3:
        return [(item[1][0][1], item[1][1]) for item in items]
    return list(zip(texts(items[0::2]), items[1::2]))


class Pair:
    """Both servers, asked the same."""

    def __init__(self, ours, theirs, protocol):
        self.ours, self.theirs, self.protocol = ours.client(), theirs.client(), protocol
        for client in (self.ours, self.theirs):
            client.call("FLUSHALL")
            client.call("HELLO", protocol)

    def differs(self, words):
        """What is wrong with the replies to a command, or None."""
        name = words[0]
        if name == b"SPOP":
            return self.popped_differs(words)
        mine, expected = self.ours.call(*words), self.theirs.call(*words)
        if mine == expected:
            return None
        same = mine[0] == expected[0] != "-" and {
            **dict.fromkeys(SORTED, self.same_members), b"HRANDFIELD": self.same_random_fields,
            b"SRANDMEMBER": self.same_random_members, b"HSCAN": self.same_page, b"SSCAN": self.same_page,
        }.get(name, lambda *_: False)(words, mine[1], expected[1])
        return None if same else f"coppice {mine}\n    redis   {expected}"

    def popped_differs(self, words):
        is_set = self.theirs.call("TYPE", words[1])[1] == b"set"
        size = int(self.theirs.call("SCARD", words[1])[1]) if is_set else 0
        mine = self.ours.call(*words)
        if mine[0] == "-" or not is_set:
            expected = self.theirs.call(*words)
            return None if mine == expected else f"coppice {mine}\n    redis   {expected}"
        gone = texts(mine[1]) if len(words) == 3 else [mine[1]]
        wanted = min(size, int(words[2])) if len(words) == 3 else 1
        removed = int(self.theirs.call("SREM", words[1], *gone)[1]) if gone else 0
        shape = "$" if len(words) == 2 else "~" if self.protocol == 3 else "*"
        return None if len(gone) == removed == wanted and mine[0] == shape else f"coppice {mine}, of {size}"

    def same_members(self, _, mine, expected):
        return texts(mine) == sorted(texts(expected), key=place)

    def same_page(self, words, mine, expected):
        def content(page):
            found = texts(page[1][1])
            return page[0], sorted(zip(found[::2], found[1::2]) if words[0] == b"HSCAN" else found)
        return content(mine) == content(expected)

    def same_random_members(self, words, mine, expected):
        members = texts(mine) if len(words) == 3 else [mine]
        there = all(item[1] == b"1" for item in self.theirs.call("SMISMEMBER", words[1], *members)[1])
        same_size = len(words) < 3 or len(mine) == len(expected)
        repeats = len(words) == 3 and int(words[2]) < 0
        return there and same_size and (repeats or len(set(members)) == len(members))

    def same_random_fields(self, words, mine, expected):
        if len(words) == 2:
            return self.theirs.call("HEXISTS", words[1], mine)[1] == b"1"
        pairs = names_and_values(words, mine, self.protocol)
        for name, value in pairs:
            there = self.theirs.call("HGET", words[1], name)
            if there[0] == "_" or (value is not None and value != there):
                return False
        return len(mine) == len(expected) and (int(words[2]) < 0 or len({name for name, _ in pairs}) == len(pairs))

    def contents_differ(self):
        for read, keys in ((("LRANGE", 0, -1), LISTS), (("HGETALL",), HASHES), (("SMEMBERS",), SETS)):
            for key in keys:
                found = self.differs([read[0].encode(), key] + [b"%d" % number for number in read[1:]])
                if found:
                    return f"content of {key}: {found}"
        return None


def shortened(words):
    return b" ".join(word if len(word) < 50 else word[:20] + b"... (%d bytes)" % len(word) for word in words[:40])


def run(ours, theirs, seed, steps):
    pair = Pair(ours, theirs, 2 + seed % 2)
    commands = Commands(random.Random(seed))
    for step in range(steps):
        words = commands.next()
        # As many as that with repeats neither server should be asked for.
        if words[0] in (b"HRANDFIELD", b"SRANDMEMBER") and b"-9223372036854775807" in words:
            continue
        found = pair.differs(words) or (pair.contents_differ() if step % 100 == 99 else None)
        if found:
            return f"seed {seed}, step {step}: {shortened(words)}\n    {found[:4000]}"
    return None


def main():
    path = peers.redis_path()
    if path is None:
        print("skipped: no redis-server")
        return 77
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    steps = int(sys.argv[3]) if len(sys.argv) > 3 else 2000
    theirs = peers.Server(peers.redis(path, *REDIS_SETTINGS))
    ours = peers.Server(peers.coppice(sys.argv[1]))
    try:
        findings = [found for seed in range(first, first + 4) if (found := run(ours, theirs, seed, steps))]
    finally:
        ours.stop()
        theirs.stop()
    print("\n".join(findings))
    print(f"{len(findings)} differences")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
