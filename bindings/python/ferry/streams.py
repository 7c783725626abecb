"""Streams: what migrates of devices, in the .dms format.

`StreamReader` reads one that lies in a file or comes from one, `StreamDecoder` is fed with bytes as they come, and `StreamWriter` writes.
"""

from __future__ import annotations

import enum
import errno
import io
import os
import tempfile
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Iterator, Optional, Union

from ferry._library import (
    NULL,
    Buffer,
    Code,
    Error,
    Handle,
    Loan,
    SinkCallbacks,
    SourceCallbacks,
    c_bytes,
    c_text,
    call,
    ffi,
    lib,
    pointer,
    text,
)
from ferry.vpci import SpaceState

# A path, a descriptor, or a binary file.
File = Union[str, "os.PathLike[str]", int, BinaryIO]


# ---- What a stream says of a device.


@dataclass(frozen=True)
class Region:
    """A region of VFIO_DEVICE_GET_REGION_INFO; its size in bytes."""

    index: int
    flags: int
    size: int


@dataclass(frozen=True)
class PCIIdentity:
    """The ids of a PCI function. `subsystem` is (vendor, id); `class_code` has 24 bits, and comes with `revision_id`."""

    vendor_id: int
    device_id: int
    subsystem: Optional[tuple[int, int]] = None
    class_code: Optional[int] = None
    revision_id: int = 0


@dataclass(frozen=True)
class MSI:
    """MSI as a guest programmed it."""

    control: int
    address: int
    data: int
    mask_bits: int = 0
    pending_bits: int = 0


@dataclass(frozen=True)
class MSIX:
    """MSI-X as a guest programmed it: the table has 16 bytes a vector, the pending bits one bit, the lowest first."""

    control: int
    table: bytes
    pending_bits: bytes = b""


@dataclass(frozen=True)
class Interrupts:
    """The interrupts that a guest programmed. `asserted_pins` has INTA to INTD in bits 0 to 3."""

    asserted_pins: Optional[int] = None
    msi: Optional[MSI] = None
    msix: Optional[MSIX] = None


@dataclass(frozen=True)
class NestedTable:
    """A page table of the guest's, in IOMMU_HWPT_ALLOC's words of type and data."""

    data_type: int
    data: bytes


@dataclass(frozen=True)
class PASIDDomain:
    """An address space that PASIDs are bound to. `nested` is None if the VMM maps it."""

    id: int
    nested: Optional[NestedTable] = None
    has_fault_queue: bool = False


class Permissions(enum.IntFlag):
    """What a PASID allows beyond reads and writes."""

    EXECUTE = 1
    PRIVILEGED = 2


@dataclass(frozen=True)
class PASIDBinding:
    """A PASID, and the id of the domain that it is bound to."""

    pasid: int
    domain: int
    permissions: Permissions = Permissions(0)


class Circumstances(enum.IntFlag):
    """How a state came about."""

    GUEST_RAN = 1  # while it was taken: good to look at, not to resume


@dataclass(frozen=True)
class Device:
    """What a stream says of a device before its state; None where it says nothing.

    name, driver:    the name that the host knows the device by, and its driver.
    migration_flags: those of VFIO_DEVICE_FEATURE_MIGRATION.
    stop_copy_size:  that of VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, in bytes.
    physical:        what the configuration region reads, up to 4096 bytes.
    guest_space:     what the guest was shown.
    """

    name: Optional[str] = None
    driver: Optional[str] = None
    pci: Optional[PCIIdentity] = None
    migration_flags: Optional[int] = None
    stop_copy_size: Optional[int] = None
    circumstances: Optional[Circumstances] = None
    regions: tuple[Region, ...] = ()
    physical: Optional[bytes] = None
    guest_space: Optional[SpaceState] = None
    interrupts: Optional[Interrupts] = None
    domains: tuple[PASIDDomain, ...] = ()
    bindings: tuple[PASIDBinding, ...] = ()

    def _c(self, kept: list[Any]) -> Any:
        """A ferry_device; what it points to goes into `kept`."""
        device = ffi.new("ferry_device *")
        kept.append(device)
        device.name, device.driver = c_text(self.name, kept), c_text(self.driver, kept)
        if self.pci is not None:
            device.parts |= lib.FERRY_DEVICE_PCI
            device.vendor_id, device.device_id = self.pci.vendor_id, self.pci.device_id
            if self.pci.subsystem is not None:
                device.parts |= lib.FERRY_DEVICE_SUBSYSTEM
                device.subsystem_vendor_id, device.subsystem_id = self.pci.subsystem
            if self.pci.class_code is not None:
                device.parts |= lib.FERRY_DEVICE_CLASS
                device.class_code, device.revision_id = self.pci.class_code, self.pci.revision_id
        if self.migration_flags is not None:
            device.parts |= lib.FERRY_DEVICE_MIGRATION_FLAGS
            device.migration_flags = self.migration_flags
        if self.stop_copy_size is not None:
            device.parts |= lib.FERRY_DEVICE_STOP_COPY_SIZE
            device.stop_copy_size = self.stop_copy_size
        if self.circumstances is not None:
            device.parts |= lib.FERRY_DEVICE_CIRCUMSTANCES
            device.circumstances = self.circumstances
        if self.regions:
            regions = ffi.new("ferry_region[]", [(each.index, each.flags, each.size) for each in self.regions])
            kept.append(regions)
            device.regions, device.region_count = regions, len(self.regions)
        device.physical, device.physical_size = c_bytes(self.physical, kept)
        if self.guest_space is not None:
            self._set_guest_space(device, self.guest_space, kept)
        if self.interrupts is not None:
            self._set_interrupts(device.interrupts, self.interrupts, kept)
        if self.domains:
            domains = ffi.new("ferry_pasid_domain[]", len(self.domains))
            kept.append(domains)
            for c, domain in zip(domains, self.domains):
                c.id, c.has_fault_queue = domain.id, domain.has_fault_queue
                if domain.nested is not None:
                    c.is_nested, c.data_type = 1, domain.nested.data_type
                    c.data, c.data_size = c_bytes(domain.nested.data, kept)
            device.domains, device.domain_count = domains, len(self.domains)
        if self.bindings:
            bindings = ffi.new("ferry_pasid_binding[]", [(each.pasid, each.domain, each.permissions) for each in self.bindings])
            kept.append(bindings)
            device.bindings, device.binding_count = bindings, len(self.bindings)
        return device

    @staticmethod
    def _set_guest_space(device: Any, state: SpaceState, kept: list[Any]) -> None:
        device.shown, device.shown_size = c_bytes(state.shown, kept)
        if state.emulated_bits is not None:
            if len(state.emulated_bits) != len(state.shown):
                raise ValueError(f"emulated_bits: expected {len(state.shown)} bytes, found {len(state.emulated_bits)}")
            device.emulated_bits, _ = c_bytes(state.emulated_bits, kept)
        device.profile_name = c_text(state.profile_name, kept)
        device.profile_digest = c_text(state.profile_digest, kept)

    @staticmethod
    def _set_interrupts(c: Any, interrupts: Interrupts, kept: list[Any]) -> None:
        if interrupts.asserted_pins is not None:
            c.parts |= lib.FERRY_INTERRUPTS_PINS
            c.asserted_pins = interrupts.asserted_pins
        if interrupts.msi is not None:
            c.parts |= lib.FERRY_INTERRUPTS_MSI
            c.msi_control, c.msi_address, c.msi_data = interrupts.msi.control, interrupts.msi.address, interrupts.msi.data
            c.msi_mask_bits, c.msi_pending_bits = interrupts.msi.mask_bits, interrupts.msi.pending_bits
        if interrupts.msix is not None:
            c.parts |= lib.FERRY_INTERRUPTS_MSIX
            c.msix_control = interrupts.msix.control
            c.msix_table, c.msix_table_size = c_bytes(interrupts.msix.table, kept)
            c.msix_pending_bits, c.msix_pending_bits_size = c_bytes(interrupts.msix.pending_bits, kept)


def _copied(data: Any, size: int) -> Optional[bytes]:
    return None if data == NULL else bytes(ffi.buffer(data, size))


def _device(c: Any) -> Device:
    """The other way, with a copy of everything."""
    pci = None
    if c.parts & lib.FERRY_DEVICE_PCI:
        has_subsystem, has_class = c.parts & lib.FERRY_DEVICE_SUBSYSTEM, c.parts & lib.FERRY_DEVICE_CLASS
        pci = PCIIdentity(
            c.vendor_id,
            c.device_id,
            (c.subsystem_vendor_id, c.subsystem_id) if has_subsystem else None,
            c.class_code if has_class else None,
            c.revision_id if has_class else 0,
        )
    shown = _copied(c.shown, c.shown_size)
    return Device(
        name=text(c.name),
        driver=text(c.driver),
        pci=pci,
        migration_flags=c.migration_flags if c.parts & lib.FERRY_DEVICE_MIGRATION_FLAGS else None,
        stop_copy_size=c.stop_copy_size if c.parts & lib.FERRY_DEVICE_STOP_COPY_SIZE else None,
        circumstances=Circumstances(c.circumstances) if c.parts & lib.FERRY_DEVICE_CIRCUMSTANCES else None,
        regions=(
            tuple(Region(each.index, each.flags, each.size) for each in ffi.unpack(c.regions, c.region_count))
            if c.region_count
            else ()
        ),
        physical=_copied(c.physical, c.physical_size),
        guest_space=(
            SpaceState(shown, _copied(c.emulated_bits, c.shown_size), text(c.profile_name), text(c.profile_digest))
            if shown is not None
            else None
        ),
        interrupts=_interrupts(c.interrupts),
        domains=tuple(_domain(each) for each in ffi.unpack(c.domains, c.domain_count)) if c.domain_count else (),
        bindings=(
            tuple(
                PASIDBinding(each.pasid, each.domain, Permissions(each.permissions))
                for each in ffi.unpack(c.bindings, c.binding_count)
            )
            if c.binding_count
            else ()
        ),
    )


def _interrupts(c: Any) -> Optional[Interrupts]:
    if not c.parts:
        return None
    msi = msix = None
    if c.parts & lib.FERRY_INTERRUPTS_MSI:
        msi = MSI(c.msi_control, c.msi_address, c.msi_data, c.msi_mask_bits, c.msi_pending_bits)
    if c.parts & lib.FERRY_INTERRUPTS_MSIX:
        table, pending = _copied(c.msix_table, c.msix_table_size), _copied(c.msix_pending_bits, c.msix_pending_bits_size)
        msix = MSIX(c.msix_control, table or b"", pending or b"")
    return Interrupts(c.asserted_pins if c.parts & lib.FERRY_INTERRUPTS_PINS else None, msi, msix)


def _domain(c: Any) -> PASIDDomain:
    nested = NestedTable(c.data_type, _copied(c.data, c.data_size) or b"") if c.is_nested else None
    return PASIDDomain(c.id, nested, bool(c.has_fault_queue))


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
    """What both readers have: devices, and the data of the chunk that came last."""

    def __init__(self) -> None:
        self._devices: Optional[tuple[Device, ...]] = None
        self._chunk: Optional[Chunk] = None
        self._loan = Loan()
        self._c = ffi.new("ferry_record *")

    def _take_back(self) -> None:
        self._loan.take_back()
        self._chunk = None

    def _made(self) -> Optional[Record]:
        """The record that the library gave; None for the devices, which are kept."""
        c = self._c
        if c.kind == lib.FERRY_RECORD_DEVICES:
            device, devices = ffi.new("ferry_device *"), []
            for number in range(c.device_count):
                call(lib.ferry_reader_device, self._number, number, device)
                devices.append(_device(device))
            self._devices = tuple(devices)
            return None
        if c.kind == lib.FERRY_RECORD_STATE:
            flags = ChunkFlags(c.flags)
            self._chunk = Chunk(c.device, c.state_offset, c.state_size, Phase(c.phase), c.iteration, flags, c.offset, self)
            return self._chunk
        if c.kind == lib.FERRY_RECORD_SUMMARY:
            return Summary(c.device, c.state_size, bool(c.is_verified), c.offset)
        return End(c.device_count, c.state_size, c.offset)

    def _data(self, chunk: Chunk) -> memoryview:
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
        self._take_back()
        super().close()


class StreamReader(_Records):
    """Reads a stream from a path, a descriptor, which stays open, or a binary file, from where that is.

    Iteration gives Chunk, Summary and End, and checks all that is read: if it ends without an Error, the stream is whole.
    """

    def __init__(self, source: File) -> None:
        super().__init__()
        self._own = -1
        self._callbacks: Optional[SourceCallbacks] = None
        if isinstance(source, (str, os.PathLike)):
            source = self._own = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if isinstance(source, int):
                self._adopt("ferry_reader", lib.ferry_reader_open_fd, source)
            else:
                self._callbacks = SourceCallbacks(_readinto(source))
                self._adopt("ferry_reader", lib.ferry_reader_open, self._callbacks.c)
        except BaseException:
            self._close_own()
            raise

    def __enter__(self) -> StreamReader:
        return self

    def __iter__(self) -> Iterator[Record]:
        return self

    @property
    def devices(self) -> tuple[Device, ...]:
        """The devices of the stream, by number. Reads as far as they are known, if nothing was read before."""
        if self._devices is None and self._next():
            self._made()  # the first record is that of the devices
        return self._devices or ()

    def _next(self) -> bool:
        """Has the library give its next record; False at the end."""
        self._take_back()
        if self._callbacks is None:
            call(lib.ferry_reader_next, self._number, self._c)
        else:
            self._callbacks.run(call, lib.ferry_reader_next, self._number, self._c)
        return bool(self._c.kind != lib.FERRY_RECORD_NONE)

    def __next__(self) -> Record:
        while self._next():
            record = self._made()
            if record is not None:
                return record
        raise StopIteration

    def state_file(self, device: int = 0) -> io.RawIOBase:
        """The state of one device as a file that is read once, from start to end; the state of others is passed over.

        It is read to the end of the stream, so that its end says that the whole stream was checked, and the state too.
        """
        return _StateInput(self, device)

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


def _readinto(file: Any) -> Any:
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
            if record is None or not len(target):
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
        self._is_feeding = False

    def __enter__(self) -> StreamDecoder:
        return self

    @property
    def devices(self) -> Optional[tuple[Device, ...]]:
        """The devices of the stream, by number; None as long as they are not known."""
        return self._devices

    def feed(self, data: Buffer) -> Iterator[Record]:
        """The records that are complete with these bytes. All of them have to be taken before more is fed."""
        if self._is_feeding:
            raise ValueError("records of the bytes before were not taken")
        self._is_feeding = True
        return self._records(data)

    def _records(self, data: Buffer) -> Iterator[Record]:
        rest, taken = memoryview(data).cast("B"), ffi.new("size_t *")
        while True:
            self._take_back()
            try:
                call(lib.ferry_reader_push, self._number, pointer(rest), len(rest), taken, self._c)
            except Error:
                self._is_feeding = False
                raise
            rest = rest[taken[0] :]
            if self._c.kind == lib.FERRY_RECORD_NONE:
                self._is_feeding = False
                return
            record = self._made()
            if record is not None:
                yield record

    def finish(self) -> None:
        """Says that no more comes. The Error's code is TORN unless the stream is whole."""
        self._take_back()
        call(lib.ferry_reader_finish, self._number)


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
        self._output: Optional[_NewFile] = None
        self._callbacks: Optional[SinkCallbacks] = None
        if isinstance(sink, (str, os.PathLike)):
            self._output = _NewFile(sink)
            sink = self._output.descriptor
        try:
            if isinstance(sink, int):
                self._adopt("ferry_writer", lib.ferry_writer_open_fd, sink, options)
            else:
                self._callbacks = SinkCallbacks(write_all(sink))
                self._callbacks.run(self._adopt, "ferry_writer", lib.ferry_writer_open, self._callbacks.c, options)
        except BaseException:
            self._discard()
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
        self._call(lib.ferry_writer_introduce, device._c(kept), number)
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
        lent = pointer(data)
        self._call(lib.ferry_writer_state, device, phase, iteration, flags, lent, len(lent))

    def state_file(self, device: int) -> io.RawIOBase:
        """The state of one device as a file that is written; all of it is of stop-copy."""
        return _StateOutput(self, device)

    def finish(self) -> None:
        """Sums up and ends the stream; what was given as a path is there then."""
        self._call(lib.ferry_writer_finish)
        self._is_finished = True
        if self._output is not None:
            self._output.publish()

    def close(self) -> None:
        """Frees what the library has of it. The stream is torn unless it was finished."""
        super().close()
        self._discard()

    def __del__(self) -> None:
        super().__del__()
        self._discard()

    def _discard(self) -> None:
        if self._output is not None:
            self._output.discard()


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


class _NewFile:
    """A file that has its name once it is whole."""

    def __init__(self, path: Union[str, os.PathLike[str]]) -> None:
        self._path = os.path.abspath(path)
        folder, name = os.path.split(self._path)
        self.descriptor, self._temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder)

    def publish(self) -> None:
        # mkstemp() lets nobody else read; files have what the umask leaves.
        mask = os.umask(0)
        os.umask(mask)
        os.fchmod(self.descriptor, 0o666 & ~mask)
        os.close(self.descriptor)
        self.descriptor = -1
        os.replace(self._temporary, self._path)

    def discard(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            os.unlink(self._temporary)
            self.descriptor = -1
