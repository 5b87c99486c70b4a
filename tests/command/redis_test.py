#!/usr/bin/env python3
"""The same commands, sent to coppice and to Redis, get the same replies, byte for byte, in RESP2 and RESP3.

Usage: redis_test.py PROGRAM [SEED]

Only where a hash table's order shows (KEYS, SMEMBERS ...) are replies sorted first. A transcript is a list of
lines as a person types them; `sort` in front sorts the reply. Behind them come random commands on few keys.
"""
import random
import shlex
import sys

import peers
from transcripts import TRANSCRIPTS


def words_of(line):
    return shlex.split(line)


class Pair:
    def __init__(self, ours, theirs, protocol):
        self.ours, self.theirs = ours.client(), theirs.client()
        for client in (self.ours, self.theirs):
            client.call("FLUSHALL")
            client.call("CONFIG", "RESETSTAT")
            if protocol == 3:
                client.call("HELLO", "3")

    def compare(self, words, in_order=True):
        def ask(client):
            try:
                reply = client.call(*words)
            except ConnectionError:
                return "closed", b""
            return reply if in_order or not isinstance(reply[1], list) else (reply[0], sorted(reply[1]))
        mine, theirs = ask(self.ours), ask(self.theirs)
        return None if mine == theirs else f"{words}\n    coppice {mine}\n    redis   {theirs}"


def transcripts(ours, theirs):
    findings = []
    for protocol in (2, 3):
        for name, text in TRANSCRIPTS.items():
            pair = Pair(ours, theirs, protocol)
            for line in text.strip().splitlines():
                words = words_of(line.strip())
                in_order = words[0] != "sort"
                finding = pair.compare(words if in_order else words[1:], in_order)
                if finding:
                    findings.append(f"{name}, RESP{protocol}: {finding}")
    return findings


KEYS = ["a", "b", "c", "d", "k" * 9216 + "1", "k" * 9216 + "2"]
VALUES = ["", "1", "-5", "10", "3.5", "hello", "x" * 300, "y" * 3000, "\x00\xff"]


def long_names(ours, theirs):
    """Keys, fields and members that no page has room for."""
    findings = []
    for protocol, size in ((2, 513), (3, 9216), (2, 1 << 20)):
        pair = Pair(ours, theirs, protocol)
        one, two, other = "k" * size + "1", "k" * size + "2", "k" * size + "3"
        for words in [
            ["SET", one, "1"], ["GET", one], ["GET", two], ["GET", one[:-1]], ["SETNX", one, "2"], ["APPEND", one, "5"],
            ["KEYS", "*"], ["KEYS", one[:500] + "*"], ["KEYS", one], ["SCAN", "0", "COUNT", "100"], ["RANDOMKEY"],
            ["INCR", one], ["RENAME", one, two], ["EXISTS", one, two], ["COPY", two, one], ["COPY", two, other, "DB", "2"],
            ["MGET", one, two, other], ["EXPIREAT", two, "9999999999"], ["EXPIRETIME", two], ["PERSIST", two], ["TTL", two],
            ["EXPIRE", two, "-1"], ["EXISTS", two], ["MSET", two, "x", other, "y"], ["DBSIZE"], ["MOVE", other, "1"],
            ["HSET", "h", one, "v", two, "w", "short", "x"], ["HGET", "h", two], ["HMGET", "h", one, two, other],
            ["HSET", "h", one, "v2", other, "u"], ["HDEL", "h", two, "none"], ["HSTRLEN", "h", one], ["HLEN", "h"],
            ["HINCRBY", "h", two, "3"], ["HKEYS", "h"], ["HVALS", "h"], ["COPY", "h", one, "REPLACE"], ["HKEYS", one],
            ["SADD", "s", one, two, "short", one], ["SADD", "t", two, other], ["SMEMBERS", "s"], ["SISMEMBER", "s", two],
            ["SINTER", "s", "t"], ["SUNION", "s", "t"], ["SDIFF", "s", "t"], ["SINTERSTORE", "u", "s", "t"],
            ["SUNIONSTORE", "u", "s", "t"], ["SMEMBERS", "u"], ["SMOVE", "s", "t", one], ["SREM", "t", one, two, "none"],
            ["SMEMBERS", "t"], ["SPOP", "t"], ["RENAME", "s", other], ["SMEMBERS", other], ["LPUSH", two, "wrong type"],
            ["DEL", two], ["LPUSH", two, one], ["LRANGE", two, "0", "-1"], ["WATCH", one], ["MULTI"], ["DEL", one],
            ["HSET", one, two, "v"], ["INCR", "s"], ["LPUSH", one, "wrong"], ["EXEC"], ["HGETALL", one], ["KEYS", "*"],
            ["SWAPDB", "0", "1"], ["KEYS", "*"], ["FLUSHALL"], ["EXISTS", one],
        ]:
            in_order = words[0] not in ("KEYS", "SMEMBERS", "SINTER", "SUNION", "SDIFF", "HKEYS", "HVALS")
            finding = pair.compare(words, in_order)
            if finding:
                findings.append(f"{size} bytes: {finding[:300]}")
    return findings


def key_specifications(ours, theirs):
    """Of every command that both have, but for the notes of Redis's."""
    def of(client):
        found = {}
        def add(info):
            if info[0] == "_":
                return
            fields = info[1]
            specs = [sorted(str(pair) for pair in zip(spec[1][::2], spec[1][1::2]) if pair[0][1] != b"notes")
                     for spec in fields[8][1]]
            found[fields[0][1].decode()] = ([each[1] for each in fields[3:6]], specs)
            for sub in fields[9][1]:
                add(sub)
        for name in names:
            add(client.call("COMMAND", "INFO", name)[1][0])
        return found
    clients = ours.client(), theirs.client()
    for client in clients:
        client.call("HELLO", "3")
    names = sorted(name[1].decode() for name in clients[0].call("COMMAND", "LIST")[1])
    mine, other = of(clients[0]), of(clients[1])
    return [f"COMMAND INFO {name}\n    coppice {mine[name]}\n    redis   {other[name]}"
            for name in sorted(mine.keys() & other.keys()) if mine[name] != other[name]]


def random_command(rng):
    key, other = rng.choice(KEYS), rng.choice(KEYS)
    value, number = rng.choice(VALUES), str(rng.randint(-12, 12))
    second = str(rng.randint(-12, 12))
    return rng.choice([
        ["SET", key, value], ["SET", key, value, rng.choice(["NX", "XX", "GET", "KEEPTTL"])], ["GET", key],
        ["SET", key, value, "EX", str(rng.randint(50, 60) * 100)], ["GETSET", key, value], ["GETDEL", key],
        ["SETNX", key, value], ["APPEND", key, value], ["STRLEN", key], ["GETRANGE", key, number, second],
        ["SETRANGE", key, str(rng.randint(0, 2000)), value], ["INCR", key], ["DECRBY", key, number],
        ["INCRBYFLOAT", key, rng.choice(["0.5", "-1", "3e2"])], ["MSET", key, value, other, value],
        ["MSETNX", key, value, other, value], ["MGET", key, other], ["DEL", key, other], ["EXISTS", key, other],
        ["TYPE", key], ["RENAME", key, other], ["RENAMENX", key, other], ["COPY", key, other],
        ["COPY", key, other, "REPLACE"], ["MOVE", key, "1"], ["EXPIRE", key, "5000", rng.choice(["NX", "XX", "GT", "LT"])],
        ["PERSIST", key], ["EXPIRETIME", key], ["DBSIZE"], ["SELECT", rng.choice("01")], ["SWAPDB", "0", "1"],
        ["RPUSH", key, value, number], ["LPUSH", key, value], ["LPOP", key], ["RPOP", key, "2"], ["LRANGE", key, number, second],
        ["LINDEX", key, number], ["LSET", key, number, value], ["LREM", key, number, value], ["LTRIM", key, number, second],
        ["LINSERT", key, "BEFORE", value, number], ["RPOPLPUSH", key, other], ["LLEN", key],
        ["HSET", key, number, value, second, value], ["HGET", key, number], ["HDEL", key, number, second], ["HLEN", key],
        ["HINCRBY", key, number, second], ["HEXISTS", key, number], ["HMGET", key, number, second],
        ["SADD", key, number, value], ["SREM", key, number, value], ["SISMEMBER", key, number], ["SCARD", key],
        ["SMOVE", key, other, number], ["SORT", key, "ALPHA"], ["PTTL", "nosuch"], ["MULTI"], ["EXEC"], ["DISCARD"],
        ["WATCH", key], ["UNWATCH"], ["FLUSHDB"],
    ])


def random_commands(ours, theirs, seed, rounds):
    findings = []
    for round_seed in range(seed, seed + rounds):
        rng = random.Random(round_seed)
        pair = Pair(ours, theirs, 2 + round_seed % 2)
        for _ in range(400):
            words = random_command(rng)
            finding = pair.compare(words)
            if finding:
                findings.append(f"seed {round_seed}: {finding}")
                break
    return findings


def main():
    path = peers.redis_path()
    if path is None:
        print("skipped: no redis-server")
        return 77
    theirs = peers.Server(peers.redis(path))
    ours = peers.Server(peers.coppice(sys.argv[1]))
    try:
        findings = transcripts(ours, theirs)
        findings += long_names(ours, theirs)
        findings += key_specifications(ours, theirs)
        findings += random_commands(ours, theirs, int(sys.argv[2]) if len(sys.argv) > 2 else 1, 20)
    finally:
        ours.stop()
        theirs.stop()
    print("\n".join(findings))
    print(f"{len(findings)} differences")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
