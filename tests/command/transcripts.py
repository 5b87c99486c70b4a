"""What redis_test.py asks of both servers, a line as a person types it; `sort` in front sorts the reply."""
import time

NOW = int(time.time())
LATER = NOW + 1000
LONG = "x" * 5000

TRANSCRIPTS = {
    "connection": f"""
        PING
        PING hello
        PING a b
        ping
        ECHO hello
        ECHO
        SELECT 1
        SELECT 16
        SELECT -1
        SELECT x
        SELECT 99999999999
        SELECT 0
        NOSUCH
        NOSUCH a b
        NOSUCH {"y" * 200} z
        {"n" * 200} a
        GET
        GET a b
        get
        CLIENT
        CLIENT NOSUCH
        CLIENT GETNAME
        CLIENT GETNAME x
        CLIENT SETNAME hello
        CLIENT GETNAME
        CLIENT SETNAME "with space"
        CLIENT SETNAME ""
        CLIENT GETNAME
        CLIENT KILL
        CLIENT KILL 1.2.3.4:5
        CLIENT KILL ID 987654
        CLIENT KILL ID x
        CLIENT KILL ID 0
        CLIENT KILL TYPE nosuch
        CLIENT KILL SKIPME maybe
        CLIENT KILL ADDR 1.2.3.4:5 SKIPME yes
        CLIENT KILL USER nosuch
        CLIENT LIST ID x
        CLIENT LIST TYPE nosuch
        CLIENT LIST TYPE
        CLIENT NO-EVICT on
        CLIENT NO-EVICT maybe
        CLIENT NO-EVICT off
        CLIENT GETREDIR
        CLIENT REPLY maybe
        CLIENT REPLY on
        HELLO 1
        HELLO 4
        HELLO x
        HELLO 2 NOSUCH
        HELLO 2 SETNAME "a b"
        HELLO 2 AUTH nosuch pass
        AUTH pass
        AUTH default pass
        AUTH nosuch pass
        AUTH a b c
        CONFIG GET databases
        CONFIG SET databases 17
        CONFIG SET nosuch 1
        CONFIG SET timeout x
        CONFIG GET
        CONFIG
        CONFIG NOSUCH
        CONFIG RESETSTAT
        CONFIG RESETSTAT x
        COMMAND GETKEYS GET a
        COMMAND GETKEYS MSET a 1 b 2
        COMMAND GETKEYS NOSUCH a
        COMMAND GETKEYS PING
        COMMAND NOSUCH
        SLOWLOG LEN x
        SLOWLOG GET -5
        SLOWLOG GET x
        SLOWLOG RESET
        MEMORY USAGE nosuch
        MEMORY USAGE nosuch SAMPLES -1
        MEMORY USAGE nosuch SAMPLES x
        MEMORY NOSUCH
        SWAPDB a 1
        SWAPDB 0 a
        SWAPDB 0 16
        SWAPDB 0 0
        FLUSHALL x
        FLUSHDB ASYNC
        TIME x
        DBSIZE
        DBSIZE x
        OBJECT
        OBJECT NOSUCH x
        OBJECT ENCODING nosuch
        OBJECT REFCOUNT nosuch
        OBJECT FREQ nosuch
        BGSAVE x
        SAVE x
        LASTSAVE x
        SHUTDOWN x
        RESET
    """,
    "lcs": """
        MSET a ohmytext b mynewtext c ""
        LCS a b
        LCS a b LEN
        LCS a b IDX
        LCS a b idx minmatchlen 4 withmatchlen
        LCS a b IDX WITHMATCHLEN
        LCS b a IDX WITHMATCHLEN
        LCS a a IDX
        LCS a none
        LCS a c IDX
        LCS none none LEN
        LCS a b LEN IDX
        LCS a b FOO
        LCS a b MINMATCHLEN
        LCS a b MINMATCHLEN x
        LCS a b IDX MINMATCHLEN -5
        LCS a b LEN MINMATCHLEN 3 WITHMATCHLEN
        LCS a
        RPUSH l x
        LCS a l
        LCS l a FOO
        MSET a aabbaabbab b babababbbaaab
        LCS a b
        LCS a b IDX WITHMATCHLEN
        LCS b a IDX WITHMATCHLEN
    """,
    "one server": """
        ROLE
        WAIT 0 0
        WAIT 1 10
        WAIT x 0
        WAIT 0 -1
        WAIT 0 x
        COMMAND GETKEYSANDFLAGS LMOVE a b LEFT LEFT
        COMMAND GETKEYSANDFLAGS SORT a STORE b
        COMMAND GETKEYSANDFLAGS SET a b
        COMMAND GETKEYSANDFLAGS SET a b GET
        COMMAND GETKEYSANDFLAGS MSET a 1 b 2
        COMMAND GETKEYSANDFLAGS GET
        COMMAND GETKEYSANDFLAGS GET a b
        COMMAND GETKEYSANDFLAGS PING a
    """,
    "strings": f"""
        SET a 1
        GET a
        SET a 2 NX
        SET a 2 XX
        SET b 2 XX
        SET b 2 NX
        SET a 3 GET
        SET a 3 NX XX
        SET a 3 NX GET
        SET c 3 NX GET
        GET c
        SET a 3 EX 0
        SET a 3 EX -1
        SET a 3 EX x
        SET a 3 EX
        SET a 3 PX 10 EX 10
        SET a 3 KEEPTTL EX 10
        SET a 3 EX 10 KEEPTTL
        SET a 3 EX 9223372036854775807
        SET a 3 PX 9223372036854775807
        SET a 3 PERSIST
        SET a 3 NOSUCH
        SET a 3 EX 100
        TTL a
        SET a 4 KEEPTTL
        TTL a
        SET a 5
        TTL a
        SET a 5 EXAT {LATER}
        EXPIRETIME a
        SET a 5 PXAT 9223372036854775807
        EXPIRETIME a
        SET a 5 PXAT {LATER}000
        PEXPIRETIME a
        SET a 5 PXAT 1
        GET a
        EXISTS a
        SET a 5 EXAT 0
        SETNX a 1
        SETNX a 2
        SETEX a 10 v
        SETEX a 0 v
        SETEX a x v
        PSETEX a 10000 v
        PSETEX a -1 v
        TTL a
        GETSET a w
        TTL a
        GETSET nosuch w
        GETDEL nosuch
        GETDEL nothere
        GETDEL a
        GETEX a
        SET a v
        GETEX a EX 100
        TTL a
        GETEX a PERSIST
        TTL a
        GETEX a PERSIST EX 1
        GETEX a EX 0
        GETEX a NX
        GETEX a PXAT 1
        EXISTS a
        GETEX nosuchkey EX 0
        SET s "Hello World"
        GETRANGE s 0 4
        GETRANGE s -5 -1
        GETRANGE s 5 2
        GETRANGE s -1 -5
        GETRANGE s 0 100
        GETRANGE s 100 200
        GETRANGE s x 1
        GETRANGE s 1 x
        GETRANGE s -9223372036854775808 9223372036854775807
        GETRANGE nosuchkey 0 -1
        SUBSTR s 0 4
        SETRANGE s 6 Redis
        GET s
        SETRANGE s -1 x
        SETRANGE s 536870912 x
        SETRANGE s 9223372036854775807 x
        SETRANGE s x y
        SETRANGE s 3 ""
        SETRANGE missing 0 ""
        SETRANGE missing 5 ab
        GET missing
        STRLEN s
        STRLEN nosuchkey
        APPEND s more
        APPEND s ""
        APPEND fresh ""
        EXISTS fresh
        GET fresh
        APPEND fresh x
        GET s
        SET long {LONG}
        STRLEN long
        APPEND long {LONG}
        GETRANGE long 4998 5003
        SETRANGE long 4999 yyy
        GETRANGE long 4998 5003
        GET long
        SETRANGE gap 6000 end
        STRLEN gap
        GETRANGE gap 5990 6005
        MGET s nosuchkey long
        MSET a 1 b 2 c 3
        MSET a 1 b
        MSET
        MGET a b c a
        MSETNX a 1 d 4
        MSETNX d 4 e 5
        MSETNX d
        MGET d e
        MSET x 1 x 2
        GET x
        INCR n
        INCR n
        INCRBY n 10
        INCRBY n x
        DECR n
        DECRBY n 100
        DECRBY n -9223372036854775808
        INCRBY n 9223372036854775807
        SET n 9223372036854775807
        INCR n
        SET n -9223372036854775808
        DECR n
        SET n " 1"
        INCR n
        SET n 01
        INCR n
        SET n abc
        INCR n
        INCRBYFLOAT n 1
        SET n 10.5
        INCR n
        INCRBYFLOAT n 0.1
        INCRBYFLOAT n 5.0e3
        INCRBYFLOAT n x
        INCRBYFLOAT n inf
        INCRBYFLOAT n nan
        INCRBYFLOAT fl 3
        INCRBYFLOAT fl -3
        INCRBYFLOAT fl 1e-17
        INCRBYFLOAT fl 1e300
        SETEX ttl 100 5
        INCR ttl
        TTL ttl
        APPEND ttl 1
        TTL ttl
        SETRANGE ttl 0 9
        TTL ttl
        LPUSH list a
        GET list
        SET list x GET
        SETNX list x
        GETSET list x
        GETDEL list
        GETEX list
        INCR list
        INCRBYFLOAT list 1
        APPEND list x
        STRLEN list
        GETRANGE list 0 1
        SETRANGE list 0 x
        SETRANGE list 0 ""
        MGET list a
        SET list x
        TYPE list
    """,
    "keys": f"""
        DEL nosuch
        SET a 1
        SET b 2
        RPUSH l 3 1 2
        SADD s x y z
        HSET h f v g w
        EXISTS a b nosuch a
        TOUCH a b nosuch
        TYPE a
        TYPE l
        TYPE s
        TYPE h
        TYPE nosuch
        sort KEYS *
        sort KEYS [a-b]
        sort KEYS [^a]
        sort KEYS ?
        KEYS nosuch*
        KEYS h
        KEYS \\h
        SET "" empty
        sort KEYS **
        KEYS ""
        sort KEYS *
        HSET hh "" 1
        HSCAN hh 0 MATCH **
        HSCAN hh 0 MATCH *
        DEL "" hh
        RENAME a aa
        RENAME nosuch x
        RENAME aa aa
        RENAME aa b
        GET b
        RENAMENX b l
        RENAMENX b bb
        RENAMENX nosuch x
        RENAMENX bb bb
        EXPIRE bb 100
        RENAME bb cc
        TTL cc
        COPY cc dd
        TTL dd
        COPY cc dd
        COPY cc dd REPLACE
        COPY cc cc
        COPY cc cc DB 1
        COPY nosuch x
        COPY cc ee DB 16
        COPY cc ee DB x
        COPY cc ee NOSUCH
        COPY l l2
        LRANGE l2 0 -1
        MOVE cc 2
        MOVE cc 2
        MOVE dd 0
        MOVE dd 16
        MOVE dd x
        MOVE nosuch 3
        SELECT 2
        GET cc
        TTL cc
        SELECT 0
        SWAPDB 0 2
        GET cc
        EXISTS l
        SWAPDB 0 2
        EXISTS l
        EXPIRE l 100
        TTL l
        EXPIRE l 200 NX
        EXPIRE l 200 XX
        EXPIRE l 100 GT
        EXPIRE l 300 GT
        EXPIRE l 400 LT
        EXPIRE l 100 LT
        EXPIRE l 100 NX XX
        EXPIRE l 100 GT LT
        EXPIRE l 100 NOSUCH
        EXPIRE l 150 xx gt
        EXPIRE l x
        EXPIRE l 9223372036854775807
        EXPIRE l -9223372036854775808
        PEXPIRE l 9223372036854775807
        EXPIRE nosuch 10
        EXPIREAT l {LATER}
        EXPIRETIME l
        PEXPIREAT l {LATER}500
        PEXPIRETIME l
        EXPIRETIME l
        PERSIST l
        PERSIST l
        PERSIST nosuch
        TTL l
        PTTL l
        TTL nosuch
        PTTL nosuch
        EXPIRETIME nosuch
        EXPIRETIME l
        EXPIRE h GT 10
        EXPIRE h 10 GT
        EXPIRE h 10 LT
        EXPIRE h -1
        EXISTS h
        EXPIREAT l 1
        EXISTS l
        DEL s s nosuch
        UNLINK l2 dd
        DBSIZE
        SCAN x
        SCAN 0 COUNT 0
        SCAN 0 COUNT x
        SCAN 0 NOSUCH
        SCAN 0 MATCH
        SCAN 0 MATCH nosuch*
        SCAN 0 TYPE nosuch
        HSCAN nosuch 0
        HSCAN nosuch x
        SSCAN nosuch 0 MATCH
        RANDOMKEY
        FLUSHDB
        RANDOMKEY
        DBSIZE
        SCAN 0
        OBJECT FREQ nosuch
    """,
    "sort": """
        RPUSH l 3 1 10 2
        SORT l
        SORT l DESC
        SORT l ALPHA
        SORT l ALPHA DESC
        SORT l LIMIT 1 2
        SORT l LIMIT -1 2
        SORT l LIMIT 2 -1
        SORT l LIMIT 10 2
        SORT l LIMIT x 2
        SORT l LIMIT 1
        SORT l NOSUCH
        SORT_RO l STORE x
        MSET w_1 30 w_2 20 w_3 10 w_10 0 o_1 one o_2 two o_3 three
        SORT l BY w_*
        SORT l BY w_* GET o_*
        SORT l BY w_* GET # GET o_* GET nosuch
        SORT l BY nosuch_*
        SORT l BY constant
        SORT l BY constant DESC
        SORT l BY w_* DESC LIMIT 0 2 GET o_*
        SORT_RO l BY w_*
        HSET h_1 n 4 t a
        HSET h_2 n 3 t b
        HSET h_3 n 2 t c
        SORT l BY h_*->n GET h_*->t
        SORT l BY h_*->t ALPHA
        SORT l BY h_* ALPHA
        SORT l STORE out
        LRANGE out 0 -1
        SORT l BY w_* GET o_* STORE out
        LRANGE out 0 -1
        SORT nosuch STORE out
        EXISTS out
        SORT nosuch
        RPUSH words b a c
        SORT words
        SORT words ALPHA
        SADD set 5 4 3
        SORT set
        SORT set DESC
        SET str x
        SORT str
        RPUSH reals 3 "" inf -inf 0x10 123456789012345678901234567890
        SORT reals
        RPUSH reals 1e-400
        SORT reals
        HSET hash a b
        SORT hash
    """,
    "transactions": """
        EXEC
        DISCARD
        MULTI
        MULTI
        SET a 1
        INCR a
        GET a
        EXEC
        MULTI
        SET a x
        INCR a
        SET a y
        EXEC
        GET a
        MULTI
        NOSUCH
        SET a z
        EXEC
        GET a
        MULTI
        GET
        EXEC
        MULTI
        SET a z
        DISCARD
        GET a
        WATCH a
        SET a w
        MULTI
        GET a
        EXEC
        WATCH a
        UNWATCH
        SET a w
        MULTI
        GET a
        EXEC
        WATCH a
        SET a w
        SET a w
        MULTI
        EXEC
        WATCH nosuch
        DEL nosuch
        MULTI
        PING
        EXEC
        WATCH a b
        EXPIRE a 100
        MULTI
        PING
        EXEC
        WATCH a
        SELECT 3
        SET a other
        SELECT 0
        MULTI
        PING
        EXEC
        WATCH a
        FLUSHDB
        MULTI
        PING
        EXEC
        WATCH a
        FLUSHDB
        MULTI
        PING
        EXEC
        WATCH a
        MULTI
        WATCH b
        EXEC
        SET k v
        WATCH k
        SWAPDB 0 5
        MULTI
        EXEC
        MULTI
        SELECT 4
        SET inner 1
        EXEC
        GET inner
        SELECT 0
        GET inner
        MULTI
        EXEC
        MULTI
        LPUSH l a
        SET s v
        LPUSH s x
        LRANGE l 0 -1
        EXEC
        UNWATCH
        MULTI
        QUIT x
        PING
    """,
}
