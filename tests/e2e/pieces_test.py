#!/usr/bin/python3
"""Every stream of a client may be cut anywhere: the tests of the wires again, through a proxy that does so."""
from __future__ import annotations

import os
import time
import unittest

import socket_io_test
import websocket_test
import wire_test
from pieces import Pieces

SEED = int(os.environ.get("COPPICE_SEED") or time.time_ns() % 1_000_000)

# About time, numbers and sizes, of which pieces say nothing new.
LEFT_OUT = ("test_small_commands_cost_at_most_about_twice_of_tcp", "test_a_thousand_connections",
            "test_a_value_of_100_megabytes", "test_an_answer_may_have_any_size", "test_who_does_not_read_is_cut_off",
            "test_others_are_served_while_a_large_message_is_unpacked")


def through_pieces(tests: type) -> type:
    class Cut(tests):  # type: ignore[misc,valid-type]
        pieces: Pieces

        @classmethod
        def setUpClass(cls) -> None:
            super().setUpClass()
            cls.pieces = Pieces(cls.server.port, SEED)
            cls.server.port = cls.pieces.port
            print(f"{tests.__name__}: COPPICE_SEED={SEED}")

        @classmethod
        def tearDownClass(cls) -> None:
            cls.pieces.close()
            super().tearDownClass()

    for name in LEFT_OUT:
        setattr(Cut, name, None)
    Cut.__name__ = Cut.__qualname__ = f"{tests.__name__}InPieces"
    return Cut


Wire = through_pieces(wire_test.Wire)
SocketIo = through_pieces(socket_io_test.SocketIo)
WebSocket = through_pieces(websocket_test.WebSocketTest)


if __name__ == "__main__":
    unittest.main()
