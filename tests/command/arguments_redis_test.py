#!/usr/bin/env python3
"""Every command that Redis has too, with every kind of key, number and option in any order and any count, well-formed or
not, gets the same reply from coppice and from redis-server.

Usage: arguments_redis_test.py PROGRAM [SEED [CALLS]]

What a command may be given is read from COMMAND DOCS: words in capitals are options, the rest are keys, numbers and
values. Both servers then hold the same keys again.
"""
import random
import re
import sys
import time

import peers

FIXTURE = [
    ["SET", "number", "10"], ["SET", "text", "hello"], ["SET", "real", "3.25"], ["SET", "empty", ""],
    ["SET", "large", "9223372036854775806"], ["SET", "long", "x" * 3000], ["SET", "timed", "5", "PX", "100000000"],
    ["RPUSH", "list", "a", "b", "c", "a", "1", "2"], ["RPUSH", "numbers", "3", "1", "2", "10"],
    ["HSET", "hash", "f", "1", "g", "text", "h", "2.5"], ["SADD", "set", "a", "b", "c"], ["SADD", "other", "b", "c", "d"],
    ["SADD", "integers", "1", "2", "30"], ["SET", "w_a", "3"], ["SET", "w_b", "1"], ["SET", "w_c", "2"],
]
KEYS = [words[1] for words in FIXTURE] + ["none", "none", ""]
NUMBERS = ["0", "1", "2", "-1", "-2", "3", "10", "100", "1000000", "-100", "2147483647", "2147483648", "4294967296",
           "9223372036854775807", "-9223372036854775808", "9223372036854775808", "-9223372036854775807",
           "9223372036854775", "9223372036854776", "18446744073709551616"]
ODD = ["", "x", "1.5", " 1", "1 ", "+1", "01", "-0", "0x10", "1e3", "inf", "-inf", "nan", "1e400", "3.0e2", "-", ".5", "5.", "1_0"]
VALUES = ["a", "b", "c", "f", "g", "zz", "", "1", "3.25", "*", "w_*", "#", "*->f", "w_*->x", "[ab]", "\\", "\x00\xff", "(1"]
# A call for each number that a command takes: N and M stand for every one of NUMBERS. What is random, or fills the
# memory of both servers, is left out.
EXTREMES = """
    LPOS list a RANK N|LPOS list a COUNT N|LPOS list a MAXLEN N|LPOS list a RANK N COUNT M|LPOS list a RANK N MAXLEN M
    LPOS list a RANK N COUNT M MAXLEN 5|LPOS text a RANK N|LPOS text a RANK N MAXLEN M|LPOS list nosuch RANK N|LPOS none a RANK N|LRANGE list N M|LTRIM list N M|LINDEX list N|LSET list N x|LREM list N a
    LPOP list N|RPOP list N|LPOP none N|LMPOP N list LEFT|LMPOP 1 list LEFT COUNT N|LMPOP 2 none list RIGHT COUNT N
    GETRANGE text N M|SUBSTR text N M|SETRANGE none N x|SETRANGE text N x|SETRANGE text N e|INCRBY number N|DECRBY number N
    INCRBY large N|DECRBY large N|DECRBY none N|INCRBY text N|INCRBYFLOAT number N|INCRBYFLOAT large N|HINCRBY hash f N
    HINCRBY hash new N|HINCRBYFLOAT hash f N|EXPIRE text N|PEXPIRE text N|EXPIREAT text N|PEXPIREAT text N|EXPIRE none N
    EXPIRE timed N GT|PEXPIREAT timed N LT|EXPIREAT timed N NX|SET text x EX N|SET text x PX N|SET text x EXAT N
    SET text x PXAT N|SETEX text N x|PSETEX text N x|GETEX text EX N|GETEX text PX N|GETEX text EXAT N|GETEX text PXAT N
    SELECT N|MOVE text N|COPY text none DB N|SWAPDB N M|SORT numbers LIMIT N M|SORT list ALPHA LIMIT N M|SORT numbers LIMIT N 2 STORE none
    SORT_RO numbers LIMIT N M|SINTERCARD N set other|SINTERCARD 2 set other LIMIT N|HSCAN hash N|HSCAN hash 0 COUNT N|SSCAN set N
    SSCAN none 0 COUNT N|SCAN 0 COUNT N TYPE none|SPOP none N|SPOP set N|SRANDMEMBER none N|HRANDFIELD none N
    LCS text long IDX MINMATCHLEN N|WAIT 0 N|OBJECT FREQ N
"""
# What chance, time, a hash table's order, or the server itself decides; what ends a connection or blocks both servers;
# and what COMMAND and CONFIG say of commands and settings that only one of the two has.
LEFT_OUT = {"TIME", "INFO", "CLIENT", "COMMAND", "DEBUG", "MEMORY", "LASTSAVE", "SLOWLOG", "SHUTDOWN", "CONFIG", "ACL",
            "SAVE", "BGSAVE", "QUIT", "SCAN", "RANDOMKEY", "BGREWRITEAOF", "MONITOR", "SYNC", "HELLO", "AUTH",
            "RESET", "LATENCY", "LOLWUT", "BRANCH", "TAG", "STORE", "ON", "AT", "REPLICAOF", "SLAVEOF"}
ASKING_INSIDE = {"ENCODING", "REFCOUNT", "IDLETIME", "FREQ"}  # of OBJECT: how a server holds a key
BY_CHANCE = {"SPOP", "SRANDMEMBER", "HRANDFIELD"}
UNORDERED = {"SMEMBERS", "SINTER", "SUNION", "SDIFF", "KEYS", "SSCAN", "HSCAN", "SORT", "SORT_RO"}


def documented(client):
    """name -> words in capitals of its syntax; only commands that `client` has."""
    found = {}
    docs = client.call("COMMAND", "DOCS")[1]
    for name, about in zip(docs[::2], docs[1::2]):
        fields = {key[1]: value[1] for key, value in zip(about[1][::2], about[1][1::2])}
        syntax = fields.get(b"syntax", b"").decode()
        subs = [each[1].decode().split("|")[1] for each in fields.get(b"subcommands", [])[::2]]
        found[name[1].decode().upper()] = (sorted(set(re.findall(r"\b[A-Z]{2,}\b", syntax))), subs)
    return found


class Calls:
    def __init__(self, rng, commands):
        self.rng, self.commands = rng, commands
        self.names = sorted(commands)

    def argument(self, options):
        rng = self.rng
        kind = rng.random()
        if options and kind < 0.3:
            word = rng.choice(options)
            return word.lower() if rng.random() < 0.2 else word
        if kind < 0.6:
            return rng.choice(NUMBERS) if rng.random() < 0.7 else rng.choice(ODD)
        if kind < 0.8:
            return rng.choice(KEYS)
        return rng.choice(VALUES)

    def one(self):
        """A call. COPY ... FROM and HELP are a coppice's own, and nobody waits for all that Redis would choose by chance."""
        while True:
            words = self.any()
            own = words[0].upper() == "COPY" and "FROM" in map(str.upper, words)
            own = own or len(words) == 2 and words[1].upper() == "HELP"
            endless = words[0].upper() in BY_CHANCE and "-9223372036854775807" in words
            if not own and not endless:
                return words

    def any(self):
        rng = self.rng
        name = rng.choice(self.names)
        options, subs = self.commands[name]
        words = [name if rng.random() < 0.9 else name.lower()]
        if subs and rng.random() < 0.9:
            words.append(rng.choice([sub for sub in subs if sub.upper() not in ASKING_INSIDE]))
        if rng.random() < 0.95:
            words.append(rng.choice(KEYS))
        count = rng.choice([0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7])
        return words + [self.argument(options) for _ in range(count)]


def extreme_calls():
    for line in EXTREMES.strip().replace("\n", "|").split("|"):
        words = line.split()
        for first in NUMBERS + ODD if "N" in words else [""]:
            for second in NUMBERS if "M" in words else [""]:
                yield [{"N": first, "M": second, "e": ""}.get(word, word) for word in words]


def shape(reply):
    """What is left of a reply that chance decides."""
    kind, value = reply
    return (kind, [shape(each) for each in value]) if isinstance(value, list) else \
        (kind, value) if kind in "-_+:" else (kind, b"?")


def flat(reply):
    return sorted((flat(each) for each in reply[1]), key=str) if isinstance(reply[1], list) else [reply[1]]


class Pair:
    def __init__(self, ours, theirs):
        self.servers = ours, theirs
        self.clients = None
        self.begin(2)

    def begin(self, protocol):
        """New connections, and the same keys."""
        for client in self.clients or ():
            client.close()
        self.clients = [server.client() for server in self.servers]
        for client in self.clients:
            for line in [["FLUSHALL"], *FIXTURE, ["HELLO", protocol]]:
                client.call(*line)

    def differ(self, words):
        name = words[0].upper()
        ours, theirs = [self.ask(client, words) for client in self.clients]
        if name in BY_CHANCE:
            same = shape(ours) == shape(theirs)
        elif name in UNORDERED:
            same = self.near(ours, theirs) or ours[0] == theirs[0] and sorted(map(str, flat(ours))) == sorted(map(str, flat(theirs)))
        else:
            same = self.near(ours, theirs)
        return None if same else f"{words}\n    coppice {ours}\n    redis   {theirs}"

    def differs_again(self, asked, protocol):
        """Whether it was no deadline of a millisecond that one of the two saw pass."""
        self.begin(protocol)
        for words in asked:
            last = self.differ(words)
            time.sleep(0.01)
        return last

    @staticmethod
    def ask(client, words):
        try:
            return client.call(*[word.encode("latin-1") for word in words])
        except ConnectionError:
            return "closed", b""

    @staticmethod
    def near(ours, theirs):
        """Equal, or times that passed between the two, or what docs/protocol.md says is different."""
        if ours == theirs or ours == ("-", b"ERR cursor expired, start again at 0"):
            return True
        if b"elements with repeats" in str(ours[1]).encode():
            return True
        if ours[0] == theirs[0] == ":":
            return int(theirs[1]) > 1000 and abs(int(ours[1]) - int(theirs[1])) < 1000
        return False


def writes(client, name):
    info = client.call("COMMAND", "INFO", name)[1][0][1]
    return not info or ("+", b"readonly") not in info[2][1]


def main():
    path = peers.redis_path()
    if path is None:
        print("skipped: no redis-server")
        return 77
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    calls_wanted = int(sys.argv[3]) if len(sys.argv) > 3 else 8_000
    theirs, ours = peers.Server(peers.redis(path)), peers.Server(peers.coppice(sys.argv[1]))
    findings = {}
    try:
        pair = Pair(ours, theirs)
        theirs_has = {name[1].decode().upper() for name in pair.clients[1].call("COMMAND", "LIST")[1]}
        commands = {name: words for name, words in documented(pair.clients[0]).items()
                    if name in theirs_has and name not in LEFT_OUT}
        changing = {name for name in commands if writes(pair.clients[0], name)}
        done = 0
        for words in extreme_calls():
            if words[0] not in commands or len(findings) > 30:
                continue
            if done % 50 == 0 or words[0] in changing or words[0] == "SELECT":
                pair.begin(2)
            done += 1
            if pair.differ(words) and pair.differs_again([words], 2):
                findings.setdefault(" ".join(words), pair.differs_again([words], 2) or str(words))
        calls = Calls(random.Random(seed), commands)
        calls_wanted += done
        while done < calls_wanted and len(findings) < 30:
            protocol = 2 + done % 2
            pair.begin(protocol)
            asked = []
            for _ in range(12):  # what several have made together
                words = calls.one()
                asked.append(words)
                finding = pair.differ(words)
                done += 1
                if finding and pair.differs_again(asked, protocol):
                    findings.setdefault(words[0].upper() + finding.split("redis   ")[1][:40], f"RESP{protocol} {finding}")
                    break
                if words[0].upper() in BY_CHANCE and words[0].upper() in changing:
                    break
    finally:
        ours.stop()
        theirs.stop()
    print("\n".join(findings.values()))
    print(f"seed {seed}, {done} calls of {len(commands)} commands: {len(findings)} differences")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
