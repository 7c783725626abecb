"""libferry, and what all calls of it have in common."""

from __future__ import annotations

import enum
import errno
import pathlib
import threading
import weakref
from typing import Any, Callable, Optional, Union

from ferry._declarations import HEADER_VERSION
from ferry._declarations import ffi as _ffi

ffi: Any = _ffi
NULL: Any = ffi.NULL
Buffer = Union[bytes, bytearray, memoryview]


def _open() -> Any:
    """The library that lies in this package, as in a wheel, or the one of the system, which may not be older than the package."""
    own = pathlib.Path(__file__).with_name("libferry.so.0")
    library = ffi.dlopen(str(own) if own.exists() else own.name)
    found = ffi.string(library.ferry_version()).decode()
    if [int(part) for part in found.split(".")] < [int(part) for part in HEADER_VERSION.split(".")]:
        raise ImportError(f"expected libferry {HEADER_VERSION} or later, found {found}")
    return library


lib: Any = _open()

# The version of the library, such as "0.2.0".
VERSION: str = ffi.string(lib.ferry_version()).decode()


class Code(enum.IntEnum):
    """What kind of error it is. The numbers are those of ferry.h, and stable."""

    ARGUMENT = 1
    HANDLE = 2
    BUSY = 3
    LIMIT = 4
    BUFFER = 5
    ORDER = 6
    CALLBACK = 7
    SYSTEM = 8
    PROFILE = 16
    SPACE = 17
    REFUSED = 18
    MISMATCH = 19
    NOT_A_STREAM = 32
    UNSUPPORTED = 33
    LIMIT_EXCEEDED = 34
    UNWILLING = 35
    CHECKSUM = 36
    MALFORMED = 37
    MISPLACED = 38
    INCONSISTENT = 39
    TORN = 40
    TRAILING = 41
    COMPRESSION = 42
    LAYOUT = 48
    UNDECIDED = 49
    FACTS = 50
    DEVICE = 64
    CANCELLED = 65
    INCOMPATIBLE = 66
    UNVERIFIED = 67

    @classmethod
    def _missing_(cls, value: object) -> Optional[Code]:
        """A number of a newer library's."""
        if not isinstance(value, int):
            return None
        code = int.__new__(cls, value)
        code._name_, code._value_ = f"CODE_{value}", value
        return code


class Error(Exception):
    """Why a call did not do what it was asked for.

    code:         the kind of error.
    message:      what is wrong, with the place in words; also the text of the exception.
    expected:     the parts of the message, None if it has none.
    found
    offset:       the byte of the input or of the space that is at fault, None if it is not known.
    line, column: the place in a text, from 1, or None.
    record:       the record and the device of a stream, from 0, or None.
    device
    errno:        what a callback or the system gave, or None.

    If a function of the caller raised an exception, that is the `__cause__`.
    """

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        expected: Optional[str] = None,
        found: Optional[str] = None,
        offset: Optional[int] = None,
        line: Optional[int] = None,
        column: Optional[int] = None,
        record: Optional[int] = None,
        device: Optional[int] = None,
        errno: Optional[int] = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.expected, self.found = expected, found
        self.offset, self.line, self.column = offset, line, column
        self.record, self.device = record, device
        self.errno = errno


def text(pointer: Any) -> Optional[str]:
    """A text of the library's, None for NULL."""
    return None if pointer == NULL else ffi.string(pointer).decode("utf-8", "replace")


def _raised(error: Any) -> Error:
    return Error(
        Code(error.status),
        ffi.string(error.message).decode(),
        expected=ffi.string(error.expected).decode() or None,
        found=ffi.string(error.found).decode() or None,
        offset=None if error.offset == lib.FERRY_NOWHERE else error.offset,
        line=error.line or None,
        column=error.column or None,
        record=None if error.record == lib.FERRY_NONE else error.record,
        device=None if error.device == lib.FERRY_NONE else error.device,
        errno=error.system or None,
    )


def call(function: Any, *arguments: Any) -> None:
    """Makes a call that takes a ferry_error last, and raises what that says."""
    error = ffi.new("ferry_error *")
    if function(*arguments, error) != lib.FERRY_OK:
        raise _raised(error)


class Handle:
    """An object of the library. It is closed by `close()`, at the end of a `with`, or when nothing refers to it.

    Closing it again does nothing; another use of it then is an Error whose code is HANDLE. An object serves one call at a time: a
    second one meanwhile, of another thread or of a callback, is an Error whose code is BUSY.
    """

    _number = 0

    def _adopt(self, kind: str, function: Any, *arguments: Any) -> None:
        """Has the library open the object: by a function whose last argument but one is its number."""
        number = ffi.new(kind + " *")
        call(function, *arguments, number)
        self._number = number[0]

    def close(self) -> None:
        """Frees what the library has of it."""
        if self._number:
            call(lib.ferry_close, self._number)
            self._number = 0

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return not self._number

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __del__(self) -> None:
        if self._number:
            lib.ferry_close(self._number, NULL)


# ---- Memory of the library's that Python sees.


def _nothing() -> Any:
    return None


class Loan:
    """A read-only view of memory that is good until it is taken back.

    It refers only weakly to the view, and to the buffer below, which slices of the view and arrays over it keep.
    """

    def __init__(self) -> None:
        self._buffer: Callable[[], Any] = _nothing
        self._view: Callable[[], Optional[memoryview]] = _nothing

    def lend(self, pointer: Any, size: int) -> memoryview:
        """The view; the memory has to live as long as `pointer`, or until it is taken back."""
        if not size:
            return memoryview(b"")
        buffer = ffi.buffer(pointer, size)
        self._buffer = weakref.ref(buffer)
        return self._over(buffer)

    def _over(self, buffer: Any) -> memoryview:
        view = memoryview(buffer).toreadonly()
        self._view = weakref.ref(view)
        return view

    @property
    def view(self) -> Optional[memoryview]:
        """The view that is out, or another of the same memory if only parts of it are; None if nobody has any."""
        view, buffer = self._view(), self._buffer()
        return self._over(buffer) if view is None and buffer is not None else view

    def take_back(self) -> None:
        """Ends all use of the memory. BufferError if that is not possible."""
        view = self._view()
        if view is not None:
            view.release()
            self._view = _nothing
            del view
        if self._buffer() is not None:
            raise BufferError("memory that was lent is still in use, by a slice of the view or an array over it")
        self._buffer = _nothing


def copied(data: Any, size: int) -> memoryview:
    """What a callback is given to read: of memory of Python's, so that it may be kept."""
    return memoryview(ffi.buffer(data, size)[:])


def filled(data: Any, capacity: int, readinto: Callable[[memoryview], int]) -> int:
    """Has a function read into memory of Python's, which may be kept, too, and copies what it read: the count."""
    view = memoryview(bytearray(capacity))
    count = readinto(view)
    if not isinstance(count, int) or not 0 <= count <= capacity:
        raise ValueError(f"readinto() gave {count!r}; expected 0 to {capacity}: the source has to block")
    ffi.memmove(data, view, count)
    return count


def pointer(data: Any) -> Any:
    """What C gets of bytes-like data, without a copy; to be kept as long as C uses it."""
    return ffi.from_buffer(data, require_writable=False)


# ---- Functions of the caller's that the library calls.


class _Raised(threading.local):
    """What callbacks on this thread have raised while the call that they serve goes on."""

    first: Optional[BaseException] = None


_raised_here = _Raised()


class Callbacks:
    """What is behind the contexts of callbacks. What they raise is kept, and raised once the library has returned."""

    def __init__(self) -> None:
        self.context: Any = ffi.new_handle(self)

    def run(self, function: Callable[..., object], *arguments: Any) -> None:
        """Makes a call during which callbacks run: on this thread, and none of them after it."""
        outer, _raised_here.first = _raised_here.first, None
        try:
            function(*arguments)
        except Error as error:
            cause = _raised_here.first
            if cause is None or isinstance(cause, Exception):
                raise error from cause
        finally:
            cause, _raised_here.first = _raised_here.first, outer
        if cause is not None and not isinstance(cause, Exception):
            raise cause  # KeyboardInterrupt and the like


def _errno(error: BaseException) -> int:
    """The errno that stands for an exception on its way through the library."""
    if _raised_here.first is None or not isinstance(error, Exception):
        _raised_here.first = error
    number = error.errno if isinstance(error, OSError) else None
    return number if number and 0 < number < 4096 else errno.EIO


def callback(signature: str) -> Callable[[Callable[..., Any]], Any]:
    """A function for C, which calls another with the Callbacks behind its context. That one gives None for 0, or raises."""

    def made(answer: Callable[..., Any]) -> Any:
        def guard(context: Any, *arguments: Any) -> Any:
            try:
                return answer(ffi.from_handle(context), *arguments) or 0
            except BaseException as error:  # nothing may pass through C
                return _errno(error)

        # What cannot be given to C is EIO, too.
        return ffi.callback(signature, guard, error=errno.EIO)

    return made


class SinkCallbacks(Callbacks):
    """A ferry_sink over a function that takes bytes."""

    def __init__(self, write: Callable[[memoryview], object]) -> None:
        super().__init__()
        self.write = write
        self.c = ffi.new("ferry_sink *", [_sink_write, self.context])


@callback("int32_t(void *, const void *, size_t)")
def _sink_write(callbacks: SinkCallbacks, data: Any, count: int) -> None:
    if count:
        callbacks.write(copied(data, count))


class SourceCallbacks(Callbacks):
    """A ferry_source over a function that reads into a buffer."""

    def __init__(self, read: Callable[[memoryview], int]) -> None:
        super().__init__()
        self.read = read
        self.c = ffi.new("ferry_source *", [_source_read, self.context])


@callback("int32_t(void *, void *, size_t, size_t *)")
def _source_read(callbacks: SourceCallbacks, data: Any, capacity: int, count: Any) -> None:
    count[0] = filled(data, capacity, callbacks.read)


def collected(function: Any, *arguments: Any) -> bytes:
    """All that a call writes to the sink that is its last argument but the error."""
    found = bytearray()
    callbacks = SinkCallbacks(found.extend)
    callbacks.run(call, function, *arguments, callbacks.c)
    return bytes(found)


def c_text(value: Optional[str], kept: list[Any]) -> Any:
    """A text for C, NULL for None; `kept` has to live as long as C uses it."""
    if value is None:
        return NULL
    encoded = value.encode()
    if b"\0" in encoded:
        raise ValueError(f"expected a text without a 0 in it, found {value!r}")
    kept.append(ffi.new("char[]", encoded))
    return kept[-1]


def c_bytes(value: Optional[Buffer], kept: list[Any]) -> tuple[Any, int]:
    """Bytes for C and their count; NULL for None."""
    if value is None:
        return NULL, 0
    data = bytes(value)
    kept.append(ffi.new("uint8_t[]", data or b"\0"))
    return kept[-1], len(data)
