#!/usr/bin/python3
"""Writes .dms streams for tests, by seed: sound ones, and ones with a fault under right checksums.

This is the second, independent encoder of the format. It follows Format.md of the MigrationStream module and shares
nothing with Ferry's own encoder.

  forge --seed S --count N -o DIR    DIR/0.dms to DIR/(N-1).dms; prints one line each: name, exit status, fault
  forge --seed S --count N -o FILE   the same in one file: length (4 bytes), exit status (1), the length of the fault's
                                     name (1), the name, the stream
  fault NAME --seed S -o FILE        a stream with that fault; `sound` is none
  large NAME --seed S -o FILE        an input that is meant to cost memory or time
  list                               the names of faults and of large inputs

The exit status is what a reader of the whole stream ends with: 0 whole; 1 a version, feature, record or field that it
does not know and must, or more devices than every reader takes; 3 torn or malformed.
"""

import argparse
import hashlib
import os
import random
import struct
import sys

INFORMATION, IDENTITY, SPACE, INTERRUPTS, PASIDS, CHUNK, SUMMARY, END, INDEX, FRAMING = range(1, 11)
NO_DEVICE, MANDATORY = 0xFFFF, 0x80
RAW, FILL, ZSTD, DELTA = range(4)
DELTAS, KEPT = 1, 16
SHA256, UNKNOWN_DIGEST = 2, 77
MIB = 1 << 20


def crc_tables():
    one = list(range(256))
    for _ in range(8):
        one = [crc >> 1 ^ (0x82F63B78 if crc & 1 else 0) for crc in one]
    tables = [one]
    while len(tables) < 8:
        tables.insert(0, [one[crc & 0xFF] ^ crc >> 8 for crc in tables[0]])
    return tables


def crc32c(data, tables=crc_tables()):
    a, b, c, d, e, f, g, h = tables
    crc, whole = 0xFFFFFFFF, len(data) & ~7
    for low, high in struct.iter_unpack("<II", memoryview(data)[:whole]):
        crc ^= low
        crc = (a[crc & 0xFF] ^ b[crc >> 8 & 0xFF] ^ c[crc >> 16 & 0xFF] ^ d[crc >> 24]
               ^ e[high & 0xFF] ^ f[high >> 8 & 0xFF] ^ g[high >> 16 & 0xFF] ^ h[high >> 24])
    for byte in data[whole:]:
        crc = h[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def leb128(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def uint(number):
    return number.to_bytes((number.bit_length() + 7) // 8, "little")


def field(tag, value, must=False):
    value = uint(value) if isinstance(value, int) else value.encode() if isinstance(value, str) else value
    return leb128(tag << 1 | must) + leb128(len(value)) + value


def zstd_frame(state, dictionary=None):
    """One frame with its content size and checksum."""
    import zstandard
    prefix = dictionary and zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    return zstandard.ZstdCompressor(level=1, write_checksum=True, write_content_size=True, write_dict_id=False,
                                    dict_data=prefix).compress(state)


class Record:
    def __init__(self, kind, payload, device=NO_DEVICE, encoding=RAW, offset=0, raw=None, mandatory=None):
        self.kind, self.payload, self.device, self.encoding, self.offset = kind, payload, device, encoding, offset
        self.raw = len(payload) if raw is None else raw
        self.mandatory = kind <= END if mandatory is None else mandatory
        self.sequence = None  # its number, where that is a lie

    def header(self, uuid, sequence, stored=None):
        head = struct.pack("<BBHIQIII", self.kind, self.encoding | MANDATORY * self.mandatory, self.device,
                           sequence if self.sequence is None else self.sequence, self.offset, self.raw,
                           len(self.payload) if stored is None else stored, crc32c(self.payload))
        return head + struct.pack("<I", crc32c(uuid + head))


class Stream:
    """A stream as its records; `bytes` numbers, sums and places them."""

    def __init__(self, uuid):
        self.uuid, self.records, self.tail = uuid, [], b""
        self.version, self.features, self.channel, self.limits, self.window = (1, 0), 0, (0, 1), (MIB, MIB), 0
        self.is_indexed, self.cut, self.flipped = False, None, None
        # What the index says may be changed before it is written: entries in, entries out.
        self.change_entries, self.footer_offset = lambda entries: entries, lambda offset: offset

    def header(self):
        head = b"\x89DMS\r\n\x1a\n" + struct.pack("<HHII", *self.version, self.features, 0) + self.uuid
        head += struct.pack("<HHIII", *self.channel, *self.limits, self.window)
        return head + struct.pack("<I", crc32c(head))

    def bytes(self):
        out, entries = bytearray(self.header()), []
        sequence, block = 0, 0
        for record in self.records:
            head = record.header(self.uuid, sequence)
            if record.kind == CHUNK:
                entries.append(struct.pack("<Q", len(out)) + head + record.payload[:8])
            out += head + record.payload
            sequence += 1
        if self.is_indexed:
            block = len(out)
            listed = b"".join(self.change_entries(entries))
            last = Record(INDEX, field(2, listed) if listed else b"")
            out += last.header(self.uuid, sequence) + last.payload
        foot = struct.pack("<Q", self.footer_offset(block)) + self.uuid
        out += foot + struct.pack("<I", crc32c(foot)) + b"DMS\n" + self.tail
        if self.flipped is not None:
            # But for the major version, at 8: another one says nothing of damage.
            at = int(self.flipped * (len(out) - 3))
            out[at + 2 * (at >= 8)] ^= 1
        if self.cut is not None:
            del out[int(self.cut * len(out)):]
        return bytes(out)

    def of(self, *kinds):
        return [record for record in self.records if record.kind in kinds]

    def close(self, digest=SHA256):
        """Puts the summaries and the end of the chunks so far."""
        devices = len(self.of(IDENTITY))
        states = [bytearray() for _ in range(devices)]
        chunks = self.of(CHUNK)
        for chunk in chunks:
            states[chunk.device] += chunk.state
        for number, state in enumerate(states):
            count = sum(chunk.device == number for chunk in chunks)
            self.records.append(Record(SUMMARY, summary(bytes(state), count, digest), number))
        self.records.append(Record(END, totals(devices, len(chunks), sum(map(len, states)), self.is_indexed)))


def digest_of(state, algorithm):
    if algorithm == SHA256:
        return bytes([SHA256]) + hashlib.sha256(state).digest()
    return bytes([algorithm]) + state[:5]


def summary(state, chunks, digest=SHA256):
    return field(1, len(state)) + field(2, chunks) + (field(3, digest_of(state, digest)) if digest else b"")


def totals(devices, chunks, count, is_indexed):
    return field(1, devices) + field(2, chunks) + field(3, count) + (field(4, 1) if is_indexed else b"")


def chunk(device, offset, state, phase=2, encoding=RAW, iteration=0, flags=0, reference=0, coded=None):
    if coded is None:
        coded = state[:1] if encoding == FILL else zstd_frame(state) if encoding == ZSTD else state
    head = struct.pack("<BBHI", phase, flags, reference, iteration)
    record = Record(CHUNK, head + coded, device, encoding, offset, len(state))
    record.state = state
    return record


# Sound streams.

def some_fields(dice):
    """Fields that no version knows, to be skipped."""
    return b"".join(field(dice.randint(64, 1 << 20), dice.randbytes(dice.randint(0, 9)))
                    for _ in range(dice.choice([0, 0, 0, 1, 3])))


def identity(dice):
    parts = []
    if dice.random() < 0.8:
        parts.append(field(1, dice.choice(["eth0", "0000:3b:00.1", "größe", "x" * 1024])))
    if dice.random() < 0.8:
        parts.append(field(2, dice.choice(["mtty", "igb_vfio_pci", "xe-vfio-pci", "of-nobody"])))
    ids = b""
    if dice.random() < 0.7:
        ids = field(3, dice.randbytes(4))
        if dice.random() < 0.5:
            ids += field(4, dice.randbytes(4)) + field(5, dice.randbytes(4))
        parts.append(ids)
    if dice.random() < 0.5:
        parts.append(field(6, dice.randint(0, 7)) + field(7, dice.randint(0, 1 << 40)))
    for number in range(dice.randint(0, 3)):
        parts.append(field(8, field(1, number) + field(2, 7) + field(3, 1 << dice.randint(0, 40)) + some_fields(dice)))
    dice.shuffle(parts)
    return b"".join(parts) + some_fields(dice)


def space(dice):
    image, shown = dice.randbytes(dice.choice([64, 255, 256, 4096])), dice.randbytes(256)
    guest = field(2, shown) + field(3, dice.randbytes(256)) + field(4, "a profile") if dice.random() < 0.4 else b""
    return field(1, image) + guest + some_fields(dice)


def interrupts(dice):
    vectors = dice.choice([0, 1, 3, 8, 65])
    msix = field(1, 0x8000) + field(2, dice.randbytes(16 * vectors)) + field(3, bytes((vectors + 7) // 8))
    return field(1, dice.randint(0, 15)) + field(2, field(1, 1) + field(2, 0xFEE00000)) + field(3, msix)


def pasids(dice):
    domains = range(1, dice.randint(2, 5))
    table = b""
    for number in domains:
        nested = field(2, 1) + field(3, dice.randbytes(dice.randint(0, 20))) if dice.random() < 0.5 else b""
        table += field(1, field(1, number) + nested + field(4, dice.randint(0, 1)) + some_fields(dice))
    for pasid in dice.sample(range(1 << 20), dice.randint(0, 6)):
        table += field(2, field(1, pasid) + field(2, dice.choice(domains)) + field(3, dice.randint(0, 3)))
    return table


def some_state(dice, count):
    kind = dice.random()
    if kind < 0.3:
        return dice.choice([b"\0", b"\xff", b"a"]) * count, FILL
    if kind < 0.6:
        return (dice.randbytes(7) * count)[:count], ZSTD if count > 64 else RAW
    return dice.randbytes(count), RAW


def sound(dice, devices=None):
    stream = Stream(dice.randbytes(16))
    records = stream.records
    records.append(Record(INFORMATION, field(1, "dms-writer") + field(4, dice.randint(0, 1 << 33)) + some_fields(dice)))
    devices = dice.randint(0, 4) if devices is None else devices
    for number in range(devices):
        records.append(Record(IDENTITY, identity(dice), number))
        parts = [(SPACE, space), (INTERRUPTS, interrupts), (PASIDS, pasids)]
        dice.shuffle(parts)
        for kind, make in parts:
            if dice.random() < 0.4:
                records.append(Record(kind, make(dice), number))
        if dice.random() < 0.2:
            records.append(Record(dice.randint(192, 255), dice.randbytes(20), dice.choice([number, NO_DEVICE])))
    ends, phases = [0] * devices, [dice.choice([1, 2]) for _ in range(devices)]
    for _ in range(dice.choice([0, 1, 3, 12]) if devices else 0):
        number = dice.randrange(devices)
        if dice.random() < 0.2:
            phases[number] = 2
        state, encoding = some_state(dice, dice.choice([1, 5, 100, 700]))
        records.append(chunk(number, ends[number], state, phases[number], encoding,
                             iteration=dice.randint(0, 3) if phases[number] == 1 else 0, flags=dice.randint(0, 15)))
        ends[number] += len(state)
        if dice.random() < 0.1:
            records.append(Record(dice.randint(192, 255), dice.randbytes(8), dice.choice([number, NO_DEVICE])))
    stream.is_indexed = dice.random() < 0.5
    stream.close(dice.choice([SHA256, SHA256, SHA256, UNKNOWN_DIGEST, None]))
    return stream


# Faults. Each changes a sound stream that has what it needs, and says how a reader of the whole stream ends.

FAULTS = {}


def fault(status, devices=2):
    def add(change):
        FAULTS[change.__name__.replace("_", "-")] = (status, devices, change)
        return change
    return add


def replace(stream, kind, change, dice):
    record = dice.choice(stream.of(kind))
    record.payload = change(record.payload)
    record.raw = len(record.payload)


def with_chunks(stream, dice):
    """Makes sure that device 0 has two chunks, with right sums behind."""
    del stream.records[-1 - len(stream.of(SUMMARY)):]
    end = sum(len(one.state) for one in stream.of(CHUNK) if one.device == 0)
    for count in (300, 9):
        stream.records.append(chunk(0, end, dice.randbytes(count)))
        end += count
    stream.close()
    return [one for one in stream.of(CHUNK) if one.device == 0]


@fault(3)
def flipped_bit(stream, dice):
    stream.flipped = dice.random()


@fault(3)
def cut(stream, dice):
    stream.cut = dice.random() * 0.999


@fault(3)
def trailing_bytes(stream, dice):
    stream.tail = dice.randbytes(dice.randint(1, 40))


@fault(3)
def wrong_digest(stream, dice):
    with_chunks(stream, dice)
    stream.of(SUMMARY)[0].payload = summary(b"other", 2)[:0] + stream.of(SUMMARY)[0].payload[:-1] + dice.choice(
        [bytes([byte]) for byte in range(256) if byte != stream.of(SUMMARY)[0].payload[-1]])


@fault(3)
def digest_of_wrong_size(stream, dice):
    replace(stream, SUMMARY, lambda _: field(3, bytes([SHA256]) + dice.randbytes(31)), dice)


@fault(3)
def wrong_totals(stream, dice):
    stream.records[-1].payload = totals(len(stream.of(IDENTITY)), len(stream.of(CHUNK)) + 1, 0, stream.is_indexed)
    stream.records[-1].raw = len(stream.records[-1].payload)


@fault(3)
def wrong_summary(stream, dice):
    replace(stream, SUMMARY, lambda _: field(1, 1 << 40) + field(2, 1), dice)


@fault(3)
def sequence_gap(stream, dice):
    at = dice.randrange(1, len(stream.records))
    for number, record in enumerate(stream.records[at:], at + dice.randint(1, 3)):
        record.sequence = number


@fault(3)
def sequence_repeated(stream, dice):
    at = dice.randrange(1, len(stream.records))
    stream.records[at].sequence = at - 1


@fault(3)
def missing_chunk(stream, dice):
    stream.records.remove(with_chunks(stream, dice)[-2])


@fault(3)
def missing_summary(stream, dice):
    stream.records.remove(dice.choice(stream.of(SUMMARY)))


@fault(3)
def second_summary(stream, dice):
    stream.records.insert(-1, dice.choice(stream.of(SUMMARY)))


@fault(3)
def missing_end(stream, dice):
    stream.records.pop()


@fault(3)
def chunk_before_identity(stream, dice):
    stream.records.insert(1, chunk(0, 0, b"state"))


@fault(3)
def chunk_of_no_device(stream, dice):
    with_chunks(stream, dice)[0].device = dice.choice([2, 99, NO_DEVICE])


@fault(3)
def back_to_pre_copy(stream, dice):
    last = with_chunks(stream, dice)[-1]
    last.payload = b"\1" + last.payload[1:]


@fault(3)
def unknown_phase(stream, dice):
    last = with_chunks(stream, dice)[-1]
    last.payload = bytes([dice.choice([0, 3, 255])]) + last.payload[1:]


@fault(3)
def unknown_encoding(stream, dice):
    with_chunks(stream, dice)[0].encoding = dice.choice([3, 4, 5, 15])


@fault(3)
def fill_of_two_bytes(stream, dice):
    one = with_chunks(stream, dice)[0]
    one.encoding, one.payload = FILL, one.payload[:8] + b"ab"


@fault(3)
def length_of_another_state(stream, dice):
    with_chunks(stream, dice)[0].raw += dice.choice([-1, 1, 5000])


@fault(3)
def chunk_over_the_limit(stream, dice):
    stream.limits = (65536, MIB)
    one = with_chunks(stream, dice)[-1]
    one.encoding, one.payload, one.raw, one.state = FILL, one.payload[:9], 65537, one.payload[8:9] * 65537
    del stream.records[-1 - len(stream.of(SUMMARY)):]
    stream.close()


@fault(3)
def not_a_zstd_frame(stream, dice):
    one = with_chunks(stream, dice)[0]
    one.encoding, one.payload = ZSTD, one.payload[:8] + dice.randbytes(30)


@fault(3)
def second_identity_number(stream, dice):
    stream.of(IDENTITY)[1].device = dice.choice([0, 2, 7, NO_DEVICE])


@fault(3)
def second_space(stream, dice):
    at = stream.records.index(stream.of(IDENTITY)[0]) + 1
    stream.records[at:at] = [Record(SPACE, space(dice), 0), Record(SPACE, space(dice), 0)]


@fault(3)
def space_of_another_device(stream, dice):
    stream.records.insert(stream.records.index(stream.of(IDENTITY)[1]) + 1, Record(SPACE, space(dice), 0))


@fault(1)
def unknown_mandatory_record(stream, dice):
    at = dice.randrange(1, len(stream.records))
    stream.records.insert(at, Record(dice.randint(11, 255), b"", NO_DEVICE, mandatory=True))


@fault(1)
def unknown_mandatory_field(stream, dice):
    kind = dice.choice([INFORMATION, IDENTITY, SUMMARY, END])
    replace(stream, kind, lambda payload: payload + field(dice.randint(64, 1 << 20), b"x", must=True), dice)


@fault(3)
def record_of_type_0(stream, dice):
    stream.records.insert(dice.randrange(1, len(stream.records)), Record(0, b"", NO_DEVICE, mandatory=False))


@fault(3)
def field_twice(stream, dice):
    replace(stream, dice.choice([IDENTITY, SUMMARY]), lambda payload: payload + field(2, b"") + field(2, b""), dice)


@fault(3)
def field_with_tag_0(stream, dice):
    replace(stream, dice.choice([INFORMATION, IDENTITY]), lambda payload: payload + b"\0\0", dice)


@fault(3)
def long_leb128(stream, dice):
    replace(stream, IDENTITY, lambda payload: payload + b"\x80\x81\0\0", dice)


@fault(3)
def field_over_the_end(stream, dice):
    replace(stream, IDENTITY, lambda payload: payload + leb128(64 << 1) + leb128(dice.choice([1, 1 << 31, 1 << 63])), dice)


@fault(3)
def text_too_long(stream, dice):
    replace(stream, IDENTITY, lambda _: field(1, "x" * 1025), dice)


@fault(3)
def text_not_utf_8(stream, dice):
    replace(stream, IDENTITY, lambda _: field(2, b"mtty\xff"), dice)


@fault(3)
def integer_with_a_zero(stream, dice):
    replace(stream, IDENTITY, lambda _: field(6, b"\1\0"), dice)


@fault(3)
def subsystem_before_ids(stream, dice):
    replace(stream, IDENTITY, lambda _: field(4, b"abcd") + field(3, b"abcd"), dice)


def put_table(stream, kind, payload):
    """Puts a record of the first device, in place of its own."""
    at = stream.records.index(stream.of(IDENTITY)[0]) + 1
    stream.records = [one for one in stream.records if one.kind != kind or one.device]
    stream.records.insert(at, Record(kind, payload, 0))


@fault(3)
def binding_without_domain(stream, dice):
    put_table(stream, PASIDS, field(1, field(1, 1)) + field(2, field(1, 5) + field(2, 2)))


@fault(3)
def pasid_twice(stream, dice):
    put_table(stream, PASIDS, field(1, field(1, 1)) + 2 * field(2, field(1, 5) + field(2, 1)))


@fault(3)
def domain_twice(stream, dice):
    put_table(stream, PASIDS, 2 * field(1, field(1, 1)))


@fault(3)
def pasid_over_20_bits(stream, dice):
    put_table(stream, PASIDS, field(1, field(1, 1)) + field(2, field(1, 1 << 20) + field(2, 1)))


@fault(3)
def payload_without_type(stream, dice):
    put_table(stream, PASIDS, field(1, field(1, 1) + field(3, b"x")))


@fault(3)
def space_too_long(stream, dice):
    put_table(stream, SPACE, field(1, bytes(4097)))


@fault(3)
def mask_of_another_length(stream, dice):
    put_table(stream, SPACE, field(2, bytes(64)) + field(3, bytes(63)))


@fault(3)
def vectors_without_pending_bits(stream, dice):
    put_table(stream, INTERRUPTS, field(3, field(2, bytes(16 * 9)) + field(3, b"\0")))


@fault(3)
def index_entry_missing(stream, dice):
    with_chunks(stream, dice)
    stream.is_indexed = True
    stream.records[-1].payload += b"" if b"\x08\x01\x01" in stream.records[-1].payload[-3:] else field(4, 1)
    stream.records[-1].raw = len(stream.records[-1].payload)
    stream.change_entries = lambda entries: entries[:-1] if dice.random() < 0.5 else entries[1:]


@fault(3)
def index_that_lies(stream, dice):
    index_entry_missing(stream, dice)
    at = dice.choice([0, 8 + 2, 8 + 16, 8 + 20, 8 + 28, 40, 44])

    def lie(entries):
        number = dice.randrange(len(entries))
        changed = bytearray(entries[number])
        changed[at] ^= 1
        if 8 <= at < 36:  # under a right checksum
            changed[36:40] = struct.pack("<I", crc32c(stream.uuid + bytes(changed[8:36])))
        return entries[:number] + [bytes(changed)] + entries[number + 1:]
    stream.change_entries = lie


@fault(3)
def footer_elsewhere(stream, dice):
    stream.footer_offset = lambda offset: offset + dice.choice([1, 40, 1 << 40])


@fault(1)
def newer_version(stream, dice):
    stream.version = (2, 0)


@fault(1)
def unknown_feature(stream, dice):
    stream.features = 1 << dice.randint(2, 31)


@fault(1)
def channel_of_no_stream(stream, dice):
    stream.channel = dice.choice([(2, 2), (16, 17), (1, 1), (0, 0)])


@fault(3)
def limits_of_no_stream(stream, dice):
    stream.limits = dice.choice([(65535, MIB), (4 * MIB + 1, MIB), (MIB, 4 * MIB + 1), (0, MIB)])


@fault(0)
def newer_minor_version(stream, dice):
    stream.version = (1, dice.randint(2, 65535))


def forge(seed, number):
    """A stream of the seed, its exit status, and the name of its fault."""
    dice = random.Random(f"{seed}/{number}")
    name = dice.choice(list(FAULTS)) if dice.random() < 0.75 else "sound"
    return (*faulty(name, dice), name)


def faulty(name, dice):
    if name == "sound":
        return sound(dice).bytes(), 0
    status, devices, change = FAULTS[name]
    stream = sound(dice, devices)
    change(stream, dice)
    return stream.bytes(), status


# Large inputs: what costs a reader much, if it is careless.

LARGE = {}


def large(make):
    LARGE[make.__name__.replace("_", "-")] = make
    return make


def start(dice, devices=0):
    stream = Stream(dice.randbytes(16))
    stream.limits = (MIB, 4 * MIB)
    stream.records.append(Record(INFORMATION, field(1, "dms-writer")))
    for number in range(devices):
        stream.records.append(Record(IDENTITY, field(1, f"device {number}"), number))
    return stream


@large
def many_devices(dice, count=4096):
    """As many devices as every reader takes, each with a byte of state."""
    stream = start(dice, count)
    stream.records += [chunk(number, 0, b"x", encoding=FILL) for number in range(count)]
    stream.close()
    return stream


@large
def too_many_devices(dice):
    return many_devices(dice, 4097)


@large
def one_name(dice):
    """4096 devices with one name, and a configuration space each."""
    stream = start(dice)
    for number in range(4096):
        stream.records.append(Record(IDENTITY, field(1, "twin"), number))
        stream.records.append(Record(SPACE, field(1, dice.randbytes(4096)) + field(2, dice.randbytes(4096)), number))
    stream.close()
    return stream


@large
def unknown_fields_in_summaries(dice, devices=60):
    stream = start(dice, devices)
    stream.close()
    for record in stream.of(SUMMARY):
        record.payload += field(99, bytes(4 * MIB - 100))
        record.raw = len(record.payload)
    return stream


@large
def unknown_fields_in_a_table(dice):
    """A PASID table of 4 MiB of fields that nobody knows, as short as they can be."""
    stream = start(dice, 1)
    domains = b"".join(field(1, field(1, number) + field(64, b"") * 65000) for number in range(1, 20))
    stream.records.append(Record(PASIDS, domains, 0))
    stream.close()
    return stream


@large
def unknown_records(dice):
    stream = start(dice, 1)
    one = Record(200, bytes(4 * MIB), 0)
    stream.records += [one] * 30
    stream.close()
    return stream


@large
def bindings_of_one_domain(dice):
    """Many PASIDs that see one nested domain with much data."""
    stream = start(dice, 1)
    table = field(1, field(1, 1) + field(2, 1) + field(3, dice.randbytes(2 * MIB)))
    table += b"".join(field(2, field(1, pasid) + field(2, 1)) for pasid in range(130000))
    stream.records.append(Record(PASIDS, table, 0))
    stream.close()
    return stream


@large
def deltas(dice, count=20000):
    """Deltas without an index, each against the chunk before that is kept."""
    stream = start(dice, 1)
    stream.version, stream.features, stream.window = (1, 1), DELTAS, 1024
    base = dice.randbytes(64)
    stream.records.append(chunk(0, 0, base, flags=KEPT))
    coded = zstd_frame(base, dictionary=base)
    for number in range(1, count):
        stream.records.append(chunk(0, 64 * number, base, encoding=DELTA, reference=number, coded=coded))
    stream.close()
    return stream


@large
def small_chunks(dice, count=200000):
    """Many chunks of a byte, without an index."""
    stream = start(dice, 2)
    stream.records += [chunk(number % 2, number // 2, b"x", encoding=FILL) for number in range(count)]
    stream.close()
    return stream


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Write .dms streams for tests.")
    parser.add_argument("what", choices=["forge", "fault", "large", "list"])
    parser.add_argument("name", nargs="?")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("-o", "--output")
    options = parser.parse_args(arguments)
    if options.what == "list":
        print("\n".join(["sound", *FAULTS, *LARGE]))
        return 0
    if not options.output or (options.what != "forge" and options.name not in {"sound", *FAULTS, *LARGE}):
        parser.error("expected an output, and one of the names that `list` prints")
    dice = random.Random(options.seed)
    if options.what == "fault":
        write(options.output, faulty(options.name, dice)[0])
    elif options.what == "large":
        write(options.output, LARGE[options.name](dice).bytes())
    elif os.path.isdir(options.output):
        for number in range(options.count):
            data, status, name = forge(options.seed, number)
            write(os.path.join(options.output, f"{number}.dms"), data)
            print(f"{number}.dms {status} {name}")
    else:
        with open(options.output, "wb") as file:
            for number in range(options.count):
                data, status, name = forge(options.seed, number)
                file.write(struct.pack("<IBB", len(data), status, len(name)) + name.encode() + data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
