"""Devices: captured into a stream, and restored from one, over an object that makes the VMM's own calls."""

from __future__ import annotations

import enum
import os
from dataclasses import dataclass
from typing import Any, Callable, Optional, Protocol, Sequence, Union

from ferry._library import NULL, Callbacks, Code, Error, Handle, SinkCallbacks, call, callback, copied, ffi, filled, lib
from ferry.introductions import Device, PASIDBinding, PASIDDomain, Permissions, c_device, domain
from ferry.streams import File, NewFile, opened_source, write_all, writer_options


class MigrationState(enum.IntEnum):
    """enum vfio_device_mig_state."""

    ERROR = 0
    STOP = 1
    RUNNING = 2
    STOP_COPY = 3
    RESUMING = 4
    RUNNING_P2P = 5
    PRE_COPY = 6
    PRE_COPY_P2P = 7


class Operations(Protocol):
    """What a VMM does with the VFIO descriptor of a device. Each method raises the OSError that the kernel gives.

    The buffers of `readinto()` and `write()` are Python's own, and may be kept.
    """

    def get_abilities(self) -> int:
        """VFIO_DEVICE_FEATURE_MIGRATION; 0 for a driver that cannot migrate."""

    def get_state(self) -> int:
        """VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, read."""

    def set_state(self, state: MigrationState) -> object:
        """The same, set: one arc of the kernel's. If it gives a data_fd, the methods below use that from then on."""

    def get_stop_copy_size(self) -> int:
        """VFIO_DEVICE_FEATURE_MIG_DATA_SIZE."""

    def get_precopy_size(self) -> tuple[int, int, bool]:
        """VFIO_MIG_GET_PRECOPY_INFO: initial bytes, dirty bytes, and VFIO_PRECOPY_INFO_REINIT."""

    def readinto(self, buffer: memoryview) -> int:
        """read() of the data_fd, once: the number of bytes, 0 at the end."""

    def write(self, data: memoryview) -> int:
        """write() to the data_fd, once: the number of bytes that it took."""

    def reset(self) -> object:
        """VFIO_DEVICE_RESET."""

    def read_config(self, offset: int, size: int) -> int:
        """1, 2 or 4 bytes of the configuration region; not called if there is none."""

    def write_config(self, offset: int, size: int, value: int) -> object:
        """The same, written."""


@dataclass(frozen=True)
class PASIDAbilities:
    """What can be attached to a device's PASIDs.

    width:           the number of bits of a PASID, 0 if none can be attached.
    permissions:     those that a binding may have.
    nested_types:    bit N: guest page tables of type N (IOMMU_HWPT_DATA_...) can be nested.
    has_fault_queue: whether page requests can go to a fault queue.
    """

    width: int
    permissions: Permissions = Permissions(0)
    nested_types: int = 0
    has_fault_queue: bool = False


class PASIDOperations(Protocol):
    """What a VMM does with the iommufd of a device, for PASIDs; errors as of Operations."""

    def get_pasid_abilities(self) -> PASIDAbilities:
        """IOMMU_GET_HW_INFO."""

    def allocate_domains(self, domains: Sequence[PASIDDomain]) -> object:
        """Makes every address space that bindings name (IOMMU_HWPT_ALLOC); none is left on failure."""

    def attach_pasid(self, binding: PASIDBinding) -> object:
        """VFIO_DEVICE_ATTACH_IOMMUFD_PT, with a PASID."""

    def detach_pasid(self, pasid: int) -> object:
        """VFIO_DEVICE_DETACH_IOMMUFD_PT."""

    def release_domains(self) -> object:
        """Undoes `allocate_domains`, once nothing is attached. It may not fail."""


@dataclass(frozen=True)
class VFIODomain:
    """What a replay has made in the iommufd for a domain.

    page_table:    the number of its page table (IOMMU_HWPT_ALLOC).
    address_space: the number of the address space that the VMM has to map (IOMMU_IOAS_ALLOC); None if it is nested.
    fault_queue:   the descriptor of its fault queue, open until the device is closed; None if it has none.
    """

    id: int
    page_table: int
    address_space: Optional[int]
    fault_queue: Optional[int]


class VFIODevice(Handle):
    """A device whose descriptors the caller has open, and which the library makes the calls to. They stay the caller's.

    device:        that of the device.
    iommufd:       that of /dev/iommu, with the `device_id` that it gave for the device (VFIO_DEVICE_BIND_IOMMUFD).
    address_space: the number of that of its own requests (IOMMU_IOAS_ALLOC), for devices that get PASIDs attached.
    """

    def __init__(
        self, device: int, *, iommufd: Optional[int] = None, device_id: int = 0, address_space: Optional[int] = None
    ) -> None:
        c = ffi.new("ferry_vfio_descriptors *")
        c.device = device
        if iommufd is not None:
            c.parts |= lib.FERRY_VFIO_IOMMUFD
            c.iommufd, c.device_id = iommufd, device_id
        if address_space is not None:
            c.parts |= lib.FERRY_VFIO_ADDRESS_SPACE
            c.address_space = address_space
        self._adopt("ferry_vfio", lib.ferry_vfio_open, c)

    def __enter__(self) -> VFIODevice:
        return self

    def domain(self, index: int) -> VFIODomain:
        """The domain with this index, in the order of the stream's."""
        c = ffi.new("ferry_vfio_domain *")
        call(lib.ferry_vfio_get_domain, self._number, index, c)
        return VFIODomain(c.id, c.page_table, c.address_space or None, c.fault_queue if c.fault_queue >= 0 else None)


@dataclass(frozen=True)
class MigrationDevice:
    """A device in a migration.

    operations:  the object that makes the calls, or a VFIODevice.
    known:       what is known of it; a capture writes all of it into the stream, but for `physical` and what the driver says itself.
    config_size: the number of bytes of the configuration region, 0 if there is none or the device is a VFIODevice.
    number:      of a replay: which of the stream's devices it takes.
    pasids:      the object that attaches PASIDs; None if the VMM does so itself, or the device is a VFIODevice.
    """

    operations: Union[Operations, VFIODevice]
    known: Device = Device()
    config_size: int = 0
    number: int = 0
    pasids: Optional[PASIDOperations] = None


class ProgressPhase(enum.IntEnum):
    """What a migration does."""

    RUNNING = 1  # state is read while the devices run
    STOPPED = 2  # and once they are stopped
    CHECKING = 3  # the stream is held against the devices
    VERIFYING = 4  # it is read to its end
    WRITING = 5  # it goes into the devices


@dataclass(frozen=True)
class Progress:
    """How far a migration has come.

    iteration:     of RUNNING: the round, from 0.
    state_size:    the state bytes that were read or taken so far.
    expected_size: of a capture what is left, of a replay the whole; None if the drivers do not say.
    """

    phase: ProgressPhase
    iteration: int
    state_size: int
    expected_size: Optional[int]


class Outcome(enum.IntEnum):
    """How a device was left."""

    UNTOUCHED = 0
    RUNNING_AS_BEFORE = 1  # nothing of its state is lost
    RESTORED = 2  # it runs with the state of the stream
    STOPPED = 3  # with all of its state
    FRESH = 4  # it was reset: it runs, and its state is lost
    RESET = 5  # the same of a device that a reset is not known to clear
    UNUSABLE = 6  # it could not be brought back, and needs a reset


@dataclass(frozen=True)
class MigrationSummary:
    """What a migration did: times in nanoseconds; `outcomes` in the order of the devices."""

    outcomes: tuple[Outcome, ...]
    state_size: int
    downtime_ns: int
    duration_ns: int
    iteration_count: int


class MigrationError(Error):
    """Why a migration failed, and how each device was left, in their order."""

    def __init__(self, code: Code, message: str, *, outcomes: tuple[Outcome, ...] = (), **others: Any) -> None:
        super().__init__(code, message, **others)
        self.outcomes = outcomes


# Hears of each chunk. What it raises cancels the migration, which brings the devices back, and is raised then.
OnProgress = Callable[[Progress], object]
# Asked between reads: true cancels the migration.
IsCancelled = Callable[[], bool]


def capture(
    devices: Sequence[MigrationDevice],
    sink: File,
    *,
    pre_copy: bool = True,
    resume: bool = False,
    without_p2p: bool = False,
    iteration_limit: int = 30,
    downtime_limit_ms: int = 300,
    bandwidth: Optional[int] = None,
    on_progress: Optional[OnProgress] = None,
    is_cancelled: Optional[IsCancelled] = None,
    raw: bool = False,
    level: int = 1,
    chunk_size: int = 1 << 20,
    window_size: int = 0,
    time: Optional[int] = None,
    producer: Optional[str] = None,
    kernel_release: Optional[str] = None,
    machine: Optional[str] = None,
) -> MigrationSummary:
    """Takes devices from RUNNING into one stream and leaves them in STOP.

    Whatever fails, they run again with all of their state, which `outcomes` of the MigrationError says. If only the name is missing to
    a stream that is whole, they are left as without an error, and the message says which file it is.

    pre_copy:          whether state is read while the devices run.
    resume:            let the devices run on once the stream has its end.
    without_p2p:       capture several devices though not all can be kept from reaching into each other.
    iteration_limit:   rounds of pre-copy at most.
    downtime_limit_ms: the devices stop once the rest is expected to take no longer.
    bandwidth:         state bytes a second while the devices run; None for as many as there are.

    The others are those of StreamWriter.
    """
    kept: list[Any] = []
    options = ffi.new("ferry_capture_options *")
    options.flags = (
        (0 if pre_copy else lib.FERRY_CAPTURE_WITHOUT_PRE_COPY)
        | (lib.FERRY_CAPTURE_RESUME if resume else 0)
        | (lib.FERRY_CAPTURE_WITHOUT_P2P if without_p2p else 0)
    )
    options.iteration_limit, options.downtime_limit_ms = iteration_limit, downtime_limit_ms
    options.bandwidth = bandwidth or 0
    options.stream = writer_options(kept, raw, level, chunk_size, window_size, time, producer, kernel_release, machine)
    output = NewFile(sink) if isinstance(sink, (str, os.PathLike)) else None
    try:
        target = output.descriptor if output is not None else sink
        callbacks = SinkCallbacks(
            (lambda view: _write_descriptor(target, view)) if isinstance(target, int) else write_all(target)
        )
        observer = _Observer(options.observer, on_progress, is_cancelled)
        summary = _migrate(
            observer, devices, lambda *rest: call(lib.ferry_capture, rest[0], rest[1], options, callbacks.c, *rest[2:])
        )
        if output is not None:
            try:
                output.publish()
            except OSError as error:
                message = f"{error.filename2}: {error.strerror}; the stream is whole, and stays in {error.filename}"
                raise MigrationError(Code.SYSTEM, message, errno=error.errno, outcomes=summary.outcomes) from error
        return summary
    finally:
        if output is not None:
            output.close()


def replay(
    source: File,
    devices: Sequence[MigrationDevice],
    *,
    check: bool = False,
    leave_stopped: bool = False,
    unsound: bool = False,
    strict: bool = False,
    without_p2p: bool = False,
    bindings: bool = False,
    on_progress: Optional[OnProgress] = None,
    is_cancelled: Optional[IsCancelled] = None,
) -> MigrationSummary:
    """Restores devices from a stream and has them run. No device runs unless the whole stream was verified.

    check:         check the stream to its end, and whether the devices can take it; touch none.
    leave_stopped: leave the devices in STOP with the state loaded.
    unsound:       give a device state in which its layout found an error.
    strict:        refuse what could not be checked.
    without_p2p:   as of `capture()`.
    bindings:      attach the PASIDs that the stream's devices had bound: each device has `pasids`, or is a VFIODevice.
    """
    options = ffi.new("ferry_replay_options *")
    options.flags = (
        (lib.FERRY_REPLAY_CHECK if check else 0)
        | (lib.FERRY_REPLAY_LEAVE_STOPPED if leave_stopped else 0)
        | (lib.FERRY_REPLAY_UNSOUND if unsound else 0)
        | (lib.FERRY_REPLAY_STRICT if strict else 0)
        | (lib.FERRY_REPLAY_WITHOUT_P2P if without_p2p else 0)
        | (lib.FERRY_REPLAY_BINDINGS if bindings else 0)
    )
    with opened_source(source) as callbacks:
        observer = _Observer(options.observer, on_progress, is_cancelled)
        return _migrate(
            observer, devices, lambda *rest: call(lib.ferry_replay, callbacks.c, rest[0], rest[1], options, *rest[2:])
        )


def _write_descriptor(descriptor: int, view: memoryview) -> None:
    at = 0
    while at < len(view):
        at += os.write(descriptor, view[at:])


def _migrate(observer: _Observer, devices: Sequence[MigrationDevice], function: Callable[..., None]) -> MigrationSummary:
    kept: list[Any] = []
    array = ffi.new("ferry_migration_device[]", len(devices))
    for c, device in zip(array, devices):
        c.known, c.config_size, c.number = c_device(device.known, kept), device.config_size, device.number
        if isinstance(device.operations, VFIODevice):
            c.vfio = device.operations._number
            continue
        callbacks = _Device(device.operations, device.pasids)
        kept.append(callbacks)
        c.operations, c.context = _operations, callbacks.context
        c.pasid_operations = NULL if device.pasids is None else _pasid_operations
    outcomes, summary = ffi.new("uint32_t[]", len(devices)), ffi.new("ferry_migration_summary *")
    try:
        observer.run(function, array, len(devices), outcomes, summary)
    except Error as error:
        if observer.raised is not None:
            raise observer.raised from None
        failed = MigrationError(**error.__dict__, outcomes=tuple(Outcome(each) for each in outcomes))
        raise failed from error.__cause__
    if observer.raised is not None:  # too late to cancel
        raise observer.raised
    return MigrationSummary(
        tuple(Outcome(each) for each in outcomes),
        summary.state_size,
        summary.downtime_ns,
        summary.duration_ns,
        summary.iteration_count,
    )


# ---- Callbacks.


class _Observer(Callbacks):
    """What hears of a migration, put into a ferry_observer."""

    def __init__(self, c: Any, on_progress: Optional[OnProgress], is_cancelled: Optional[IsCancelled]) -> None:
        super().__init__()
        self.raised: Optional[BaseException] = None
        self.on_progress, self.is_cancelled = on_progress, is_cancelled
        c.context = self.context
        c.progress = _progress if on_progress is not None else NULL
        c.is_cancelled = _is_cancelled


def _tell(context: Any, c: Any) -> None:
    observer = ffi.from_handle(context)
    expected = None if c.expected_size == lib.FERRY_NOWHERE else c.expected_size
    try:
        observer.on_progress(Progress(ProgressPhase(c.phase), c.iteration, c.state_size, expected))
    except BaseException as error:  # nothing may pass through C; it is cancelled instead
        observer.raised = error


_progress: Any = ffi.callback("void(void *, const ferry_progress *)", _tell)


@callback("int32_t(void *)")
def _is_cancelled(observer: _Observer) -> bool:
    try:
        if observer.raised is None and observer.is_cancelled is not None:
            return bool(observer.is_cancelled())
    except BaseException as error:
        observer.raised = error
    return observer.raised is not None


class _Device(Callbacks):
    def __init__(self, operations: Operations, pasids: Optional[PASIDOperations]) -> None:
        super().__init__()
        self.operations = operations
        self.pasids: Any = pasids

    def release(self) -> None:
        self.pasids.release_domains()


@callback("int32_t(void *, uint64_t *)")
def _get_abilities(device: _Device, flags: Any) -> None:
    flags[0] = device.operations.get_abilities()


@callback("int32_t(void *, uint32_t *)")
def _get_state(device: _Device, state: Any) -> None:
    state[0] = device.operations.get_state()


@callback("int32_t(void *, uint32_t)")
def _set_state(device: _Device, state: int) -> None:
    device.operations.set_state(MigrationState(state))


@callback("int32_t(void *, uint64_t *)")
def _get_stop_copy_size(device: _Device, size: Any) -> None:
    size[0] = device.operations.get_stop_copy_size()


@callback("int32_t(void *, uint64_t *, uint64_t *, uint32_t *)")
def _get_precopy_size(device: _Device, initial: Any, dirty: Any, is_reinitialized: Any) -> None:
    initial[0], dirty[0], is_reinitialized[0] = device.operations.get_precopy_size()


@callback("int32_t(void *, void *, size_t, size_t *)")
def _read(device: _Device, data: Any, capacity: int, count: Any) -> None:
    count[0] = filled(data, capacity, device.operations.readinto)


@callback("int32_t(void *, const void *, size_t, size_t *)")
def _write(device: _Device, data: Any, size: int, count: Any) -> None:
    count[0] = device.operations.write(copied(data, size))


@callback("int32_t(void *)")
def _reset(device: _Device) -> None:
    device.operations.reset()


@callback("int32_t(void *, uint32_t, uint32_t, uint32_t *)")
def _read_config(device: _Device, offset: int, size: int, value: Any) -> None:
    value[0] = device.operations.read_config(offset, size)


@callback("int32_t(void *, uint32_t, uint32_t, uint32_t)")
def _write_config(device: _Device, offset: int, size: int, value: int) -> None:
    device.operations.write_config(offset, size, value)


@callback("int32_t(void *, ferry_pasid_abilities *)")
def _get_pasid_abilities(device: _Device, c: Any) -> None:
    abilities = device.pasids.get_pasid_abilities()
    c.width, c.permissions = abilities.width, abilities.permissions
    c.nested_types, c.has_fault_queue = abilities.nested_types, abilities.has_fault_queue


@callback("int32_t(void *, const ferry_pasid_domain *, size_t)")
def _allocate_domains(device: _Device, domains: Any, count: int) -> None:
    device.pasids.allocate_domains([domain(domains[index]) for index in range(count)])


@callback("int32_t(void *, const ferry_pasid_binding *)")
def _attach_pasid(device: _Device, c: Any) -> None:
    device.pasids.attach_pasid(PASIDBinding(c.pasid, c.domain, Permissions(c.permissions)))


@callback("int32_t(void *, uint32_t)")
def _detach_pasid(device: _Device, pasid: int) -> None:
    device.pasids.detach_pasid(pasid)


# What this raises is printed by cffi: nobody can be told.
_release_domains: Any = ffi.callback("void(void *)", lambda context: ffi.from_handle(context).release())


_pasid_operations: Any = ffi.new(
    "ferry_pasid_operations *", [_get_pasid_abilities, _allocate_domains, _attach_pasid, _detach_pasid, _release_domains]
)
_operations: Any = ffi.new(
    "ferry_device_operations *",
    [
        _get_abilities,
        _get_state,
        _set_state,
        _get_stop_copy_size,
        _get_precopy_size,
        _read,
        _write,
        _reset,
        _read_config,
        _write_config,
    ],
)
