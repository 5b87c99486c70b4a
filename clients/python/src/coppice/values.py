"""Values as text: one JSON document each, byte for byte what Python's `json.dumps` writes by default."""
from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

_STRING_OR_NOT_A_NUMBER = re.compile(r'"(?:[^"\\]|\\.)*"|NaN|-?Infinity')


class Codec:
    """Writes and reads values, with znjson's converters if there are some.

    `convert_nan`: NaN and infinities become null; else they raise ValueError.
    """

    def __init__(self, converter: list[type] | None, convert_nan: bool) -> None:
        encoder: type[json.JSONEncoder] = json.JSONEncoder
        decoder: type[json.JSONDecoder] = json.JSONDecoder
        if converter is not None:
            try:
                import znjson
            except ImportError as error:
                raise ImportError("converter= needs znjson: pip install 'coppice[znjson]'") from error
            encoder = znjson.ZnEncoder.from_converters(converter)
            decoder = znjson.ZnDecoder.from_converters(converter)
        self._encoder = encoder(allow_nan=convert_nan)
        self._decoder = decoder()
        self._convert_nan = convert_nan

    def encode(self, value: Any) -> str:
        """Raises TypeError for what is neither JSON's nor a converter's, ValueError for a number that JSON has not."""
        if type(value) is int:
            return repr(value)  # json's encoder is built anew for each number
        text = self._encoder.encode(value)
        return _STRING_OR_NOT_A_NUMBER.sub(_null_unless_string, text) if self._convert_nan else text

    def decode(self, text: str) -> Any:
        """Raises ValueError for what is no JSON document."""
        return self._decoder.decode(text)


@cache
def plain_codec(convert_nan: bool) -> Codec:
    """One without converters."""
    return Codec(None, convert_nan)


def encode_all(values: Sequence[Any], encode: Callable[[Any], str]) -> list[str]:
    """The text of each value, as `encode` gives it.  Cost: with the compiled engine some 50 ns for a plain one."""
    engine = compiled()
    return list(map(encode, values)) if engine is None else engine.encode_all(values, encode)


def decode_all(texts: Sequence[str], decode: Callable[[str], Any]) -> list[Any]:
    """The value of each text, as `decode` gives it.  Cost: as of `encode_all`."""
    engine = compiled()
    return list(map(decode, texts)) if engine is None else engine.decode_all(texts, decode)


@cache
def compiled() -> Any:
    """The compiled module, which does many values or commands at once; None where it is not installed."""
    try:
        from coppice import _engine
    except ImportError:
        return None
    return _engine


def _null_unless_string(token: re.Match[str]) -> str:
    return token[0] if token[0].startswith('"') else "null"
