#!/usr/bin/env python3
"""What touches a watched key: after each command EXEC answers the same from coppice and from redis-server.

Usage: watch_redis_test.py PROGRAM

A command that could change a key and does not is where the two might part.
"""
import sys

import peers

FIXTURE = [
    "SET text hello", "SET number 10", "SET timed v PXAT 9999999999999", "RPUSH list a b c a", "RPUSH one x",
    "HSET hash f 1 g v", "HSET single f v", "SADD set a b c", "SADD alone a", "SADD other b x", "RPUSH numbers 2 1",
]
KEYS = ["text", "number", "timed", "list", "one", "hash", "single", "set", "alone", "other", "numbers", "none"]
# `e` stands for an empty argument.
COMMANDS = """
    APPEND text e|APPEND text x|APPEND none e|APPEND none x|APPEND list x
    SET text hello|SET text hello KEEPTTL|SET text x NX|SET none x XX|SET none x NX|SET text x GET|SET timed v PXAT 9999999999999
    SET text v PXAT 1|SET none v PXAT 1|SETNX text x|SETNX none x|SETEX text 100 x|PSETEX none 100000 x
    GETSET text hello|GETSET none x|GETDEL text|GETDEL none|GETDEL list|MSET text hello none x|MSETNX text 1 none 2|MSETNX none 1 new 2
    SETRANGE text 0 e|SETRANGE text 9 e|SETRANGE none 0 e|SETRANGE none 5 e|SETRANGE text 0 h|SETRANGE text 0 hello
    INCR number|INCRBY number 0|DECRBY number 0|INCRBYFLOAT number 0|INCR text|INCR none
    GETEX text|GETEX timed|GETEX text PERSIST|GETEX timed PERSIST|GETEX text EX 100|GETEX timed PXAT 9999999999999|GETEX text PXAT 1|GETEX none PERSIST
    GET text|STRLEN text|TOUCH text none|EXISTS text|TYPE text|OBJECT ENCODING text
    EXPIRE text 100|EXPIRE text 100 XX|EXPIRE timed 100 NX|EXPIRE timed 100 GT|EXPIRE text 100 GT|EXPIRE none 100|EXPIRE text -1|PEXPIREAT timed 9999999999999
    PEXPIREAT timed 1|PEXPIREAT timed 9999999999998 GT|PERSIST text|PERSIST timed|PERSIST none
    DEL text|DEL none|DEL text none|UNLINK none|UNLINK list|RENAME text text|RENAME text none|RENAME none text|RENAME timed text|RENAME list set
    RENAMENX text text|RENAMENX text none|RENAMENX text list|MOVE text 1|MOVE none 1|COPY text none|COPY text list|COPY text number REPLACE|COPY none text REPLACE
    COPY text text DB 1|COPY text text|COPY none number
    LPUSH list x|LPUSH none x|LPUSHX none x|RPUSHX list x|LPUSH text x|LPOP list|LPOP none|LPOP list 0|RPOP list 0|LPOP one|LPOP list 99
    LSET list 0 a|LSET list 0 z|LSET list 99 z|LSET none 0 x|LTRIM list 0 -1|LTRIM list 1 2|LTRIM list 9 10|LTRIM none 0 1|LTRIM list 0 99
    LREM list 0 zz|LREM list 0 a|LREM one 0 x|LREM none 0 a|LINSERT list BEFORE zz x|LINSERT list BEFORE a x|LINSERT none BEFORE a x
    LMOVE list list LEFT LEFT|LMOVE list list LEFT RIGHT|LMOVE one one LEFT RIGHT|LMOVE list one LEFT LEFT|LMOVE none one LEFT LEFT|LMOVE list none LEFT LEFT
    RPOPLPUSH one one|RPOPLPUSH one list|LMPOP 2 none list LEFT|LMPOP 1 none LEFT|LPOS list a|LRANGE list 0 -1|LLEN list
    HSET hash f 1|HSET hash f 2|HSET hash new 1|HSET none f v|HMSET hash f 1|HSETNX hash f 9|HSETNX hash new 9|HSETNX none f v
    HINCRBY hash f 0|HINCRBYFLOAT hash f 0|HINCRBY hash g 1|HDEL hash f|HDEL hash nosuch|HDEL none f|HDEL single f|HGETALL hash|HSCAN hash 0
    SADD set a|SADD set a new|SADD none a|SREM set nosuch|SREM set a|SREM alone a|SREM none a|SPOP set 0|SPOP none|SPOP alone|SPOP set 99|SRANDMEMBER set
    SMOVE set other a|SMOVE set other nosuch|SMOVE set set a|SMOVE set set nosuch|SMOVE set other b|SMOVE none other a|SMOVE set none a|SMOVE alone other a
    SINTERSTORE set set set|SINTERSTORE none set alone|SINTERSTORE none set none|SINTERSTORE text none|SINTERSTORE none none|SUNIONSTORE set set|SUNIONSTORE none none
    SDIFFSTORE set set|SDIFFSTORE none set set|SDIFFSTORE set set none|SUNIONSTORE list set
    SORT numbers|SORT numbers STORE none|SORT numbers STORE numbers|SORT none STORE text|SORT none STORE none|SORT numbers BY nosort STORE numbers
    FLUSHDB|FLUSHALL|SWAPDB 0 1|SWAPDB 0 0|SWAPDB 1 2|SWAPDB 1 0|SELECT 1|PING
""".replace("\n", "|").split("|")


def touched(servers, line):
    """For both servers: whether the command failed, and the keys for which EXEC then does nothing."""
    words = ["" if word == "e" else word for word in line.split()]
    answers = []
    for server in servers:
        watching, writing = server.client(), server.client()
        failed = []
        for key in KEYS:
            for each in ["FLUSHALL", *FIXTURE]:
                writing.call(*each.split())
            watching.call("WATCH", key)
            reply = writing.call(*words)
            writing.call("SELECT", "0")
            watching.call("MULTI")
            if watching.call("EXEC")[0] == "_":
                failed.append(key)
        answers.append((reply[0] == "-", failed))
        watching.close()
        writing.close()
    return answers


def main():
    path = peers.redis_path()
    if path is None:
        print("skipped: no redis-server")
        return 77
    theirs, ours = peers.Server(peers.redis(path)), peers.Server(peers.coppice(sys.argv[1]))
    findings = []
    lines = [line.strip() for line in COMMANDS if line.strip()]
    try:
        for line in lines:
            mine, other = touched((ours, theirs), line)
            if mine != other:
                findings.append(f"{line}\n    coppice {mine}\n    redis   {other}")
    finally:
        ours.stop()
        theirs.stop()
    print("\n".join(findings))
    print(f"{len(lines)} commands: {len(findings)} differences")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
