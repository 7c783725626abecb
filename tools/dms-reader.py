#!/usr/bin/env python3
"""Reads a .dms stream, or all its channels, checks it, and prints what it holds as one JSON object.

This is the second, independent reader of the format. It follows Format.md of the MigrationStream module ("The .dms
format, version 1.2") and shares nothing with Ferry's own reader: where the two disagree, one of them, or the document,
is wrong. It reads strictly forwards, one record at a time, and so reads pipes too.

Exit status: 0 whole; 1 a major version, mandatory feature, record or field that version 1.2 does not know, more devices
or fields than every reader takes, or one of several channels alone; 2 usage;
3 torn or malformed; 5 input or output failed.
"""

import argparse
import collections
import hashlib
import json
import os
import struct
import sys
from typing import Callable, NamedTuple, Optional

UNKNOWN, USAGE, MALFORMED, IO = 1, 2, 3, 5

MAGIC, FOOTER_MAGIC = b"\x89DMS\r\n\x1a\n", b"DMS\n"
CHUNK_LIMITS, METADATA_LIMITS = range(65_536, 4_194_304 + 1), range(4_194_304 + 1)
NO_DEVICE, PRECOPY, STOPCOPY, MOST_FIELDS, MOST_DEVICES, MOST_CHANNELS = 0xFFFF, 1, 2, 131_072, 4096, 16
RAW, FILL, ZSTD, DELTA, DICTIONARY, KEPT, WINDOW_UNIT, LEAST_KEPT = 0, 1, 2, 3, 4, 16, 65_536, 4096
DELTAS, DICTIONARIES = 1, 2
SHIPPED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../Sources/MigrationStream/Dictionaries")


def crc_tables():
    """What each byte of four, the first one first, does to a reflected CRC-32C by the end of the four."""
    one = list(range(256))
    for _ in range(8):
        one = [crc >> 1 ^ (0x82F63B78 if crc & 1 else 0) for crc in one]
    tables = [one]
    while len(tables) < 4:
        tables.insert(0, [one[crc & 0xFF] ^ crc >> 8 for crc in tables[0]])
    return tables


def crc32c(data, tables=crc_tables()):
    first, second, third, fourth = tables
    crc, whole = 0xFFFFFFFF, len(data) & ~3
    for word, in struct.iter_unpack("<I", memoryview(data)[:whole]):
        crc ^= word
        crc = first[crc & 0xFF] ^ second[crc >> 8 & 0xFF] ^ third[crc >> 16 & 0xFF] ^ fourth[crc >> 24]
    for byte in data[whole:]:
        crc = fourth[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


class Refusal(Exception):
    """Why the stream is not read further."""


class Torn(Refusal):
    """The stream stops early; what came is good."""


class Place(NamedTuple):
    """Where in the stream something is, to say so when it is not as it should be."""
    offset: int
    record: str

    def __add__(self, distance):
        return Place(self.offset + distance, self.record)

    def require(self, condition, what, expected, found, status=MALFORMED, kind=Refusal):
        if not condition:
            message = f"offset {self.offset:#x}, {self.record}: {what}: expected {expected}, found {found}"
            raise kind(status, message)

    def same(self, what, expected, found):
        self.require(expected == found, what, expected, found)

    def checksum(self, of, expected, data):
        self.same(f"checksum of the {of}", f"{expected:#010x}", f"{crc32c(data):#010x}")


# Fields. A kind is a function of a value's bytes and place: it returns what the value means, or refuses it.

class Field(NamedTuple):
    name: str
    kind: Callable
    repeated: bool = False
    after: Optional[str] = None


def leb128(data, at, bits, place):
    """The number at `at`, and where it ends."""
    number = shift = 0
    while True:
        place.require(at < len(data), "LEB128 number", "another byte", "the end of the fields")
        number, shift = number | (data[at] & 0x7F) << shift, shift + 7
        place.require(number >> bits == 0 and shift < bits + 7, "LEB128 number", f"at most {bits} bits", "more")
        at += 1
        if data[at - 1] < 0x80:
            place.require(data[at - 1] or shift == 7, "LEB128 number", "the shortest form", "a longer one")
            return number, at


def each_field(data, place, table):
    """The fields that the table knows, in the order of the stream: name, value, place."""
    data, at, seen, count = memoryview(data), 0, set(), 0
    while at < len(data):
        here, count = place + at, count + 1
        here.require(count <= MOST_FIELDS, "fields", f"at most {MOST_FIELDS}", "more", UNKNOWN)
        key, at = leb128(data, at, 33, here)
        length, at = leb128(data, at, 64, here)
        tag, must, field, rest = key >> 1, key & 1, table.get(key >> 1), len(data) - at
        here.require(tag, "tag", "at least 1", 0)
        here.require(length <= rest, f"length of field {tag}", f"at most {rest}", length)
        here.require(field or not must, "field", "a known one, or one to skip", f"mandatory field {tag}", UNKNOWN)
        if field:
            here.require(field.repeated or field.name not in seen, f"field {tag}", "one only", "another")
            here.require(field.after in seen | {None}, f"field {tag}", f"it after {field.after}", "none before")
            seen.add(field.name)
            yield field.name, field.kind(data[at:at + length], place + at), here
        at += length


def fields(table, **rules):
    """Values by name, of repeated fields only the last; a rule is its words and whether the values keep it."""
    def kind(data, place):
        values = {name: value for name, value, _ in each_field(data, place, table)}
        for name, (words, keeps) in rules.items():
            place.require(keeps(values), name, words, "otherwise")
        return values
    return kind


def uint(bits=64):
    def kind(value, place):
        place.require(not value or value[-1], "integer", "a last byte that is not zero", "zero")
        number = int.from_bytes(value[:9], "little")
        place.require(number >> bits == 0, "integer", f"at most {bits} bits", "more")
        return number
    return kind


def octets(least=0, most=1 << 32, unit=1):
    def kind(value, place):
        place.require(least <= len(value) <= most and len(value) % unit == 0, "length of the value",
                      f"{least} to {most}, a multiple of {unit}", len(value))
        return value
    return kind


def text(value, place):
    place.require(len(value) <= 1024, "length of a text", "at most 1024", len(value))
    try:
        return str(value, "utf-8")
    except UnicodeDecodeError as error:
        place.require(False, "text", "UTF-8", error.reason)


def digest(value, place):
    """The algorithm's name and the digest; of an algorithm that is not known, nothing."""
    place.require(value, "digest", "an algorithm", "nothing")
    name, size = {1: ("xxh3-128", 16), 2: ("sha-256", 32)}.get(value[0], (None, len(value) - 1))
    place.same("length of the digest", size, len(value) - 1)
    place.require(len(value) <= 65, "length of the digest", "at most 64", len(value) - 1)
    return name and (name, value[1:].hex())


def pending_fit(msix):
    vectors, pending = len(msix.get("table", b"")) // 16, msix.get("pending", b"")
    return (vectors + 7) // 8 <= len(pending) <= (vectors + 63) // 64 * 8


def pasid_table(data, place):
    """The number of bindings."""
    own, used = {"domain": set(), "binding": set()}, set()
    for name, value, here in each_field(data, place, PASID_TABLE):
        number = value.get("id", 0)
        here.require(number not in own[name], f"id or PASID of a {name}", "one of its own", f"{number} again")
        own[name].add(number)
        used |= {value.get("domain", 0)} if name == "binding" else set()
    place.require(used <= own["domain"], "domain of a binding", "one of the table",
                  min(used - own["domain"], default=None))
    return len(own["binding"])


PASID_TABLE = {
    1: Field("domain", fields(
        {1: Field("id", uint(32)), 2: Field("type", uint(32)), 3: Field("payload", octets()), 4: Field("faults", uint())},
        payload=("a data type too", lambda domain: "payload" not in domain or "type" in domain),
        faults=("0 or 1", lambda domain: domain.get("faults", 0) < 2)), repeated=True),
    2: Field("binding", fields(
        {1: Field("id", uint(20)), 2: Field("domain", uint(32)), 3: Field("permissions", uint(8))}), repeated=True)}
REGION = fields({1: Field("index", uint(32)), 2: Field("flags", uint(32)), 3: Field("size", uint())})
MSI = fields({1: Field("control", uint(16)), 2: Field("address", uint()), 3: Field("data", uint(32)),
              4: Field("mask", uint(32)), 5: Field("pending", uint(32))})
MSIX = fields({1: Field("control", uint(16)), 2: Field("table", octets(0, 32_768, 16)), 3: Field("pending", octets())},
              pending=("a bit a vector, at most padded to 64", pending_fit))

START, INFORMATION, IDENTITIES, CHUNKS, SUMMARIES, END = range(6)


class Type(NamedTuple):
    """A type of record: after which stages of the stream it may stand, which it begins, and its payload."""
    name: str
    after: tuple
    begins: Optional[int] = None
    payload: Callable = lambda data, place: data


TYPES = {
    1: Type("stream information", (START,), INFORMATION, fields(
        {1: Field("producer", text), 2: Field("kernel", text), 3: Field("machine", text), 4: Field("begun", uint())})),
    2: Type("device identity", (INFORMATION, IDENTITIES), IDENTITIES, fields(
        {1: Field("name", text), 2: Field("driver", text), 3: Field("ids", octets(4, 4)),
         4: Field("subsystem ids", octets(4, 4), after="ids"), 5: Field("class", octets(4, 4), after="ids"),
         6: Field("flags", uint()), 7: Field("stop-copy size", uint()), 8: Field("region", REGION, repeated=True),
         9: Field("dictionary", digest), 10: Field("circumstances", uint())})),
    3: Type("configuration space", (IDENTITIES,), None, fields(
        {1: Field("physical", octets(1, 4096)), 2: Field("synthesised", octets(1, 4096)),
         3: Field("emulated", octets()), 4: Field("profile", text), 5: Field("profile's digest", digest)},
        emulated=("a mask as long as field 2", lambda space: "emulated" not in space or
                  len(space["emulated"]) == len(space.get("synthesised", b"")) > 0))),
    4: Type("interrupt state", (IDENTITIES,), None, fields(
        {1: Field("pins", uint(4)), 2: Field("MSI", MSI), 3: Field("MSI-X", MSIX)})),
    5: Type("PASID table", (IDENTITIES,), None, pasid_table),
    6: Type("state chunk", (IDENTITIES, CHUNKS), CHUNKS),
    7: Type("device summary", (IDENTITIES, CHUNKS, SUMMARIES), SUMMARIES, fields(
        {1: Field("state bytes", uint()), 2: Field("chunks", uint()), 3: Field("digest", digest)})),
    8: Type("end", (INFORMATION, SUMMARIES), END, fields(
        {1: Field("devices", uint()), 2: Field("chunks", uint()), 3: Field("state bytes", uint()),
         4: Field("index", uint())},
        index=("1 or absent", lambda end: end.get("index", 1) == 1))),
    9: Type("index block", (CHUNKS, END), None, fields(
        {1: Field("previous", uint()), 2: Field("entries", octets(48, unit=48))}))}
OTHER = Type("unknown", (INFORMATION, IDENTITIES, CHUNKS, SUMMARIES))


class Record:
    """A record's header, intact; the rules that hold for it by itself."""

    def __init__(self, place, header, uuid, sequence, chunk_limit, metadata_limit, encodings):
        (self.type, bits, self.device, number, self.state_offset, raw, stored, self.payload_checksum,
         checksum) = struct.unpack("<BBHIQIIII", header)
        place.checksum("record's header", checksum, uuid + header[:28])
        self.header, self.encoding, self.raw_length, self.stored_length = header, bits & 15, raw, stored
        self.sequence = number
        self.kind, known, mandatory = TYPES.get(self.type, OTHER), self.type in TYPES, bits >> 7
        self.place = place = Place(place.offset, f"{place.record} (type {self.type}, {self.kind.name})")
        place.same("sequence", sequence, number)
        place.require(known or not mandatory, "type", "a known or an optional one", self.type, UNKNOWN)
        place.require(self.type, "type", "1 to 255", 0)
        if self.type == 6:
            place.require(0 < raw <= chunk_limit, "raw length", f"1 to {chunk_limit}", raw)
            place.require(self.encoding in encodings, "encoding", f"one of {encodings}", self.encoding)
            least, most = ((raw, raw), (1, 1), (1, raw), (1, raw + 1024), (1, raw))[self.encoding]
            place.require(least <= stored - 8 <= most, "stored length", f"{least + 8} to {most + 8}", stored)
        else:
            place.same("encoding, state offset, raw length", (0, 0, stored), (self.encoding, self.state_offset, raw))
            place.require(stored <= metadata_limit, "stored length", f"at most {metadata_limit}", stored)


def check_zstd_frame(frame, raw_length, place):
    """Walks the one frame (RFC 8878, 3.1.1) without decoding it."""
    place.require(len(frame) > 6 and frame[:4] == b"\x28\xb5\x2f\xfd", "coded state", "a zstd frame", "no such")
    descriptor = frame[4]
    single, id_size = descriptor >> 5 & 1, (0, 1, 2, 4)[descriptor & 3]
    size, at = (single, 2, 4, 8)[descriptor >> 6], 6 - single
    place.require(descriptor & 4 and size, "zstd frame", "a content checksum and size", f"descriptor {descriptor:#x}")
    place.require(not any(frame[at:at + id_size]), "zstd frame", "no dictionary", "one")
    at += id_size
    content = int.from_bytes(frame[at:at + size], "little") + (256 if size == 2 else 0)
    place.same("content size of the zstd frame", raw_length, content)
    at, last = at + size, 0
    while not last and at + 3 <= len(frame):
        block = int.from_bytes(frame[at:at + 3], "little")
        last, at = block & 1, at + 3 + (1 if block >> 1 & 3 == 1 else block >> 3)
    place.require(last and at + 4 == len(frame), "end of the zstd frame", "that of the payload", "another")


def shipped(digest, place):
    """The dictionary with this digest."""
    for name in sorted(os.listdir(SHIPPED)) if os.path.isdir(SHIPPED) else ():
        with open(os.path.join(SHIPPED, name), "rb") as file:
            dictionary = file.read()
        if digest == ("sha-256", hashlib.sha256(dictionary).hexdigest()):
            return dictionary
    place.require(False, "dictionary", "one of those that Ferry has", digest, UNKNOWN)


class Window:
    """The kept chunks at hand: those least recently kept or referred to go first."""

    def __init__(self, limit):
        self.limit, self.used, self.chunks = limit, 0, collections.OrderedDict()

    def keep(self, record, coded):
        size = max(record.raw_length, LEAST_KEPT)
        if size > self.limit:
            return
        while self.used + size > self.limit:
            self.used -= max(self.chunks.popitem(last=False)[1][0].raw_length, LEAST_KEPT)
        self.used += size
        self.chunks[record.sequence] = record, coded

    def refer(self, record, reference, place):
        kept = self.chunks.get(record.sequence - reference)
        place.require(reference and kept and kept[0].device == record.device, "reference",
                      "a kept chunk of the device, in the window", record.sequence - reference)
        self.chunks.move_to_end(record.sequence - reference)
        return kept


class Device:
    def __init__(self, number, identity, decoded):
        vendor, product = struct.unpack("<2H", identity["ids"]) if "ids" in identity else (None, None)
        self.summary = {"index": number, "name": identity.get("name"), "driver": identity.get("driver"),
                        "vendorID": vendor, "deviceID": product, "stateBytes": 0, "chunks": 0, "precopyBytes": 0,
                        "configBytes": 0, "pasidBindings": 0, "digest": None}
        self.dictionary, self.end, self.stated = identity.get("dictionary"), 0, None
        self.types, self.phase, self.decoded, self.digests = set(), PRECOPY, decoded, {"sha-256": hashlib.sha256()}
        try:
            import xxhash
            self.digests["xxh3-128"] = xxhash.xxh3_128()
        except ImportError:
            pass  # the digest is then reported, and not verified


class Reader:
    def __init__(self, source, decode=False, output_of=None, output=None):
        self.source, self.decode, self.output_of, self.output = source, decode, output_of, output
        self.offset = self.sequence = self.stored_bytes = 0
        self.stage, self.devices, self.version, self.last_block = START, [], None, None
        self.indexed, self.unlisted, self.entries = False, 0, bytearray()

    def read(self):
        self.stream_header()
        for _ in self.steps():
            pass

    def steps(self):
        """Each record behind the stream header with its payload, and the state of a chunk that is decoded."""
        while self.stage != END or self.indexed:
            yield self.record()
            if self.type == 9 and self.stage == END:
                break
        self.footer()

    def bytes(self, count, place):
        data = self.source.read(count)
        self.offset += len(data)
        what = "torn before the end record" if self.stage < END else "stops after the end record"
        (place + len(data)).require(len(data) == count, what, f"{count} bytes", f"the end after {len(data)}", kind=Torn)
        return data

    def total(self, name):
        return sum(device.summary[name] for device in self.devices)

    def summary(self):
        return {"format": dict(zip(("major", "minor"), self.version)), "complete": self.stage == END,
                "rawBytes": self.total("stateBytes"), "storedBytes": self.stored_bytes,
                **({"channel": {"number": self.channel, "count": self.channels}} if self.channels > 1 else {}),
                "devices": [device.summary for device in self.devices]}

    def stream_header(self):
        place = Place(0, "stream header")
        magic = self.bytes(8, place)
        place.same("magic", MAGIC.hex(" "), magic.hex(" "))
        header = magic + self.bytes(48, place + 8)
        (major, minor, features, _, self.uuid, self.channel, self.channels, self.chunk_limit, self.metadata_limit, window,
         checksum) = struct.unpack("<HHII16sHHIIII", header[8:])
        (place + 8).require(major == 1, "major version", 1, major, UNKNOWN)
        (place + 52).checksum("stream header", checksum, header[:52])
        (place + 12).require(features & ~3 == 0, "mandatory features", "bits 0 and 1 alone", f"{features:#x}", UNKNOWN)
        self.deltas = bool(features & DELTAS and window)
        self.window = Window(window * WINDOW_UNIT)
        self.encodings = [RAW, FILL, ZSTD] + [DELTA] * self.deltas + [DICTIONARY] * bool(features & DICTIONARIES)
        (place + 36).require(self.channel < self.channels <= MOST_CHANNELS, "channel", f"one of at most {MOST_CHANNELS}",
                             f"{self.channel} of {self.channels}", UNKNOWN)
        self.alike = header[:36] + header[38:52]
        (place + 40).require(self.chunk_limit in CHUNK_LIMITS, "chunk limit",
                             f"{CHUNK_LIMITS[0]} to {CHUNK_LIMITS[-1]}", self.chunk_limit)
        (place + 44).require(self.metadata_limit in METADATA_LIMITS, "metadata limit",
                             f"at most {METADATA_LIMITS[-1]}", self.metadata_limit)
        self.version = major, minor

    def record(self):
        place = Place(self.offset, f"record {self.sequence}")
        record = Record(place, self.bytes(32, place), self.uuid, self.sequence, self.chunk_limit, self.metadata_limit,
                        self.encodings)
        self.check_order(record)
        place = record.place + 32
        payload = self.bytes(record.stored_length, place)
        place.checksum("payload", record.payload_checksum, payload)
        self.sequence += 1
        taken = getattr(self, record.kind.name.replace(" ", "_").lower(), None)
        values = record.kind.payload(payload, place)
        state = taken(record, values, place) if taken else None
        self.stage = self.stage if record.kind.begins is None else record.kind.begins
        self.type = record.type
        return record, payload, state

    def check_order(self, record):
        place, number, count = record.place, record.device, len(self.devices)
        due = [number for number, kind in TYPES.items() if self.stage in kind.after]
        place.require(self.stage in record.kind.after, "order of records", f"a type of {due}", record.type)
        if record.type in (1, 8, 9):
            place.same("device", NO_DEVICE, number)
        elif record.type in (2, 3, 4, 5):
            place.same("device", count if record.type == 2 else count - 1, number)
            place.require(number != NO_DEVICE, "device", "a number", number)
        else:
            whole = record.kind is OTHER and number == NO_DEVICE
            place.require(number < count or whole, "device", f"less than {count}", number)
        if record.type in (3, 4, 5, 7):
            place.require(record.type not in self.devices[number].types, "record", "one for a device", "another")
            self.devices[number].types.add(record.type)

    def device_identity(self, record, identity, place):
        place.require(len(self.devices) < MOST_DEVICES, "devices", f"at most {MOST_DEVICES}", "more", UNKNOWN)
        self.devices.append(Device(record.device, identity, self.decode or record.device == self.output_of))

    def configuration_space(self, record, space, place):
        image = space.get("physical", space.get("synthesised", b""))
        self.devices[record.device].summary["configBytes"] = len(image)

    def pasid_table(self, record, bindings, place):
        self.devices[record.device].summary["pasidBindings"] = bindings

    def state_chunk(self, record, payload, place):
        device, raw = self.devices[record.device], record.raw_length
        if self.channels == 1:
            record.place.same("state offset", device.end, record.state_offset)
        record.place.require(device.end <= record.state_offset < (1 << 64) - raw, "state offset",
                             f"at least {device.end}", record.state_offset)
        device.end = record.state_offset + raw
        phase = payload[0]
        place.require(phase in (device.phase, STOPCOPY), "phase", f"{device.phase} to {STOPCOPY}", phase)
        if record.encoding in (ZSTD, DELTA, DICTIONARY):
            check_zstd_frame(payload[8:], raw, place + 8)
        against = state = None
        if record.encoding == DELTA:
            place.require(not payload[1] & KEPT, "kept chunk", "raw or zstd", "a delta")
            against = self.window.refer(record, int.from_bytes(payload[2:4], "little"), place)
        elif self.deltas and payload[1] & KEPT:
            place.require(record.encoding in (RAW, ZSTD), "kept chunk", "raw or zstd", record.encoding)
            self.window.keep(record, payload[8:])
        if record.encoding == DICTIONARY:
            place.require(device.dictionary, "dictionary", "one that the identity names", "none")
        if device.decoded:
            state = self.decoded(record, payload[8:], place + 8, against)
            for running in device.digests.values():
                running.update(state)
            if record.device == self.output_of and self.output:
                self.output.write(state)
        device.phase = phase
        for name, more in ("stateBytes", raw), ("chunks", 1), ("precopyBytes", raw if phase == PRECOPY else 0):
            device.summary[name] += more
        self.stored_bytes += record.stored_length - 8
        self.unlisted += 1
        if len(self.entries) < self.metadata_limit:  # of more, no block can have the entries
            self.entries += struct.pack("<Q", record.place.offset) + record.header + payload[:8]
        return state

    def decoded(self, record, coded, place, against=None):
        if record.encoding in (RAW, FILL):
            return coded if record.encoding == RAW else coded * record.raw_length
        import zstandard
        prefix = against and zstandard.ZstdCompressionDict(
            self.decoded(*against, place), dict_type=zstandard.DICT_TYPE_RAWCONTENT)
        if record.encoding == DICTIONARY:
            prefix = zstandard.ZstdCompressionDict(shipped(self.devices[record.device].dictionary, place))
        try:
            state = zstandard.ZstdDecompressor(dict_data=prefix).decompress(coded)
        except zstandard.ZstdError as error:
            place.require(False, "zstd frame", "an intact one", error)
        place.same("length of the decoded state", record.raw_length, len(state))
        return state

    def device_summary(self, record, values, place):
        device = self.devices[record.device]
        size, chunks = values.get("state bytes", 0), values.get("chunks", 0)
        device.stated = size, chunks
        if self.channels == 1:
            place.same("state bytes", device.end, size)
            place.same("chunks", device.summary["chunks"], chunks)
        # Of one channel, the summary is of the whole device.
        place.require(device.end <= size, "state bytes", f"at least {device.end}", size)
        place.require(device.summary["chunks"] <= chunks, "chunks", f"at least {device.summary['chunks']}", chunks)
        if values.get("digest"):
            name, stated = values["digest"]
            device.summary["digest"] = f"{name}:{stated}"
            if device.decoded and name in device.digests and device.summary["stateBytes"] == size:
                place.same(f"{name} digest", device.digests[name].hexdigest(), stated)

    def end(self, record, values, place):
        place.same("device summaries before", len(self.devices), sum(7 in device.types for device in self.devices))
        place.same("devices", len(self.devices), values.get("devices", 0))
        place.same("chunks of all devices", self.total("chunks"), values.get("chunks", 0))
        place.same("state bytes of all devices", self.total("stateBytes"), values.get("state bytes", 0))
        share = (sum(device.stated[1] for device in self.devices) + self.channels - 1 - self.channel) // self.channels
        place.same("chunks that are dealt to the channel", share, self.total("chunks"))
        self.indexed = "index" in values
        place.require(self.indexed or self.last_block is None, "field 4", "1 after earlier index blocks", "none")

    def index_block(self, record, values, place):
        entries = values.get("entries", b"")
        place.same("offset of the index block before", self.last_block, values.get("previous"))
        place.same("number of entries", self.unlisted, len(entries) // 48)
        for at in range(0, len(entries), 48) if entries != self.entries else ():
            place.same(f"entry {at // 48}", self.entries[at:at + 48].hex(" "), entries[at:at + 48].hex(" "))
        self.unlisted, self.entries, self.last_block = 0, bytearray(), record.place.offset

    def footer(self):
        place = Place(self.offset, "footer")
        footer = self.bytes(32, place)
        block, uuid, checksum, magic = struct.unpack("<Q16sI4s", footer)
        (place + 28).same("magic", FOOTER_MAGIC.hex(" "), magic.hex(" "))
        (place + 24).checksum("footer", checksum, footer[:24])
        place.same("offset of the last index block", self.last_block or 0, block)
        (place + 8).same("UUID", self.uuid.hex(), uuid.hex())
        (place + 32).require(not self.source.read(1), "end of the stream", "nothing after the footer", "more")


class Channels:
    """All channels of a stream, read as one: chunk k stands in channel k mod n."""

    def __init__(self, readers, output):
        self.output = output
        for reader in readers:
            reader.stream_header()
        self.readers = sorted(readers, key=lambda reader: reader.channel)
        self.first, self.version, self.devices = self.readers[0], self.readers[0].version, []
        for number, reader in enumerate(self.readers):
            Place(0, f"header of channel {number}").require(
                (reader.channel, reader.channels, reader.alike) == (number, len(readers), self.first.alike), "channel",
                f"{number} of {len(readers)} of one stream", f"{reader.channel} of {reader.channels}, or another stream")

    def read(self):
        steps = [filter(lambda step: step[0].type != 9, reader.steps()) for reader in self.readers]
        heads, turn, taken = [next(each) for each in steps], 0, []

        def alike():
            for head in heads[1:]:
                head[0].place.same("record that all channels have", content(heads[0]), content(head))
            return advance(range(len(heads)))

        def content(head):
            record, payload, _ = head
            return record.type, record.device, payload.hex() if record.type != 8 else None

        def advance(channels):
            for channel in channels:
                heads[channel] = next(steps[channel], None)

        while heads[0][0].type not in (6, 7, 8):
            alike()
        self.devices = [Device(number, {}, True) for number, _ in enumerate(self.first.devices)]
        while heads[turn][0].type == 6:
            record, payload, state = heads[turn]
            device = self.devices[record.device]
            record.place.same("state offset in the whole stream", device.end, record.state_offset)
            device.end += record.raw_length
            for running in device.digests.values() if state is not None else ():
                running.update(state)
            if state is not None and record.device == self.first.output_of:
                self.output.write(state)
            taken.append(record.device)
            advance([turn])
            while turn == 0 and heads[0][0].type not in TYPES:
                advance([0])
            turn = (turn + 1) % len(heads)
        while heads[0][0].type not in TYPES:
            advance([0])
        while heads[0]:
            place, device = heads[0][0].place, self.devices[heads[0][0].device] if heads[0][0].type == 7 else None
            if device:
                stated = self.first.devices[heads[0][0].device]
                place.same("state bytes and chunks of all channels", (device.end, taken.count(heads[0][0].device)),
                           stated.stated)
                for name, running in device.digests.items() if stated.decoded else ():
                    digest = stated.summary["digest"] or ""
                    if digest.startswith(name):
                        place.same(f"{name} digest", f"{name}:{running.hexdigest()}", digest)
            alike()
        for each, head in zip(steps, heads):
            Place(0, "channels").require(head is None and next(each, None) is None, "end", "that of all", "more")

    def summary(self):
        whole = self.first.summary()
        whole.pop("channel", None)
        parts = [reader.summary() for reader in self.readers]
        for name in "rawBytes", "storedBytes":
            whole[name] = sum(part[name] for part in parts)
        for number, device in enumerate(whole["devices"]):
            for name in "stateBytes", "chunks", "precopyBytes":
                device[name] = sum(part["devices"][number][name] for part in parts)
        whole["complete"] = all(part["complete"] for part in parts)
        return whole


def run(options, parser):
    """Reads, prints, and returns the exit status and what to say about it."""
    number = output = torn = None
    files = [options.file, *options.more]
    if files.count("-") > 1:
        parser.error("standard input is one channel")
    sources = [sys.stdin.buffer if file == "-" else open(file, "rb") for file in files]
    if options.state:
        number, path = options.state
        if not (number.isascii() and number.isdigit() and int(number) < NO_DEVICE):
            parser.error(f"--state: {number!r} is no device number")
        if os.path.exists(path) and any(os.path.samestat(os.fstat(source.fileno()), os.stat(path)) for source in sources):
            parser.error("--state: OUT is FILE")
        number, output = int(number), open(path, "wb")
    readers = [Reader(source, options.decode, number, output if len(sources) == 1 else None) for source in sources]
    try:
        reader = readers[0] if len(readers) == 1 else Channels(readers, output)
        reader.read()
    except Torn as refusal:
        torn = refusal
    if output:
        output.close()
    if reader.version:
        print(json.dumps(reader.summary()), flush=True)
    if not torn and output and number >= len(reader.devices):
        return USAGE, f"--state: there is no device {number}"
    if not torn and len(readers) == 1 and reader.channels > 1:
        return UNKNOWN, f"channel {reader.channel} of {reader.channels}, and good: the others have the rest"
    return torn.args if torn else (0, None)


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Read and check a .dms stream; print what it holds as JSON.")
    parser.add_argument("file", metavar="FILE", help="the stream, or - for standard input")
    parser.add_argument("more", metavar="FILE", nargs="*", help="the other channels of the stream")
    parser.add_argument("--decode", action="store_true", help="decode every chunk, and verify the digests")
    parser.add_argument("--state", nargs=2, metavar=("N", "OUT"), help="write the state of device N to OUT")
    options = parser.parse_args(arguments)
    try:
        status, message = run(options, parser)
    except Refusal as refusal:
        status, message = refusal.args
    except ModuleNotFoundError as error:
        status, message = IO, f"cannot decode a zstd chunk: {error}"
    except OSError as error:
        status, message = IO, error
    if message:
        print(f"{parser.prog}: {options.file}: {message}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
