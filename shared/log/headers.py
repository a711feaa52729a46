"""Headers as one column of the embedded log: for each the lengths (2 and 4 bytes), the name, the value."""

from __future__ import annotations

import struct


def pack(headers: tuple[tuple[str, bytes], ...]) -> bytes:
    parts: list[bytes] = []
    for name, value in headers:
        encoded = name.encode()
        parts += (struct.pack(">HI", len(encoded), len(value)), encoded, value)
    return b"".join(parts)


def unpack(packed: bytes) -> tuple[tuple[str, bytes], ...]:
    headers: list[tuple[str, bytes]] = []
    at = 0
    while at < len(packed):
        name, value = struct.unpack_from(">HI", packed, at)
        at += 6
        headers.append((packed[at : at + name].decode(), packed[at + name : at + name + value]))
        at += name + value
    return tuple(headers)
