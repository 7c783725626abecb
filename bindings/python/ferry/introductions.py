"""Introductions: what a stream says of a device before its state."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Optional

from ferry._library import NULL, c_bytes, c_text, ffi, lib, text
from ferry.vpci import SpaceState


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
    """MSI-X as a guest programmed it: the table has 16 bytes a vector, the pending bits one bit, the lowest first.

    Without `pending_bits` none is set.
    """

    control: int
    table: bytes
    pending_bits: bytes = b""

    def __post_init__(self) -> None:
        if not self.pending_bits:
            object.__setattr__(self, "pending_bits", bytes((len(self.table) // 16 + 7) // 8))


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


def c_device(given: Device, kept: list[Any]) -> Any:
    """A ferry_device for C; what it points to goes into `kept`."""
    device = ffi.new("ferry_device *")
    kept.append(device)
    device.name, device.driver = c_text(given.name, kept), c_text(given.driver, kept)
    if given.pci is not None:
        device.parts |= lib.FERRY_DEVICE_PCI
        device.vendor_id, device.device_id = given.pci.vendor_id, given.pci.device_id
        if given.pci.subsystem is not None:
            device.parts |= lib.FERRY_DEVICE_SUBSYSTEM
            device.subsystem_vendor_id, device.subsystem_id = given.pci.subsystem
        if given.pci.class_code is not None:
            device.parts |= lib.FERRY_DEVICE_CLASS
            device.class_code, device.revision_id = given.pci.class_code, given.pci.revision_id
    if given.migration_flags is not None:
        device.parts |= lib.FERRY_DEVICE_MIGRATION_FLAGS
        device.migration_flags = given.migration_flags
    if given.stop_copy_size is not None:
        device.parts |= lib.FERRY_DEVICE_STOP_COPY_SIZE
        device.stop_copy_size = given.stop_copy_size
    if given.circumstances is not None:
        device.parts |= lib.FERRY_DEVICE_CIRCUMSTANCES
        device.circumstances = given.circumstances
    if given.regions:
        regions = ffi.new("ferry_region[]", [(each.index, each.flags, each.size) for each in given.regions])
        kept.append(regions)
        device.regions, device.region_count = regions, len(given.regions)
    device.physical, device.physical_size = c_bytes(given.physical, kept)
    if given.guest_space is not None:
        _set_guest_space(device, given.guest_space, kept)
    if given.interrupts is not None:
        _set_interrupts(device.interrupts, given.interrupts, kept)
    if given.domains:
        domains = ffi.new("ferry_pasid_domain[]", len(given.domains))
        kept.append(domains)
        for c, domain in zip(domains, given.domains):
            c.id, c.has_fault_queue = domain.id, domain.has_fault_queue
            if domain.nested is not None:
                c.is_nested, c.data_type = 1, domain.nested.data_type
                c.data, c.data_size = c_bytes(domain.nested.data, kept)
        device.domains, device.domain_count = domains, len(given.domains)
    if given.bindings:
        bindings = ffi.new("ferry_pasid_binding[]", [(each.pasid, each.domain, each.permissions) for each in given.bindings])
        kept.append(bindings)
        device.bindings, device.binding_count = bindings, len(given.bindings)
    return device


def _set_guest_space(device: Any, state: SpaceState, kept: list[Any]) -> None:
    device.shown, device.shown_size = c_bytes(state.shown, kept)
    if state.emulated_bits is not None:
        if len(state.emulated_bits) != len(state.shown):
            raise ValueError(f"emulated_bits: expected {len(state.shown)} bytes, found {len(state.emulated_bits)}")
        device.emulated_bits, _ = c_bytes(state.emulated_bits, kept)
    device.profile_name = c_text(state.profile_name, kept)
    device.profile_digest = c_text(state.profile_digest, kept)


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


def device(c: Any) -> Device:
    """What a ferry_device says, copied."""
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
        domains=tuple(domain(each) for each in ffi.unpack(c.domains, c.domain_count)) if c.domain_count else (),
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


def domain(c: Any) -> PASIDDomain:
    """What a ferry_pasid_domain says, copied."""
    nested = NestedTable(c.data_type, _copied(c.data, c.data_size) or b"") if c.is_nested else None
    return PASIDDomain(c.id, nested, bool(c.has_fault_queue))
