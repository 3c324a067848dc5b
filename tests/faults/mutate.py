"""Bytes made wrong by a seeded hand: cut, flipped, stuffed, repeated; numbers too large, brackets too deep."""

from __future__ import annotations

import random
import re
from collections.abc import AsyncGenerator, Callable

_VALUES = (
    b"null", b"true", b"[]", b"{}", b'""', b'"x"', b"-1", b"1e999", b"NaN", b"0.5", b'"\\ud800"', b'"\\ud83d\\ude00"',
    b'{"a":{"b":[1]}}', b"-Infinity", b'"\\u0000"', b"18446744073709551616",
)  # fmt: skip
_NASTY = (
    b"\xff\xfe",
    b"\xc3",
    b"\x00",
    b"\xed\xa0\x80",
    b"\r",
    b"\n",
    b"\n\n",
    b"\xe2\x80\xa8",
    b"```",
    b"<think>",
    b"---\n",
)


def cut(r: random.Random, data: bytes) -> bytes:
    return data[: r.randrange(len(data) + 1)]


def lose(r: random.Random, data: bytes) -> bytes:
    start = r.randrange(len(data) + 1)
    return data[:start] + data[start + r.randrange(40) :]


def flip(r: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(r.randrange(1, 6)):
        if out:
            out[r.randrange(len(out))] ^= 1 << r.randrange(8)
    return bytes(out)


def stuff(r: random.Random, data: bytes) -> bytes:
    at = r.randrange(len(data) + 1)
    return data[:at] + r.choice((r.choice(_NASTY), r.randbytes(r.randrange(1, 12)))) + data[at:]


def swell(r: random.Random, data: bytes) -> bytes:
    """A number becomes a huge one."""
    found = list(re.finditer(rb"\d+", data))
    if not found:
        return data
    match = r.choice(found)
    return data[: match.start()] + b"9" * r.choice((20, 300, 4000, 6000)) + data[match.end() :]


def replace(r: random.Random, data: bytes) -> bytes:
    """A value becomes one of another kind."""
    found = list(re.finditer(rb'(?<=[:=\[,])\s*("[^"\n]*"|[\d.]+|true|false|null)', data))
    if not found:
        return data
    match = r.choice(found)
    return data[: match.start()] + r.choice(_VALUES) + data[match.end() :]


def nest(r: random.Random, data: bytes) -> bytes:
    at = r.randrange(len(data) + 1)
    return data[:at] + r.choice((b"[", b'{"a":', b"(", b"{% if a %}", b"- ")) * r.choice((30, 3000, 20_000)) + data[at:]


def shuffle(r: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    first, second = r.randrange(len(lines)), r.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return b"\n".join(lines)


def repeat(r: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    at = r.randrange(len(lines))
    return b"\n".join([*lines[:at], *lines[at : at + 2] * r.randrange(2, 30), *lines[at:]])


WAYS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    cut, lose, flip, stuff, swell, replace, replace, nest, shuffle, repeat,
)  # fmt: skip


def mutated(r: random.Random, data: bytes) -> bytes:
    """The data, wrong in one to three ways."""
    for way in r.choices(WAYS, k=r.randrange(1, 4)):
        data = way(r, data)
    return data


def chunked(r: random.Random, data: bytes) -> list[bytes]:
    """The data in pieces of any size, as a network brings it."""
    out = []
    while data:
        size = r.choice((1, 3, 50, 700, 5000))
        out.append(data[:size])
        data = data[size:]
    return out


async def stream(chunks: list[bytes]) -> AsyncGenerator[bytes]:
    """As a response's body comes."""
    for chunk in chunks:
        yield chunk
