"""What the tests share: the files of corpora."""

from __future__ import annotations

import json
import pathlib
import re
from typing import Any, Iterable

CORPORA = pathlib.Path(__file__).resolve().parents[3] / "corpora"


def corpus(name: str) -> bytes:
    return (CORPORA / name).read_bytes()


def vectors(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CORPORA / "vectors" / name).read_text())
    return found


def unrolled(rows: dict[str, Any]) -> bytes:
    """The bytes of the rows of a vector."""
    data = bytearray(rows["size"])
    for row in rows["rows"]:
        at, line = row.split(": ")
        data[int(at, 16) : int(at, 16) + len(line) // 2] = bytes.fromhex(line)
    return bytes(data)


def dumped(name: str) -> bytes:
    """The space of a dump in the form of lspci -xxxx."""
    space = bytearray(4096)
    for line in corpus("configspace/" + name).decode().splitlines():
        row = re.match(r"([0-9a-f]{2,3}): ((?:[0-9a-f]{2} ?)+)$", line.strip())
        if row:
            data, at = bytes.fromhex(row[2]), int(row[1], 16)
            space[at : at + len(data)] = data
    return bytes(space)


def changed(data: bytes, case: dict[str, Any]) -> bytes:
    """A stream or a state with what a case of the vectors does to it."""
    found = bytearray(data)
    if "truncate" in case:
        del found[case["truncate"] :]
    for at, mask in case.get("flip", []):
        found[at] ^= mask
    return bytes(found) + bytes.fromhex(case.get("append", ""))


def fnv1a(data: Iterable[int]) -> str:
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"
