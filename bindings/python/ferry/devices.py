"""Devices: captured into a stream, and restored from one, over an object that makes the VMM's own calls."""

from __future__ import annotations

import enum
import os
from dataclasses import dataclass
from typing import Any, Callable, Optional, Protocol, Sequence

from ferry._library import NULL, Callbacks, Error, SinkCallbacks, SourceCallbacks, call, callback, ffi, lent, lib
from ferry.streams import Device, File, _NewFile, _readinto, write_all, writer_options


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
    """What a VMM does with the VFIO descriptor of a device. Each method raises the OSError that the kernel gives."""

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
class MigrationDevice:
    """A device in a migration.

    operations:  the object that makes the calls.
    known:       what is known of it; a capture writes all of it into the stream, but for `physical` and what the driver says itself.
    config_size: the number of bytes of the configuration region, 0 if there is none.
    number:      of a replay: which of the stream's devices it takes.
    """

    operations: Operations
    known: Device = Device()
    config_size: int = 0
    number: int = 0


class Phase(enum.IntEnum):
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

    phase: Phase
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

    outcomes: tuple[Outcome, ...] = ()


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

    Whatever fails, they run again with all of their state, which `outcomes` of the MigrationError says.

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
    output = _NewFile(sink) if isinstance(sink, (str, os.PathLike)) else None
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
            output.publish()
        return summary
    finally:
        if output is not None:
            output.discard()


def replay(
    source: File,
    devices: Sequence[MigrationDevice],
    *,
    check: bool = False,
    leave_stopped: bool = False,
    unsound: bool = False,
    strict: bool = False,
    without_p2p: bool = False,
    on_progress: Optional[OnProgress] = None,
    is_cancelled: Optional[IsCancelled] = None,
) -> MigrationSummary:
    """Restores devices from a stream and has them run. No device runs unless the whole stream was verified.

    check:         check the stream to its end, and whether the devices can take it; touch none.
    leave_stopped: leave the devices in STOP with the state loaded.
    unsound:       give a device state in which its layout found an error.
    strict:        refuse what could not be checked.
    without_p2p:   as of `capture()`.
    """
    options = ffi.new("ferry_replay_options *")
    options.flags = (
        (lib.FERRY_REPLAY_CHECK if check else 0)
        | (lib.FERRY_REPLAY_LEAVE_STOPPED if leave_stopped else 0)
        | (lib.FERRY_REPLAY_UNSOUND if unsound else 0)
        | (lib.FERRY_REPLAY_STRICT if strict else 0)
        | (lib.FERRY_REPLAY_WITHOUT_P2P if without_p2p else 0)
    )
    own = open(source, "rb", buffering=0) if isinstance(source, (str, os.PathLike)) else None
    try:
        given: Any = own if own is not None else source
        callbacks = SourceCallbacks((lambda view: os.readv(given, [view])) if isinstance(given, int) else _readinto(given))
        observer = _Observer(options.observer, on_progress, is_cancelled)
        return _migrate(
            observer, devices, lambda *rest: call(lib.ferry_replay, callbacks.c, rest[0], rest[1], options, *rest[2:])
        )
    finally:
        if own is not None:
            own.close()


def _write_descriptor(descriptor: int, view: memoryview) -> None:
    at = 0
    while at < len(view):
        at += os.write(descriptor, view[at:])


def _migrate(observer: _Observer, devices: Sequence[MigrationDevice], function: Callable[..., None]) -> MigrationSummary:
    kept: list[Any] = []
    array = ffi.new("ferry_migration_device[]", len(devices))
    for c, device in zip(array, devices):
        callbacks = _Device(device.operations)
        kept.append(callbacks)
        c.operations, c.context = _operations, callbacks.context
        c.known, c.config_size, c.number = device.known._c(kept), device.config_size, device.number
    outcomes, summary = ffi.new("uint32_t[]", len(devices)), ffi.new("ferry_migration_summary *")
    try:
        observer.run(function, array, len(devices), outcomes, summary)
    except Error as error:
        if observer.raised is not None:
            raise observer.raised from None
        failed = MigrationError(error.code, error.message)
        failed.__dict__.update(error.__dict__)
        failed.outcomes = tuple(Outcome(each) for each in outcomes)
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
        observer.on_progress(Progress(Phase(c.phase), c.iteration, c.state_size, expected))
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
    def __init__(self, operations: Operations) -> None:
        super().__init__()
        self.operations = operations


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
    with lent(data, capacity, is_writable=True) as view:
        count[0] = device.operations.readinto(view)


@callback("int32_t(void *, const void *, size_t, size_t *)")
def _write(device: _Device, data: Any, size: int, count: Any) -> None:
    with lent(data, size) as view:
        count[0] = device.operations.write(view)


@callback("int32_t(void *)")
def _reset(device: _Device) -> None:
    device.operations.reset()


@callback("int32_t(void *, uint32_t, uint32_t, uint32_t *)")
def _read_config(device: _Device, offset: int, size: int, value: Any) -> None:
    value[0] = device.operations.read_config(offset, size)


@callback("int32_t(void *, uint32_t, uint32_t, uint32_t)")
def _write_config(device: _Device, offset: int, size: int, value: int) -> None:
    device.operations.write_config(offset, size, value)


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
