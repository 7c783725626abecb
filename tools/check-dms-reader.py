#!/usr/bin/env python3
"""Checks dms-reader.py against the format's document: check-dms-reader.py FORMAT.md

Reads the worked example of the document, every truncation and every flipped bit of it, and streams built here from the
document's rules, whole and broken. Prints "N passed, N failed", failures on stderr before it; exit status 1 if any
failed.
"""

import contextlib
import hashlib
import importlib.util
import io
import json
import os
import re
import struct
import sys
import tempfile
import traceback

spec = importlib.util.spec_from_file_location("dms_reader", os.path.join(os.path.dirname(__file__), "dms-reader.py"))
dms = importlib.util.module_from_spec(spec)
spec.loader.exec_module(dms)

UUID = bytes(range(16))
STATE = b"state" * 3000
PASSED, FAILED = [], []


def check(name, condition, found=""):
    (PASSED if condition else FAILED).append(name)
    if not condition:
        print(f"failed: {name}: {found}", file=sys.stderr)


def read(stream, *options):
    """The reader's exit status, its JSON, if any, and its message."""
    out, err = io.StringIO(), io.StringIO()
    with tempfile.NamedTemporaryFile() as file:
        file.write(stream)
        file.flush()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = dms.main([*options, file.name])
            except SystemExit as exit:
                status = exit.code
            except Exception:
                status = traceback.format_exc()
    return status, json.loads(out.getvalue() or "null"), err.getvalue()


def expect(name, stream, status, *options):
    found = read(stream, *options)
    check(name, found[0] == status, found)
    return found[1]


# A writer as small as can be.

def leb128(number):
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + leb128(number >> 7)


def uint(number):
    return number.to_bytes((number.bit_length() + 7) // 8, "little")


def field(tag, value, must=0):
    value = uint(value) if isinstance(value, int) else value
    return leb128(tag << 1 | must) + leb128(len(value)) + value


def header(major=1, features=0, channels=1, chunk_limit=65_536, metadata_limit=65_536, window=0):
    head = dms.MAGIC + struct.pack("<HHII16sHHIII", major, 0, features, 0, UUID, 0, channels, chunk_limit,
                                   metadata_limit, window)
    return head + struct.pack("<I", dms.crc32c(head))


class Writer:
    def __init__(self, stream):
        self.stream, self.sequence, self.entries, self.previous = stream, 0, b"", None
        self.chunks, self.states = 0, {}

    def record(self, type, payload=b"", device=0, bits=0x80, offset=0, raw=None):
        raw = len(payload) if raw is None else raw
        head = struct.pack("<BBHIQIII", type, bits, device, self.sequence, offset, raw, len(payload),
                           dms.crc32c(payload))
        head += struct.pack("<I", dms.crc32c(UUID + head))
        if type == 6:
            self.entries += struct.pack("<Q", len(self.stream)) + head + payload[:8]
        self.stream += head + payload
        self.sequence += 1
        return self

    def chunk(self, state, coded=None, encoding=0, device=0, phase=2, iteration=0,
              flags=0, reference=0):
        offset = len(self.states.setdefault(device, b""))
        self.states[device] += state
        self.chunks += 1
        head = struct.pack("<BBHI", phase, flags, reference, iteration)
        return self.record(6, head + (state if coded is None else coded), device, 0x80 | encoding, offset, len(state))

    def index(self):
        block = len(self.stream)
        payload = b"" if self.previous is None else field(1, self.previous)
        self.record(9, payload + (field(2, self.entries) if self.entries else b""), 0xFFFF, 0)
        self.entries, self.previous = b"", block
        return self

    def close(self, devices=1, digest=True, totals=(0, 0), index=field(4, 1)):
        for device in range(devices):
            state = self.states.get(device, b"")
            chunks = sum(1 for _ in self.chunks_of(device))
            hashed = field(3, b"\2" + hashlib.sha256(state if digest else b"other").digest())
            self.record(7, field(1, len(state)) + field(2, chunks) + hashed, device)
        return self.end(devices, totals, index)

    def chunks_of(self, device):
        at = 56
        while at < len(self.stream):
            type, _, number, _, _, _, stored = struct.unpack_from("<BBHIQII", self.stream, at)
            if type == 6 and number == device:
                yield at
            at += 32 + stored

    def end(self, devices, totals=(0, 0), index=field(4, 1)):
        state = sum(map(len, self.states.values())) + totals[1]
        self.record(8, field(1, devices) + field(2, self.chunks + totals[0]) + field(3, state) + index, 0xFFFF)
        if index:
            self.index()
        foot = struct.pack("<Q", self.previous or 0) + UUID
        return self.stream + foot + struct.pack("<I", dms.crc32c(foot)) + dms.FOOTER_MAGIC


def begun(**limits):
    return Writer(header(**limits)).record(1, field(1, b"check"), 0xFFFF)


def device(identity=field(2, b"mtty"), **limits):
    return begun(**limits).record(2, identity)


def example(path):
    with open(path, encoding="utf-8") as document:
        block = re.search(r"```hex\n(.*?)```", document.read(), re.DOTALL)[1]
    stream = b""
    for line in block.splitlines():
        check(f"example's line {line[:4]}", int(line[:4], 16) == len(stream), len(stream))
        stream += bytes.fromhex(line[6:54])
    return stream


def check_example(stream):
    expected = {
        "format": {"major": 1, "minor": 0}, "complete": True, "rawBytes": 77, "storedBytes": 6, "devices": [{
            "index": 0, "name": None, "driver": "mtty", "vendorID": 0x4348, "deviceID": 0x3253, "stateBytes": 77,
            "chunks": 2, "precopyBytes": 5, "configBytes": 0, "pasidBindings": 0,
            "digest": "xxh3-128:1657ecc58d7c5e33d21b44e7accb9b95"}]}
    found = expect("example", stream, 0)
    check("example's fields", found == expected, found)
    check("example, decoded", expect("example, --decode", stream, 0, "--decode") == expected)
    with tempfile.NamedTemporaryFile() as out:
        expect("example, --state", stream, 0, "--state", "0", out.name)
        check("example's state", out.read() == b"hello" + bytes(72))
    expect("example, --state of no device", stream, 2, "--state", "1", os.devnull)
    expect("example, --state of no number", stream, 2, "--state", "-0x", os.devnull)
    expect("example and a byte", stream + b"\0", 3)
    ended = stream.index(b"\x09\x00\xff\xff")
    for length in range(len(stream)):
        outcome = status, found, message = read(stream[:length], "--decode")
        complete = found["complete"] if found else None
        wanted = None if length < 56 else length >= ended
        check(f"example's first {length} bytes", (status, complete) == (3, wanted) and message, outcome)
    for bit in range(len(stream) * 8):
        broken = bytearray(stream)
        broken[bit // 8] ^= 1 << bit % 8
        outcome = status, found, message = read(bytes(broken), "--decode")
        check(f"example with bit {bit} flipped", status in (1, 3) and found is None and message, outcome)


def check_whole():
    found = expect("no device", begun().end(0), 0)
    check("no device's fields", found and found["devices"] == [])
    found = expect("no state", device().close(), 0, "--decode")
    check("no state's digest", found and found["devices"][0]["digest"].startswith("sha-256:e3b0c442"))
    expect("record before devices", begun().record(200, device=0xFFFF, bits=0).end(0), 0)
    expect("identity not marked mandatory", begun().record(2, bits=0).chunk(b"x").close(), 0)
    expect("iteration in stop-copy", device().chunk(b"x", iteration=1).close(), 0)
    expect("text of 1024 bytes", device(field(1, bytes(1024))).close(), 0)
    expect("no index", device().chunk(b"x").close(index=b""), 0)
    many = device(metadata_limit=96)
    for _ in range(4):
        many.chunk(b"x")
    expect("no index, and more chunks than one could have", many.close(index=b""), 0)
    expect("unknown fields and records", device(field(99, b"x") + field(99, b"y")).record(200, b"?", bits=0)
           .record(10, device=0xFFFF, bits=0).chunk(b"x").record(11, bits=0).close(), 0)
    pasids = field(2, field(1, 9) + field(2, 1)) + field(1, field(1, 1)) + field(2, field(1, 8) + field(2, 1))
    identity = field(3, b"\1\0\2\0") + field(4, bytes(4)) + field(5, bytes(4)) + field(8, b"") + field(8, field(1, 1))
    writer = (device(identity).record(3, field(2, bytes(64)) + field(3, bytes(64)) + field(5, b"\1" + bytes(16)))
              .record(4, field(1, 3) + field(2, field(2, 1 << 63)) + field(3, field(2, bytes(48)) + field(3, b"\7")))
              .record(5, pasids).record(2, field(1, "zweites Gerät".encode()), 1)
              .record(3, field(1, bytes(256)) + field(2, bytes(64)), 1))
    writer.chunk(b"ab", phase=1, iteration=7).chunk(bytes(9), b"\0", 1, 1).index().chunk(b"cd").index().index()
    found = expect("two devices", writer.chunk(b"e", device=1).close(2), 0, "--decode")
    seen = [tuple(one[name] for name in ("name", "vendorID", "deviceID", "stateBytes", "chunks", "precopyBytes",
                                         "configBytes", "pasidBindings")) for one in (found or {}).get("devices", ())]
    wanted = [(None, 1, 2, 4, 2, 2, 64, 2), ("zweites Gerät", None, None, 10, 2, 0, 256, 0)]
    check("two devices' fields", seen == wanted, seen)


def check_zstd():
    try:
        import zstandard
    except ImportError:
        return print("zstandard is not installed: no zstd chunk is checked", file=sys.stderr)
    coder = zstandard.ZstdCompressor(write_checksum=True)
    frame = coder.compress(STATE)
    stream = device().chunk(STATE, frame, 2).close()
    with tempfile.NamedTemporaryFile() as out:
        expect("zstd", stream, 0, "--decode", "--state", "0", out.name)
        check("zstd's state", out.read() == STATE)
    for name, coded in {
            "without checksum": zstandard.ZstdCompressor().compress(STATE),
            "without size": zstandard.ZstdCompressor(write_checksum=True, write_content_size=False).compress(STATE),
            "of another size": coder.compress(STATE[1:]), "and a byte": frame + b"\0", "short of a byte": frame[:-1],
            "twice": frame * 2, "that is none": STATE[:50], "empty": b""}.items():
        expect(f"zstd {name}", device().chunk(STATE, coded, 2).close(), 3)
    for bit in range(len(frame) * 8):
        broken = bytearray(frame)
        broken[bit // 8] ^= 1 << bit % 8
        status, found, _ = read(device().chunk(STATE, bytes(broken), 2).close(), "--decode")
        check(f"zstd with bit {bit} flipped", status in (0, 3) and (status == 3) == (found is None), status)


def check_deltas():
    try:
        import zstandard
    except ImportError:
        return print("zstandard is not installed: no delta is checked", file=sys.stderr)
    states = [b"".join(hashlib.sha256(bytes([n, i])).digest() for i in range(99)) + STATE for n in range(4)]

    def frame(state, prefix=None):
        prefix = prefix and zstandard.ZstdCompressionDict(prefix, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
        return zstandard.ZstdCompressor(write_checksum=True, dict_data=prefix).compress(state)

    def two(window=1):
        """Two devices, each with a kept chunk: records 3 and 4."""
        writer = device(features=1, window=window).record(2, device=1)
        writer.chunk(states[0], phase=1, flags=dms.KEPT)
        return writer.chunk(states[1], frame(states[1]), 2, 1, 1, flags=dms.KEPT)

    def delta(writer, reference, against, state=2, **more):
        return writer.chunk(states[state], frame(states[state], states[against]), 3, reference=reference, **more)

    def keep_one_more():
        """Fills the window: of the two in it, the one that was not referred to goes."""
        return delta(two(), 2, 0).chunk((STATE * 9)[:65_536 - len(states[0])], flags=dms.KEPT)

    for name, number in ("raw", 0), ("zstd", 1):
        writer = delta(two(), 2 - number, number, device=number)
        with tempfile.NamedTemporaryFile() as out:
            expect(f"delta against {name}", writer.close(2), 0, "--decode", "--state", str(number), out.name)
            check(f"delta's state against {name}", out.read() == states[number] + states[2])
    expect("delta against the one that stays", delta(keep_one_more(), 4, 0).close(2), 0, "--decode")
    refused = {
        "gone": lambda: delta(keep_one_more(), 3, 1, device=1),
        "itself": lambda: delta(two(), 0, 0), "another device": lambda: delta(two(), 1, 0),
        "no chunk": lambda: delta(two(), 4, 0), "before the stream": lambda: delta(two(), 99, 0),
        "a delta": lambda: delta(delta(two(), 2, 0), 1, 2, 3), "no feature": lambda: delta(device(), 1, 0),
        "no window": lambda: delta(device(features=1).chunk(states[0], flags=dms.KEPT), 1, 0),
        "a kept fill": lambda: device(features=1, window=1).chunk(b"xx", b"x", 1, flags=dms.KEPT)}

    for name, make in refused.items():
        found, printed, message = read(make().stream)
        check(f"delta: {name}", found == 3 and not printed and "torn" not in message, (found, printed, message))
    expect("kept, without the feature", device().chunk(b"xx", b"x", 1, flags=dms.KEPT, reference=7).close(), 0, "--decode")
    found = read(delta(two(), 2, 1, 1).close(2), "--decode")
    check("delta against other state", found[0] == 3, found)


def check_dictionaries():
    try:
        import zstandard
    except ImportError:
        return print("zstandard is not installed: no dictionary is checked", file=sys.stderr)
    name = sorted(os.listdir(dms.SHIPPED))[0]
    with open(os.path.join(dms.SHIPPED, name), "rb") as file:
        dictionary = file.read()
    coder = zstandard.ZstdCompressor(write_checksum=True, write_dict_id=False,
                                     dict_data=zstandard.ZstdCompressionDict(dictionary))
    state = dictionary[-200:] * 2
    named = field(9, b"\2" + hashlib.sha256(dictionary).digest())
    other = field(9, b"\2" + bytes(32))

    def small(identity, coded=coder.compress(state), features=2):
        return device(identity, features=features).chunk(state, coded, 4)

    with tempfile.NamedTemporaryFile() as out:
        expect("dictionary", small(named).close(), 0, "--decode", "--state", "0", out.name)
        check("dictionary's state", out.read() == state)
    expect("dictionary that is not here, not decoded", small(other).close(), 0)
    expect("dictionary that is not here", small(other).close(), 1, "--decode")
    for name, writer in {"none named": small(field(2, b"mtty")), "no feature": small(named, features=0)}.items():
        found, printed, message = read(writer.stream)
        check(f"dictionary: {name}", found == 3 and not printed and "torn" not in message, (found, printed, message))
    plain = zstandard.ZstdCompressor(write_checksum=True, dict_data=zstandard.ZstdCompressionDict(dictionary))
    found = read(small(named, plain.compress(state)).close())
    check("dictionary's ID in the frame", found[0] == 3, found)


def check_refused():
    domain, binding = field(1, field(1, 1)), field(2, field(1, 5) + field(2, 1))
    unknown = {
        "major version": Writer(header(major=2)), "mandatory feature": Writer(header(features=4)),
        "more than 16 channels": Writer(header(channels=17)), "no channel": Writer(header(channels=0)), "mandatory record": device().record(10), "mandatory private record": device().record(255),
        "too many fields": device(field(99, b"") * 131_073, metadata_limit=4_194_304),
        "mandatory field": device(field(11, b"", 1)), "mandatory field within": device(field(8, field(9, b"", 1)))}
    malformed = {
        "low chunk limit": Writer(header(chunk_limit=65_535)),
        "high chunk limit": Writer(header(chunk_limit=4_194_305)),
        "metadata limit": Writer(header(metadata_limit=4_194_305)),
        "no stream information": Writer(header()).record(2),
        "second stream information": begun().record(1, device=0xFFFF),
        "type 0": device().record(0, bits=0), "record before all": Writer(header()).record(200, device=0xFFFF, bits=0),
        "unknown record with an offset": device().record(200, bits=0, offset=1),
        "MSI-X table without pending bits": device().record(4, field(3, field(2, bytes(16)))),
        "pin 4": device().record(4, field(1, 16)),
        "device's gap": begun().record(2, device=1), "device of none": begun().record(2, device=0xFFFF),
        "second space": device().record(3).record(3),
        "space of a device before": device().record(2, device=1).record(3),
        "space after state": device().chunk(b"x").record(3),
        "identity after state": device().chunk(b"x").record(2, device=1),
        "chunk of no device": device().chunk(b"x", device=1), "chunk after summary": device().record(7).chunk(b"x"),
        "second summary": device().record(7).record(7), "end before summary": device().record(8, device=0xFFFF),
        "one summary of two": device().record(2, device=1).record(7).record(8, field(1, 2), 0xFFFF),
        "summary's bytes": device().record(7, field(1, 1)), "summary's chunks": device().record(7, field(2, 1)),
        "early index": device().index(),
        "late index": device().chunk(b"x").record(7, field(1, 1) + field(2, 1)).index(),
        "encoding of an identity": begun().record(2, bits=0x81), "offset of an identity": begun().record(2, offset=1),
        "raw length of an identity": begun().record(2, raw=1),
        "long identity": device(field(9, bytes(64)), metadata_limit=64),
        "encoding 4": device().chunk(b"x", b"x", 4), "encoding 3": device().chunk(b"x", b"x", 3), "empty chunk": device().chunk(b""),
        "long chunk": device().chunk(bytes(65_537)),
        "raw chunk too short": device().chunk(b"xy", b"x"), "fill of two": device().chunk(b"xx", b"xx", 1),
        "phase 0": device().chunk(b"x", phase=0), "phase 3": device().chunk(b"x", phase=3),
        "phase back": device().chunk(b"x").chunk(b"y", phase=1),
        "state's gap": device().record(6, b"\2" + bytes(8), offset=1, raw=1), "tag 0": device(b"\0\0"),
        "twice a field": device(field(1, b"a") + field(1, b"b")), "length beyond": device(b"\2\5abc"),
        "cut field": device(b"\2"), "cut key": device(b"\x82"), "long key": device(b"\x82\0\0"),
        "long length": device(b"\2\x80\0"), "endless key": device(b"\xff" * 20),
        "tag of 33 bits": device(leb128(1 << 33) + b"\0"),
        "text": device(field(1, b"\xff")), "long text": device(field(1, bytes(1025))),
        "zero at an integer's end": device(field(6, b"\1\0")),
        "integer of 9 bytes": device(field(6, b"\1" * 9)), "ids of 3 bytes": device(field(3, bytes(3))),
        "subsystem without ids": device(field(4, bytes(4))),
        "class before ids": device(field(5, bytes(4)) + field(3, bytes(4))),
        "empty image": device().record(3, field(1, b"")), "image of 4097": device().record(3, field(2, bytes(4097))),
        "mask's length": device().record(3, field(2, bytes(64)) + field(3, bytes(63))),
        "mask alone": device().record(3, field(3, b"")), "no digest": device().record(3, field(5, b"")),
        "digest's length": device().record(3, field(5, b"\1" + bytes(15))),
        "MSI control": device().record(4, field(2, field(1, 65_536))),
        "MSI-X table of 15": device().record(4, field(3, field(2, bytes(15)))),
        "MSI-X table of 2049": device().record(4, field(3, field(2, bytes(2049 * 16)))),
        "MSI-X pending too short": device().record(4, field(3, field(2, bytes(9 * 16)) + field(3, b"\0"))),
        "MSI-X pending too long": device().record(4, field(3, field(2, bytes(9 * 16)) + field(3, bytes(9)))),
        "second domain": device().record(5, domain * 2), "second binding": device().record(5, domain + binding * 2),
        "no such domain": device().record(5, binding),
        "payload of an address space": device().record(5, field(1, field(3, b""))),
        "faults": device().record(5, field(1, field(4, 2))),
        "PASID of 21 bits": device().record(5, field(2, field(1, 1 << 20)))}
    for status, cases in (1, unknown), (3, malformed):
        for name, writer in cases.items():
            found, printed, message = read(writer.stream)
            check(name, found == status and not printed and "torn" not in message, (found, printed, message))
    expect("digest, not decoded", device().chunk(b"x").close(digest=False), 0)
    expect("digest", device().chunk(b"x").close(digest=False), 3, "--decode")
    for name, totals in ("chunks of all", (1, 0)), ("state of all", (0, 1)):
        expect(name, device().chunk(b"x").close(totals=totals), 3)
    expect("devices of all", device().record(7).end(2), 3)
    wrong = device().chunk(b"x")
    wrong.entries = wrong.entries[:-1] + b"\1"
    expect("index entry", wrong.close(), 3)
    expect("index of more than one", device().chunk(b"x").close(index=field(4, 2)), 3)
    expect("index, but no last block", device().chunk(b"x").index().close(index=b""), 3)
    whole = device().chunk(b"x").close(index=b"")
    for name, foot in ("offset of no index", struct.pack("<Q", 56) + UUID), ("UUID after no index", bytes(24)):
        expect(name, whole[:-32] + foot + struct.pack("<I", dms.crc32c(foot)) + dms.FOOTER_MAGIC, 3)
    wrong = device().chunk(b"x")
    wrong.entries *= 2
    expect("index entries", wrong.close(), 3)
    wrong = device().chunk(b"x").index().chunk(b"y")
    wrong.previous += 1
    expect("index block before", wrong.close(), 3)
    whole = device().chunk(b"x").close()
    foot = struct.pack("<Q", 56) + UUID
    expect("footer's offset", whole[:-32] + foot + struct.pack("<I", dms.crc32c(foot)) + dms.FOOTER_MAGIC, 3)
    foot = whole[-32:-24] + bytes(16)
    expect("footer's UUID", whole[:-32] + foot + struct.pack("<I", dms.crc32c(foot)) + dms.FOOTER_MAGIC, 3)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: check-dms-reader.py FORMAT.md")
    check("CRC-32C", dms.crc32c(b"123456789") == 0xE3069283)
    check_example(example(sys.argv[1]))
    check_whole()
    check_zstd()
    check_deltas()
    check_dictionaries()
    check_refused()
    print(f"{len(PASSED)} passed, {len(FAILED)} failed")
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
