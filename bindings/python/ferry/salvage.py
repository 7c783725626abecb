"""Salvage: what is intact of a damaged stream, and what is lost."""

from __future__ import annotations

import enum
import os
from dataclasses import dataclass
from typing import Any, BinaryIO, Optional, Union

from ferry._library import NULL, Callbacks, Code, call, callback, ffi, filled, lib, text
from ferry.introductions import Device
from ferry.streams import Chunk, PullingReader, Record, Summary, readinto_of


@dataclass(frozen=True)
class Ranges:
    """Ranges as (offset, size) in ascending order: the first 1,000, and the count and the bytes of all."""

    ranges: tuple[tuple[int, int], ...]
    count: int
    size: int


class Condition(enum.IntEnum):
    """How a stream is as a whole."""

    WHOLE = 0  # as it was written
    INCOMPLETE = 1  # what there is is good, but it is torn, or a record or the index is missing
    DAMAGED = 2


@dataclass(frozen=True)
class Damage:
    """What is wrong with a stream.

    device_count:         the devices that are known of.
    missing_record_count: records that are missing by their numbers, of which nothing else is known.
    damaged:              the bytes of the file that are no intact record.
    fault:                the code and the message of the first fault, as `verify()` raises it; None for none.
    """

    condition: Condition
    device_count: int
    missing_record_count: int
    damaged: Ranges
    fault: Optional[tuple[Code, str]]


@dataclass(frozen=True)
class Loss:
    """What of a device is lost.

    is_whole:         whether nothing is.
    is_identity_lost: whether the record is lost that says which device it is.
    intact_size:      state bytes that are intact.
    missing:          state bytes that are missing, as far as that is known.
    missing_from:     from where on more is missing, of unknown length; None if it is not so.
    """

    is_whole: bool
    is_identity_lost: bool
    intact_size: int
    missing: Ranges
    missing_from: Optional[int]


class SalvageReader(PullingReader):
    """Reads what is intact of a stream in any condition, also behind what is not.

    State may be missing before a Chunk, whose `offset` tells; no Summary is verified. A device whose introduction is lost is a
    Device of which nothing is known, and one of `devices` from its first record on, or at the end. The source is a path, a regular
    file's descriptor, or a file that can seek.
    """

    def _open(self, source: Union[int, BinaryIO]) -> None:
        if isinstance(source, int):
            self._adopt("ferry_reader", lib.ferry_reader_salvage_fd, source)
        else:
            self._callbacks = _FileCallbacks(source)
            self._callbacks.run(self._adopt, "ferry_reader", lib.ferry_reader_salvage, self._callbacks.c)

    def __enter__(self) -> SalvageReader:
        return self

    def _record(self, c: Any) -> Optional[Record]:
        record = super()._record(c)
        if c.kind == lib.FERRY_RECORD_NONE:
            self._know(self.damage().device_count)
        elif isinstance(record, (Chunk, Summary)):
            self._know(record.device + 1)
        return record

    def _know(self, count: int) -> None:
        """Takes devices whose introduction is lost into `devices`, once they are known of."""
        known = self._devices or ()
        self._devices = known + (Device(),) * (count - len(known))

    def damage(self) -> Damage:
        """What is wrong with the stream, once all of it was read: before, an Error whose code is ORDER."""
        c = ffi.new("ferry_damage *")
        call(lib.ferry_reader_damage, self._number, c)
        fault = (Code(c.fault), text(c.message) or "") if c.message != NULL else None
        return Damage(Condition(c.condition), c.device_count, c.missing_record_count, _ranges(c.damaged), fault)

    def loss(self, device: int) -> Loss:
        """The same of one device."""
        c = ffi.new("ferry_loss *")
        call(lib.ferry_reader_loss, self._number, device, c)
        missing_from = None if c.missing_from == lib.FERRY_NOWHERE else c.missing_from
        return Loss(bool(c.is_whole), bool(c.is_identity_lost), c.intact_size, _ranges(c.missing), missing_from)


def _ranges(c: Any) -> Ranges:
    ranges = tuple((each.offset, each.size) for each in ffi.unpack(c.ranges, c.count)) if c.count else ()
    return Ranges(ranges, c.all_count, c.all_size)


class _FileCallbacks(Callbacks):
    """A ferry_file over a binary file that can seek."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self.file, self.readinto = file, readinto_of(file)
        self.c = ffi.new("ferry_file *", [_file_read, file.seek(0, os.SEEK_END), self.context])


@callback("int32_t(void *, uint64_t, void *, size_t, size_t *)")
def _file_read(callbacks: _FileCallbacks, offset: int, data: Any, capacity: int, count: Any) -> None:
    callbacks.file.seek(offset)
    count[0] = filled(data, capacity, callbacks.readinto)
