"""Streams: what migrates of devices, in the .dms format.

`StreamReader` reads one that lies in a file or comes from one, `StreamDecoder` is fed with bytes as they come, and `StreamWriter` writes.
"""

from __future__ import annotations

import contextlib
import enum
import errno
import io
import os
import secrets
import threading
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Iterator, Optional, Union

from ferry._library import (
    NULL,
    Buffer,
    Callbacks,
    Code,
    Error,
    Handle,
    Loan,
    SinkCallbacks,
    SourceCallbacks,
    c_text,
    call,
    ffi,
    lib,
    pointer,
)
from ferry.introductions import Device, c_device
from ferry.introductions import device as device_of

# A path, a descriptor, or a binary file.
File = Union[str, "os.PathLike[str]", int, BinaryIO]


# ---- Records.


class Phase(enum.IntEnum):
    """When in a migration state was read."""

    PRE_COPY = 1
    STOP_COPY = 2


class ChunkFlags(enum.IntFlag):
    """What the driver said of a chunk of pre-copy."""

    INITIAL = 1  # part of the initial data of vfio_precopy_info
    LAST_OF_INITIAL = 2
    LAST_OF_ITERATION = 4
    REINITIALIZED = 8  # the driver announced new initial data before it


@dataclass(frozen=True)
class Chunk:
    """A chunk of a device's state.

    device:       the device, from 0.
    offset:       where in the device's state it is.
    size:         the number of its bytes.
    phase:        when it was read, `iteration` in which round of pre-copy.
    place:        where its record begins in the stream.
    """

    device: int
    offset: int
    size: int
    phase: Phase
    iteration: int
    flags: ChunkFlags
    place: int
    _reader: _Records = field(repr=False, compare=False)

    @property
    def data(self) -> memoryview:
        """The bytes, decoded, without a copy: read-only, and good until the reader gives its next record.

        They are decoded when they are asked for; a device is verified only if all of its chunks are. What is to be
        kept is copied by `bytes(chunk.data)`; a slice or an array over it that is still there when the reader goes on
        is a BufferError then.
        """
        return self._reader._data(self)


@dataclass(frozen=True)
class Summary:
    """A device's state ends. `is_verified`: all of it was decoded, and has the digest that the stream says."""

    device: int
    size: int
    is_verified: bool
    place: int


@dataclass(frozen=True)
class End:
    """The content of the stream ends; its index follows."""

    device_count: int
    size: int
    place: int


Record = Union[Chunk, Summary, End]


class _Records(Handle):
    """What the readers have in common: devices, and the data of the chunk that came last."""

    def __init__(self) -> None:
        self._devices: Optional[tuple[Device, ...]] = None
        self._chunk: Optional[Chunk] = None
        self._loan = Loan()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keeps other threads from taking memory away between two calls of the library."""
        if not self._lock.acquire(blocking=False):
            raise Error(Code.BUSY, "the reader is in another call, which has not returned")
        try:
            yield
        finally:
            self._lock.release()

    def _take_back(self) -> None:
        self._loan.take_back()
        self._chunk = None

    def _record(self, c: Any) -> Optional[Record]:
        """The record that the library gave; None at the end, and for the devices, which are kept."""
        if c.kind == lib.FERRY_RECORD_DEVICES:
            device, devices = ffi.new("ferry_device *"), []
            for number in range(c.device_count):
                call(lib.ferry_reader_device, self._number, number, device)
                devices.append(device_of(device))
            self._devices = tuple(devices)
            return None
        if c.kind == lib.FERRY_RECORD_STATE:
            flags = ChunkFlags(c.flags)
            self._chunk = Chunk(c.device, c.state_offset, c.state_size, Phase(c.phase), c.iteration, flags, c.offset, self)
            return self._chunk
        if c.kind == lib.FERRY_RECORD_SUMMARY:
            return Summary(c.device, c.state_size, bool(c.is_verified), c.offset)
        if c.kind == lib.FERRY_RECORD_END:
            return End(c.device_count, c.state_size, c.offset)
        return None

    def _data(self, chunk: Chunk) -> memoryview:
        with self._alone():
            if chunk is not self._chunk or not self._number:
                raise ValueError("the data of a chunk is good until its reader gives the next record or is closed")
            view = self._loan.view
            if view is None:
                data, size = ffi.new("const void **"), ffi.new("size_t *")
                call(lib.ferry_reader_state, self._number, data, size)
                # The destructor has the reader live, and with it the memory, as long as the view.
                view = self._loan.lend(ffi.gc(data[0], self._outlive), size[0])
            return view

    def _outlive(self, _: Any) -> None:
        pass

    def close(self) -> None:
        """Frees what the library has of it. BufferError if the data of a chunk is still in use."""
        with self._alone():
            self._take_back()
            super().close()

    def __exit__(self, *exception: object) -> None:
        try:
            self.close()
        except BufferError:
            # An exception on its way has frames that use the data: the reader closes with the last of them.
            if exception[0] is None:
                raise


class PullingReader(_Records):
    """What the readers have in common that read from a path, a descriptor or a file."""

    _own = -1

    def __init__(self, source: File) -> None:
        super().__init__()
        self._callbacks: Optional[Callbacks] = None
        if isinstance(source, (str, os.PathLike)):
            source = self._own = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._open(source)
        except BaseException:
            self._close_own()
            raise

    def _open(self, source: Union[int, BinaryIO]) -> None:
        raise NotImplementedError

    def __iter__(self) -> Iterator[Record]:
        return self

    @property
    def devices(self) -> tuple[Device, ...]:
        """The devices of the stream, by number. Reads as far as they are known, if nothing was read before."""
        if self._devices is None:
            self._next()  # the first record is that of the devices
        return self._devices or ()

    def _next(self) -> tuple[bool, Optional[Record]]:
        """Whether the library gave another record, and that, if it is one for the caller."""
        c = ffi.new("ferry_record *")
        with self._alone():
            self._take_back()
            if self._callbacks is None:
                call(lib.ferry_reader_next, self._number, c)
            else:
                self._callbacks.run(call, lib.ferry_reader_next, self._number, c)
            return c.kind != lib.FERRY_RECORD_NONE, self._record(c)

    def __next__(self) -> Record:
        while True:
            is_there, record = self._next()
            if not is_there:
                raise StopIteration
            if record is not None:
                return record

    def close(self) -> None:
        super().close()
        self._close_own()

    def __del__(self) -> None:
        super().__del__()
        self._close_own()

    def _close_own(self) -> None:
        if self._own >= 0:
            os.close(self._own)
            self._own = -1


class StreamReader(PullingReader):
    """Reads a stream from a path, a descriptor, which stays open, or a binary file, from where that is.

    Iteration gives Chunk, Summary and End, and checks all that is read: if it ends without an Error, the stream is whole.
    """

    _has_state_file = False

    def _open(self, source: Union[int, BinaryIO]) -> None:
        if isinstance(source, int):
            self._adopt("ferry_reader", lib.ferry_reader_open_fd, source)
        else:
            callbacks = SourceCallbacks(readinto_of(source))
            self._callbacks = callbacks
            self._adopt("ferry_reader", lib.ferry_reader_open, callbacks.c)

    def __enter__(self) -> StreamReader:
        return self

    def state_file(self, device: int = 0) -> io.RawIOBase:
        """The state of one device as a file that is read once, from start to end; the state of others is passed over.

        It is read to the end of the stream, so that its end says that the whole stream was checked, and the state too. A second one
        would miss what the first has read: ValueError.
        """
        if self._has_state_file:
            raise ValueError("the reader has a file of a state already, which reads the stream to its end")
        file = _StateInput(self, device)
        self._has_state_file = True
        return file


def readinto_of(file: Any) -> Any:
    """The function of a binary file that reads into a buffer."""
    if hasattr(file, "readinto"):
        return file.readinto

    def readinto(view: memoryview) -> int:
        data = file.read(len(view))
        view[: len(data)] = data
        return len(data)

    return readinto


class _StateInput(io.RawIOBase):
    def __init__(self, reader: StreamReader, device: int) -> None:
        super().__init__()
        if not 0 <= device < len(reader.devices):
            raise ValueError(f"expected one of the stream's {len(reader.devices)} devices, found {device}")
        self._reader, self._device = reader, device
        self._chunk: Optional[Chunk] = None
        self._at = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        target = memoryview(buffer).cast("B")
        while self._chunk is None or self._at == self._chunk.size:
            self._chunk, self._at = None, 0
            record = next(self._reader, None)
            if record is None:
                return 0
            if isinstance(record, Chunk) and record.device == self._device:
                self._chunk = record
            elif isinstance(record, Summary) and record.device == self._device and not record.is_verified:
                raise Error(
                    Code.UNVERIFIED,
                    f"device {self._device}: the stream has no digest of its state, or parts were read before",
                    device=self._device,
                )
        count = min(len(target), self._chunk.size - self._at)
        target[:count] = self._chunk.data[self._at : self._at + count]
        self._at += count
        return count


class StreamDecoder(_Records):
    """Reads a stream that comes in pieces, by `feed()`, as from a connection that another loop waits for."""

    def __init__(self) -> None:
        super().__init__()
        self._adopt("ferry_reader", lib.ferry_reader_open, NULL)
        # What is left of the bytes that were fed last; None once their records were taken.
        self._rest: Optional[memoryview] = None

    def __enter__(self) -> StreamDecoder:
        return self

    @property
    def devices(self) -> Optional[tuple[Device, ...]]:
        """The devices of the stream, by number; None as long as they are not known."""
        return self._devices

    def feed(self, data: Buffer = b"") -> Iterator[Record]:
        """The records that are complete with these bytes, which may not change meanwhile.

        All of them have to be taken before more is fed: ValueError. After an iteration that ended early, as by a BufferError or by
        BUSY, `feed()` goes on with the rest.
        """
        given = memoryview(data).cast("B")
        with self._alone():
            if self._rest is None:
                self._rest = given
            elif given:
                raise ValueError("records of the bytes before were not taken")
        return self._records()

    def _records(self) -> Iterator[Record]:
        taken, c = ffi.new("size_t *"), ffi.new("ferry_record *")
        while True:
            with self._alone():
                if self._rest is None:
                    return
                self._take_back()
                try:
                    call(lib.ferry_reader_push, self._number, pointer(self._rest), len(self._rest), taken, c)
                except Error:
                    self._rest = None
                    raise
                self._rest = None if c.kind == lib.FERRY_RECORD_NONE else self._rest[taken[0] :]
                record = self._record(c)
            if record is not None:
                yield record

    def finish(self) -> None:
        """Says that no more comes. The Error's code is TORN unless the stream is whole.

        ValueError if bytes are left of those that came.
        """
        with self._alone():
            if self._rest:
                raise ValueError("records of the bytes before were not taken")
            self._take_back()
            call(lib.ferry_reader_finish, self._number)

    def close(self) -> None:
        super().close()
        self._rest = None


@dataclass(frozen=True)
class Totals:
    """What a whole stream has. `unverified_count`: the devices whose state has no digest that the library knows."""

    state_size: int
    device_count: int
    unverified_count: int


def verify(source: File) -> Totals:
    """Reads a stream to its end, and holds every byte of it against checksums, digests, counts and index."""
    totals = ffi.new("ferry_stream_totals *")
    with opened_source(source) as callbacks:
        callbacks.run(call, lib.ferry_stream_verify, callbacks.c, totals)
    return Totals(totals.state_size, totals.device_count, totals.unverified_count)


@contextlib.contextmanager
def opened_source(source: File) -> Iterator[SourceCallbacks]:
    """Callbacks over a path, a descriptor or a file."""
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb", buffering=0) as file:
            yield SourceCallbacks(file.readinto)
    elif isinstance(source, int):
        descriptor = source
        yield SourceCallbacks(lambda view: os.readv(descriptor, [view]))
    else:
        yield SourceCallbacks(readinto_of(source))


class StreamWriter(Handle):
    """Writes a stream to a path, a descriptor, which stays open, or a binary file.

    raw:                     leave chunks as they are, without compression.
    level:                   zstd's, 1 to 22, or below 0 for faster ones.
    chunk_size:              the most state bytes of a chunk, 64 KiB to 4 MiB.
    window_size:             the state bytes that readers keep for chunks coded against earlier ones.
    time:                    seconds since 1970-01-01 UTC; the stream says none if it is None.
    producer:                the program that writes.
    kernel_release, machine: `uname -r` and `-m` of the kernel.

    At the end of a `with` the stream is finished, unless an exception ends it: then it is torn, which readers report. A file
    appears under its path only when it is whole.
    """

    _output: Optional[NewFile] = None

    def __init__(
        self,
        sink: File,
        *,
        raw: bool = False,
        level: int = 1,
        chunk_size: int = 1 << 20,
        window_size: int = 0,
        time: Optional[int] = None,
        producer: Optional[str] = None,
        kernel_release: Optional[str] = None,
        machine: Optional[str] = None,
    ) -> None:
        kept: list[Any] = []
        options = writer_options(kept, raw, level, chunk_size, window_size, time, producer, kernel_release, machine)
        self._is_finished = False
        self._callbacks: Optional[SinkCallbacks] = None
        if isinstance(sink, (str, os.PathLike)):
            self._output = NewFile(sink)
            sink = self._output.descriptor
        try:
            if isinstance(sink, int):
                self._adopt("ferry_writer", lib.ferry_writer_open_fd, sink, options)
            else:
                self._callbacks = SinkCallbacks(write_all(sink))
                self._callbacks.run(self._adopt, "ferry_writer", lib.ferry_writer_open, self._callbacks.c, options)
        except BaseException:
            self._close_output()
            raise

    def __enter__(self) -> StreamWriter:
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            if exception[0] is None and not self._is_finished:
                self.finish()
        finally:
            self.close()

    def _call(self, function: Any, *arguments: Any) -> None:
        if self._callbacks is None:
            call(function, self._number, *arguments)
        else:
            self._callbacks.run(call, function, self._number, *arguments)

    def introduce(self, device: Device = Device()) -> int:
        """Introduces the next device, and gives its number: all of them before any state."""
        kept: list[Any] = []
        number = ffi.new("uint16_t *")
        self._call(lib.ferry_writer_introduce, c_device(device, kept), number)
        return int(number[0])

    def write(
        self,
        device: int,
        data: Buffer,
        *,
        phase: Phase = Phase.STOP_COPY,
        iteration: int = 0,
        flags: ChunkFlags = ChunkFlags(0),
    ) -> None:
        """Adds the next bytes of a device's state, as many as there are: chunks are made of them."""
        content = pointer(data)
        self._call(lib.ferry_writer_state, device, phase, iteration, flags, content, len(content))

    def state_file(self, device: int) -> io.RawIOBase:
        """The state of one device as a file that is written; all of it is of stop-copy."""
        return _StateOutput(self, device)

    def finish(self) -> None:
        """Sums up and ends the stream; what was given as a path is there then.

        If the file cannot be given its name it stays, whole, under the one that the OSError has as its `filename`.
        """
        self._call(lib.ferry_writer_finish)
        self._is_finished = True
        if self._output is not None:
            self._output.publish()

    def close(self) -> None:
        """Frees what the library has of it. The stream is torn unless it was finished."""
        super().close()
        self._close_output()

    def __del__(self) -> None:
        super().__del__()
        self._close_output()

    def _close_output(self) -> None:
        if self._output is not None:
            self._output.close()


class _StateOutput(io.RawIOBase):
    def __init__(self, writer: StreamWriter, device: int) -> None:
        super().__init__()
        self._writer, self._device = writer, device

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._writer.write(self._device, data)
        return memoryview(data).nbytes


def writer_options(
    kept: list[Any],
    raw: bool,
    level: int,
    chunk_size: int,
    window_size: int,
    time: Optional[int],
    producer: Optional[str],
    kernel_release: Optional[str],
    machine: Optional[str],
) -> Any:
    """A ferry_writer_options; what it points to goes into `kept`."""
    options = ffi.new("ferry_writer_options *")
    kept.append(options)
    options.flags = lib.FERRY_WRITER_RAW if raw else 0
    options.level, options.chunk_size, options.window_size = level, chunk_size, window_size
    options.time = time or 0
    options.producer, options.kernel_release = c_text(producer, kept), c_text(kernel_release, kept)
    options.machine = c_text(machine, kept)
    return options


def write_all(file: Any) -> Any:
    """A function that writes all of a view to a binary file, which may take less at once."""

    def write(view: memoryview) -> None:
        at = 0
        while at < len(view):
            count = file.write(view[at:])
            if count is None:
                raise BlockingIOError(errno.EAGAIN, "the file does not block")
            at += count

    return write


class NewFile:
    """A file that has its name once it is whole. What is in its place may be a file, and nothing else: an OSError."""

    def __init__(self, path: Union[str, os.PathLike[str]]) -> None:
        self._path = os.path.abspath(path)
        if os.path.isdir(self._path):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), self._path)
        if os.path.exists(self._path) and not os.path.isfile(self._path):
            raise FileExistsError(errno.EEXIST, "expected a regular file or none; others are given as descriptors", self._path)
        folder, name = os.path.split(self._path)
        self._temporary: Optional[str] = os.path.join(folder, f".{name}.{secrets.token_hex(8)}")
        self._process = os.getpid()
        self.descriptor = os.open(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)

    def publish(self) -> None:
        """Gives it its name. If that fails it stays under another, the `filename` of the OSError, for it is whole."""
        temporary, self._temporary = self._temporary, None
        if temporary is not None:
            os.replace(temporary, self._path)

    def close(self) -> None:
        """Closes it; one without its name is gone, unless this process is a fork of the one that writes it."""
        temporary, self._temporary = self._temporary, None
        if temporary is not None and os.getpid() == self._process:
            os.unlink(temporary)
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
