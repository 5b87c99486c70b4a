#!/usr/bin/python3
"""ZnSocket's wire at the server's one port: polling, WebSocket and the way from one to the other; what breaks it harms no other."""
from __future__ import annotations

import base64
import gzip
import http.client
import json
import socket
import threading
import time
import unittest

from engine_io import TEXT, Closed, Polling, WebSocket
from harness import Server, ServerTest, Workplace, is_sanitized

MEBIBYTE = 1 << 20
PLACE = {"_placeholder": True, "num": 0}


class SocketIo(ServerTest):
    def websocket(self, **options: str) -> WebSocket:
        return WebSocket(self.server.port, **options)

    def test_polling_alone_is_enough(self) -> None:
        one = Polling(self.server.port)
        self.assertEqual({name: one.opened[name] for name in ("upgrades", "pingInterval", "pingTimeout", "maxPayload")},
                         {"upgrades": ["websocket"], "pingInterval": 25000, "pingTimeout": 20000, "maxPayload": 5 * MEBIBYTE})
        one.post("40/znsocket,", '42/znsocket,0["rpush",[["polled","1","2"],{}]]', '42/znsocket,1["lrange",[["polled",0,-1],{}]]')
        got: list[str] = []
        while len(got) < 3:
            got += one.get()
        self.assertRegex(got[0], r'^40/znsocket,\{"sid":"[^"]+"\}$')
        self.assertEqual(got[1:], ['43/znsocket,0[{"data":2}]', '43/znsocket,1[{"data":["1","2"]}]'])
        packed = base64.b64encode(b"\0" + b'[["polled"],{}]').decode()
        one.post(f'451-/znsocket,2["compressed_message",{{"event":"llen","data":{json.dumps(PLACE)}}}]', "b" + packed)
        self.assertEqual(one.get(), ['43/znsocket,2[{"data":2}]'])

    def test_a_branch_stands_in_the_address(self) -> None:
        with self.server.connect() as resp:
            resp.ask("BRANCH", "CREATE", "exp")
        basic = base64.b64encode(b"default@exp:").decode()
        for options in ({"query": "&branch=exp"}, {"headers": f"Authorization: Basic {basic}\r\n"}):
            with self.websocket(**options).connect() as one:
                one.call("rpush", "branched", "x")
        with self.server.connect() as resp:
            self.assertEqual([resp.ask("LLEN", "branched"), resp.ask("ON", "exp", "LLEN", "branched")], [0, 2])
        with self.websocket(query="&branch=none") as one:
            one.receive()
            one.send("40/znsocket,")
            self.assertEqual(one.receive(), """44/znsocket,{"message":"no branch 'none'"}""")

    def hanging_get(self) -> tuple[Polling, threading.Thread, list[list[str]]]:
        """A connected session, the thread of its GET that hangs, and where the packets of that will be."""
        one = Polling(self.server.port)
        one.post("40/znsocket,")
        one.get()
        told: list[list[str]] = []
        hanging = threading.Thread(target=lambda: told.append(one.get()))
        hanging.start()
        time.sleep(0.2)
        return one, hanging, told

    def test_a_get_hangs_until_there_is_something_to_say(self) -> None:
        _, hanging, told = self.hanging_get()
        self.assertEqual(told, [])
        with self.websocket().connect() as other:
            other.call("refresh", target="K")
        hanging.join()
        self.assertEqual(told, [['42/znsocket,["refresh",[[],{"target":"K"}]]']])

    def test_nothing_is_lost_on_the_way_from_polling_to_websocket(self) -> None:
        one, hanging, told = self.hanging_get()
        with self.websocket(sid=one.sid) as upgraded:
            upgraded.send("2probe")
            self.assertEqual(upgraded.receive(), "3probe")
            hanging.join()
            self.assertEqual(told, [["6"]])
            one.post('42/znsocket,7["llen",[["nothing"],{}]]')
            upgraded.send("5")
            self.assertEqual(upgraded.receive(), '43/znsocket,7[{"data":0}]')
            with self.assertRaises(AssertionError):
                WebSocket(self.server.port, sid=one.sid)
        self.assertEqual(one.request("GET"), (400, f'"Invalid session {one.sid}"'))

    def test_what_is_no_session_is_refused_with_a_text(self) -> None:
        for query, text in (("EIO=4&transport=webtransport", "Invalid transport"),
                            ("EIO=4&transport=polling&sid=nobody", "Invalid session nobody"),
                            ("EIO=3&transport=polling", "The client is using an unsupported version"),
                            ("EIO=4&transport=websocket", "Invalid websocket upgrade")):
            status, body = self.plain(f"/socket.io/?{query}")
            self.assertEqual(status, 400, query)
            self.assertTrue(json.loads(body).startswith(text), body)
        self.assertEqual(self.plain("/")[0], 404)
        self.assertEqual(self.plain("/socket.io/?EIO=4&transport=polling", Origin="http://elsewhere")[0], 400)
        self.assertEqual(self.plain("/socket.io/?EIO=4&transport=polling", Origin=f"http://127.0.0.1:{self.server.port}")[0], 200)
        self.assertEqual(Polling(self.server.port, path="/some/prefix/socket.io/").opened["pingInterval"], 25000)

    def assert_memory_is_bounded(self) -> None:
        """The server has far less memory than it was sent."""
        assert self.server.process is not None
        if is_sanitized():
            return
        with open(f"/proc/{self.server.process.pid}/statm", encoding="ascii") as numbers:
            self.assertLess(int(numbers.read().split()[1]) * 4096, 400 * MEBIBYTE)

    def plain(self, target: str, **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        connection.request("GET", target, headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def test_both_protocols_see_the_same_data(self) -> None:
        with self.websocket().connect() as one, self.server.connect() as resp:
            one.call("hset", "shared", "field", "value")
            self.assertEqual(resp.ask("HGET", "shared", "field"), b"value")
            resp.ask("RPUSH", "shared list", "é", b"\xff")
            self.assertEqual(one.call("lrange", "shared list", 0, -1), {"data": ["é", "\ufffd"]})
            big = "x" * (3 * MEBIBYTE)
            resp.ask("SET", "big", big)
            ids = [one.emit("get", [["big"], {}]), one.emit("strlen", [["big"], {}])]
            self.assertEqual([one.answer(each) for each in ids], [{"data": big}, {"data": len(big)}])
            resp.ask("RPUSH", "long", *range(50_000))
            self.assertEqual(len(one.call("lrange", "long", 0, -1)["data"]), 50_000)
            self.assertGreaterEqual(resp.ask("CLIENT", "LIST").decode().count("addr="), 2)

    def test_a_pipeline_is_one_step_for_everybody(self) -> None:
        stop = threading.Event()
        torn: list[object] = []

        def watch() -> None:
            with self.websocket().connect() as other:
                while not stop.is_set():
                    answer = other.call("mget", ["p1", "p2"])["data"]
                    if answer[0] != answer[1]:
                        torn.append(answer)

        watching = threading.Thread(target=watch)
        watching.start()
        with self.websocket().connect() as one:
            for number in range(300):
                message = [[name, [[key, str(number)], {}]] for name, key in (("set", "p1"), ("set", "p2"))]
                self.assertEqual(one.call("pipeline", message=message), {"data": [{"data": True}, {"data": True}]})
        stop.set()
        watching.join()
        self.assertEqual(torn, [])

    def test_what_breaks_the_protocol_ends_one_client_and_no_other(self) -> None:
        with self.websocket().connect() as other:
            for frames in ([b"9"], [b"4"], [b"49"], [b"42/znsocket,1["], [b"451-/znsocket,1[\"x\"]", b"42/znsocket,1[\"x\"]"],
                           [b"42/znsocket,1" + b"[" * 100_000]):
                with self.websocket().connect() as one:
                    for frame in frames:
                        one.send_frame(TEXT, frame)
                    with self.assertRaises(Closed) as closed:
                        one.answer(99)
                    self.assertEqual(closed.exception.args[0], 1008, frames)
                    self.assertTrue(closed.exception.args[1], frames)
            with self.websocket().connect() as one:
                with self.assertRaises((Closed, ConnectionError)):
                    one.send_frame(TEXT, b"x" * (11 * MEBIBYTE))
                    one.answer(99)
            self.assertEqual(other.call("llen", "nothing"), {"data": 0})

    def test_a_message_that_grows_when_unpacked_is_refused(self) -> None:
        bomb = gzip.compress(b"x" * (300 * MEBIBYTE))
        with self.websocket().connect() as one:
            for announced in (300 * MEBIBYTE, 100):
                number = one.emit("compressed_message", {"event": "set", "data": PLACE},
                                  attachment=b"\x01" + announced.to_bytes(4, "big") + bomb)
                self.assertEqual(one.answer(number)["error"]["type"], "DeserializationError")
        self.assert_memory_is_bounded()

    def test_who_leaves_the_namespace_at_once_harms_nobody(self) -> None:
        for event in ("check_adapter", "register_adapter", "adapter_exists", "adapter:get"):
            one = Polling(self.server.port)
            one.post("40/znsocket,")
            one.get()
            one.post(f'42/znsocket,1["{event}",[[],{{"key":"K","method":"__len__"}}]]', "41/znsocket,",
                     '42/znsocket,2["llen",[["k"],{}]]')
            answers = one.get()
            self.assertTrue(any("Not connected to /znsocket" in answer for answer in answers), answers)
        with self.websocket().connect() as other:
            self.assertEqual(other.call("ping"), {"data": True})

    def test_others_are_served_while_a_large_message_is_unpacked(self) -> None:
        json_text = b'[["k",' + b" " * (200 * MEBIBYTE) + b'"v"],{}]'
        large = b"\x01" + len(json_text).to_bytes(4, "big") + gzip.compress(json_text)
        with self.websocket().connect() as one, self.websocket().connect() as other:
            number = one.emit("compressed_message", {"event": "rpush", "data": PLACE}, attachment=large)
            for _ in range(10):
                self.assertEqual(other.call("llen", "k"), {"data": 0})
            self.assertEqual(one.answer(number), {"data": 1})
            self.assertEqual(other.call("llen", "k"), {"data": 1})

    def test_refreshes_that_come_too_fast_are_brought_together(self) -> None:
        with self.websocket().connect() as one, self.websocket().connect() as other:
            for i in range(500):
                one.emit("refresh", {"target": "K", "data": {"indices": [i]}})
            heard: list[int] = []
            messages = 0
            while len(heard) < 500:
                packet = other.receive()
                self.assertTrue(packet.startswith('42/znsocket,["refresh",'), packet)
                payload = json.loads(packet[len("42/znsocket,"):])[1]
                self.assertEqual(payload["target"], "K")
                heard += payload["data"]["indices"]
                messages += 1
            self.assertEqual(heard, list(range(500)))
            self.assertLess(messages, 400)

    def test_who_does_not_read_is_cut_off(self) -> None:
        with self.websocket().connect() as lazy, self.websocket().connect() as one:
            text = "x" * (4 * MEBIBYTE)
            for _ in range(24):
                one.call("refresh", target="K", data=text)
            with self.assertRaises((Closed, ConnectionError)):
                while True:
                    lazy.receive()
        self.assert_memory_is_bounded()

    def test_an_answer_may_have_any_size(self) -> None:
        with self.websocket().connect() as one, self.server.connect() as resp:
            resp.ask("RPUSH", "large", *["x" * MEBIBYTE] * 80)
            one.emit("lrange", [["large", 0, -1], {}])
            left = 80 * MEBIBYTE
            while left > 0:
                got = len(one.socket.recv(MEBIBYTE))
                self.assertGreater(got, 0, f"{left} bytes before the end")
                left -= got

    def test_a_header_may_come_in_pieces(self) -> None:
        request = b"GET /nothing HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"
        for step in (1, 30):
            with socket.create_connection(("127.0.0.1", self.server.port)) as slow, self.websocket().connect() as one:
                for at in range(0, len(request), step):
                    slow.sendall(request[at:at + step])
                    time.sleep(0.005)
                    self.assertEqual(one.call("ping"), {"data": True})
                self.assertRegex(slow.recv(1000), b"^HTTP/1.1 404 ")
        sent = {b"X: " + b"y" * 20_000 + b"\r\n\r\n": b"404", b"X: " + b"y" * 40_000: b"431",
                b"Transfer-Encoding: chunked\r\n\r\n5;" + b"y" * 40_000: b"431"}
        for rest, status in sent.items():
            with socket.create_connection(("127.0.0.1", self.server.port)) as large:
                large.sendall(b"POST /nothing HTTP/1.1\r\nHost: a\r\n" + rest)
                self.assertEqual(large.recv(1000).split()[1], status)

    def test_who_sends_half_of_something_harms_nobody(self) -> None:
        halves = []
        for part in (b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc"):
            half = socket.create_connection(("127.0.0.1", self.server.port))
            half.sendall(part)
            halves.append(half)
        with self.websocket().connect() as one:
            self.assertEqual(one.call("ping"), {"data": True})
        half = socket.create_connection(("127.0.0.1", self.server.port))
        half.sendall(b"GET / HTTP/1.1\r\nHos")
        half.close()
        with self.websocket().connect() as one:
            self.assertEqual(one.call("ping"), {"data": True})
        for half in halves:
            half.close()


class Password(unittest.TestCase):
    def test_a_password_is_asked_for_and_taken_from_the_address_or_the_packet(self) -> None:
        with Workplace("password") as place, Server(place / "data", ["--requirepass", "se cret"]) as server:
            server.launch()
            while not (port := server.address_in_lock()):
                time.sleep(0.01)
            server.port = port
            with WebSocket(server.port) as one:
                one.receive()
                one.send("40/znsocket,{}")
                answer = one.receive()
                self.assertTrue(answer.startswith('44/znsocket,{"message":"NOAUTH'), answer)
                one.send('42/znsocket,1["llen",[["k"],{}]]')
                self.assertIn("error", one.receive())
                one.send('40/znsocket,{"password":"wrong"}')
                self.assertIn("NOAUTH", one.receive())
                self.assertEqual(server.log_end().count("wrong user or password"), 1, "one line, however many there are")
                one.send('40/znsocket,{"password":"se cret"}')
                self.assertTrue(one.receive().startswith('40/znsocket,{"sid"'))
                self.assertEqual(one.call("llen", "k"), {"data": 0})
            with WebSocket(server.port, query="&password=se%20cret").connect() as one:
                self.assertEqual(one.call("llen", "k"), {"data": 0})
            self.check_what_may_be_sent_before_login(server.port)
            basic = base64.b64encode(b"anybody:se cret").decode()
            with WebSocket(server.port, headers=f"Authorization: Basic {basic}\r\n").connect() as one:
                self.assertEqual(one.call("llen", "k"), {"data": 0})

    def check_what_may_be_sent_before_login(self, port: int) -> None:
        large = "4" + json.dumps("x" * (16 << 10))
        event = f'42/znsocket,1["set",[["large","{"v" * (1 << 20)}"],{{}}]]'
        one = Polling(port)
        self.assertEqual(one.request("POST", large), (413, "the body is limited to 16384 bytes before login\n"))
        one.post('40/znsocket,{"password":"se cret"}')
        self.assertTrue(one.get()[0].startswith('40/znsocket,{"sid"'))
        one.post(event)
        self.assertEqual(one.get(), ['43/znsocket,1[{"data":true}]'])
        one.sid = "nobody"
        self.assertEqual(one.request("POST", large)[0], 413)
        with WebSocket(port) as two:
            two.receive()
            two.send(large)
            with self.assertRaises(Closed) as closed:
                two.frame()
            self.assertEqual(closed.exception.args[0], 1009)
        with WebSocket(port) as three:
            three.receive()
            three.send('40/znsocket,{"password":"se cret"}')
            three.send(event)
            self.assertTrue(three.receive().startswith('40/znsocket,{"sid"'))
            self.assertEqual(three.answer(1), {"data": True})


if __name__ == "__main__":
    unittest.main()
