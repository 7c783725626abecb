"""vPCI: the configuration space of an instance type, the same on every host.

A profile fixes the bytes that a guest reads. `Profile.check()` says whether a device can carry it, and `Profile.serve()` gives the
space that a guest sees, over two functions that access the device's own.
"""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Optional, Union

from ferry._library import NULL, Buffer, Callbacks, Handle, c_bytes, c_text, call, callback, collected, ffi, lib

# Reads 1, 2 or 4 bytes of a device's configuration space: `read(offset, size)`, the lowest byte first.
ReadConfig = Callable[[int, int], int]
# Writes them: `write(offset, size, value)`.
WriteConfig = Callable[[int, int, int], object]


class Verdict(enum.IntEnum):
    """What a check says."""

    CAN = 0
    CANNOT = 1
    UNKNOWN = 2  # nothing that is known forbids it, but bytes are missing that decide


class Effects(enum.IntFlag):
    """What a guest's write changed, as far as the VMM has to act on it."""

    COMMAND = 1
    BASE_ADDRESS = 2
    INTERRUPTS = 4
    POWER = 8
    FUNCTION_RESET = 16
    ADDRESS_TRANSLATION = 32
    EXPRESS_CONTROL = 64


@dataclass(frozen=True)
class IOMMU:
    """What is known of a host's IOMMU: the number of bits of its PASIDs, and which requests with PASID it honours."""

    pasid_width: int
    execute: bool = False
    privileged: bool = False


@dataclass(frozen=True)
class Host:
    """What is known of the device that shall carry a profile.

    space:             its configuration space, 64 to 4096 bytes.
    label:             what reports call the device.
    physical_function: the space of the physical function, if the device is a virtual one.
    bar_sizes:         sizes of BARs by index, as VFIO_DEVICE_GET_REGION_INFO says them.
    ids:               vendor and device of a virtual function, whose space reads ffff:ffff.
    is_vfio_region:    whether `space` is a VFIO region's, where the kernel leaves out some capabilities.
    is_cut:            whether the function may have more bytes than `space`.
    iommu:             None if nothing is known of it.
    """

    space: Buffer
    label: Optional[str] = None
    physical_function: Optional[Buffer] = None
    bar_sizes: Mapping[int, int] = field(default_factory=dict)
    ids: Optional[tuple[int, int]] = None
    is_vfio_region: bool = False
    is_cut: bool = False
    iommu: Optional[IOMMU] = None

    def _c(self, kept: list[Any]) -> Any:
        host = ffi.new("ferry_host *")
        host.label = c_text(self.label, kept)
        host.space, host.space_size = c_bytes(self.space, kept)
        host.physical_function, host.physical_function_size = c_bytes(self.physical_function, kept)
        for index, size in self.bar_sizes.items():
            if not 0 <= index < 6:
                raise ValueError(f"bar_sizes: expected an index from 0 to 5, found {index}")
            host.bar_sizes[index] = size
        if self.ids is not None:
            host.flags |= lib.FERRY_HOST_IDS
            host.vendor_id, host.device_id = self.ids
        if self.is_vfio_region:
            host.flags |= lib.FERRY_HOST_VFIO_REGION
        if self.is_cut:
            host.flags |= lib.FERRY_HOST_CUT
        if self.iommu is not None:
            host.flags |= lib.FERRY_HOST_IOMMU
            host.flags |= lib.FERRY_HOST_IOMMU_EXECUTE if self.iommu.execute else 0
            host.flags |= lib.FERRY_HOST_IOMMU_PRIVILEGED if self.iommu.privileged else 0
            host.pasid_width = self.iommu.pasid_width
        return host


@dataclass(frozen=True)
class SpaceState:
    """What a guest sees of a space at one moment: what has to travel with it.

    shown:          256 or 4096 bytes.
    emulated_bits:  for each bit of `shown` whether the VMM serves it (1) or the device (0); None if a stream does not say.
    profile_name:   the profile's, None if it is not known.
    profile_digest: that of its layout, 64 hexadecimal digits; None if it is not known, and then not compared.
    """

    shown: bytes
    emulated_bits: Optional[bytes] = None
    profile_name: Optional[str] = None
    profile_digest: Optional[str] = None


@dataclass(frozen=True)
class Check:
    """Whether a device can carry a profile, and the report with every reason (schemas/pci-check.schema.json)."""

    verdict: Verdict
    report: dict[str, Any]


class Profile(Handle):
    """A vPCI profile, laid out. An Error whose code is PROFILE says the line and the column of what is wrong with the text."""

    def __init__(self, profile: Union[str, bytes]) -> None:
        data = profile.encode() if isinstance(profile, str) else bytes(profile)
        self._adopt("ferry_profile", lib.ferry_profile_load, ffi.from_buffer(data), len(data))

    def __enter__(self) -> Profile:
        return self

    def _names(self) -> tuple[str, str]:
        name, digest = ffi.new("char[256]"), ffi.new("char[65]")
        call(lib.ferry_profile_name, self._number, name, digest)
        return ffi.string(name).decode(), ffi.string(digest).decode()

    @property
    def name(self) -> str:
        """The profile's name."""
        return self._names()[0]

    @property
    def digest(self) -> str:
        """The digest of its layout: 64 hexadecimal digits."""
        return self._names()[1]

    def synthesize(self) -> bytes:
        """The bytes that a guest reads after a reset: 256 or 4096."""
        data, size = ffi.new("uint8_t[4096]"), ffi.new("size_t *")
        call(lib.ferry_profile_synthesize, self._number, data, 4096, size)
        return bytes(ffi.buffer(data, size[0]))

    def check(self, host: Host) -> Check:
        """Whether a device can carry the profile."""
        kept: list[Any] = []
        verdict = ffi.new("int32_t *")
        report = collected(lib.ferry_profile_check, self._number, host._c(kept), verdict)
        return Check(Verdict(verdict[0]), json.loads(report))

    def map(self, host: Optional[Host] = None) -> dict[str, Any]:
        """Who serves which bytes (schemas/pci-map.schema.json), with the device's own offsets if it is given."""
        kept: list[Any] = []
        found: dict[str, Any] = json.loads(
            collected(lib.ferry_profile_map, self._number, NULL if host is None else host._c(kept))
        )
        return found

    def serve(self, host: Host, read: ReadConfig, write: WriteConfig) -> VirtualConfigSpace:
        """A space as after a reset; the device is not accessed. The Error's code is REFUSED if the device cannot carry it.

        The functions get offsets that are multiples of the size, below that of the host's space. What they raise has
        the access fail; of an OSError the library sees its errno.
        """
        return VirtualConfigSpace(self, host, read, write)


class VirtualConfigSpace(Handle):
    """A configuration space that a guest sees, served over a device's own: `Profile.serve()` makes it. It outlives its profile."""

    def __init__(self, profile: Profile, host: Host, read: ReadConfig, write: WriteConfig) -> None:
        kept: list[Any] = []
        self._access = _ConfigAccess(read, write)
        self._adopt("ferry_space", lib.ferry_space_open, profile._number, host._c(kept), self._access.c)

    def __enter__(self) -> VirtualConfigSpace:
        return self

    def read(self, offset: int, size: int) -> int:
        """What a guest reads: 1, 2 or 4 bytes, the lowest first. Bytes outside the space read as ones."""
        value = ffi.new("uint32_t *")
        self._access.run(call, lib.ferry_space_read, self._number, offset, size, value)
        return int(value[0])

    def write(self, offset: int, size: int, value: int) -> Effects:
        """Takes a guest's write of 1, 2 or 4 bytes. What a guest cannot write is ignored."""
        effects = ffi.new("uint32_t *")
        self._access.run(call, lib.ferry_space_write, self._number, offset, size, value, effects)
        return Effects(effects[0])

    def reset(self) -> None:
        """Brings the VMM's bits to the profile's values; the device is not touched."""
        call(lib.ferry_space_reset, self._number)

    def save(self) -> SpaceState:
        """What the guest sees now, for which the device's bits are read."""
        state = ffi.new("ferry_space_state *")
        self._access.run(call, lib.ferry_space_save, self._number, state)
        return SpaceState(
            bytes(ffi.buffer(state.shown, state.size)),
            bytes(ffi.buffer(state.emulated_bits, state.size)),
            ffi.string(state.profile_name).decode() or None,
            ffi.string(state.profile_digest).decode() or None,
        )

    def restore(self, state: SpaceState) -> None:
        """Takes the state of the same profile on another host: the VMM's bits as they were there, and the device's control bits.

        The Error's code is MISMATCH for that of another profile, before anything is changed. If the device fails, the
        registers before are restored.
        """
        c = ffi.new("ferry_space_state *")
        c.size = len(state.shown)
        for member, data in (("shown", state.shown), ("emulated_bits", state.emulated_bits or bytes(len(state.shown)))):
            if len(data) != c.size or c.size > 4096:
                raise ValueError(f"{member}: expected at most 4096 bytes, as many as of shown, found {len(data)}")
            ffi.memmove(getattr(c, member), data, len(data))
        for member, words in (("profile_name", state.profile_name), ("profile_digest", state.profile_digest)):
            encoded = (words or "").encode()
            if len(encoded) >= ffi.sizeof(getattr(c, member)):
                raise ValueError(f"{member}: expected fewer than {ffi.sizeof(getattr(c, member))} bytes, found {len(encoded)}")
            ffi.memmove(getattr(c, member), encoded, len(encoded))
        self._access.run(call, lib.ferry_space_restore, self._number, c)


class _ConfigAccess(Callbacks):
    def __init__(self, read: ReadConfig, write: WriteConfig) -> None:
        super().__init__()
        self.read, self.write = read, write
        self.c = ffi.new("ferry_config_access *", [_read, _write, self.context])


@callback("int32_t(void *, uint32_t, uint32_t, uint32_t *)")
def _read(access: _ConfigAccess, offset: int, size: int, value: Any) -> None:
    value[0] = access.read(offset, size)


@callback("int32_t(void *, uint32_t, uint32_t, uint32_t)")
def _write(access: _ConfigAccess, offset: int, size: int, value: int) -> None:
    access.write(offset, size, value)
