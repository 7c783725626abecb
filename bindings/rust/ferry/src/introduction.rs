use crate::callback::Texts;
use crate::error::Error;
use ferry_sys as sys;
use std::ffi::CStr;
use std::marker::PhantomData;
use std::os::raw::c_char;
use std::{ptr, slice};

/// What a stream says of a device before its state. Nothing is known by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Introduction {
    /// The name that the host knows the device by.
    pub name: Option<String>,
    /// Its driver.
    pub driver: Option<String>,
    /// What PCI says of it.
    pub pci: Option<PciIdentity>,
    /// What the driver says it can do: the flags of VFIO_DEVICE_FEATURE_MIGRATION.
    pub migration_flags: Option<u64>,
    /// The bytes that VFIO_DEVICE_FEATURE_MIG_DATA_SIZE says.
    pub stop_copy_size: Option<u64>,
    /// Whether the guest ran while the state was taken, if somebody says: good to look at, not to resume.
    pub guest_ran: Option<bool>,
    /// The regions of VFIO_DEVICE_GET_REGION_INFO.
    pub regions: Vec<Region>,
    /// What the configuration region reads: up to 4096 bytes.
    pub physical: Option<Vec<u8>>,
    /// What the guest was shown.
    pub guest_space: Option<GuestSpace>,
    /// The interrupts that the guest programmed.
    pub interrupts: Interrupts,
    /// The address spaces that PASIDs are bound to.
    pub domains: Vec<PasidDomain>,
    /// Which PASID is bound to which of them.
    pub bindings: Vec<PasidBinding>,
}

/// The ids of a PCI function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PciIdentity {
    /// The vendor.
    pub vendor_id: u16,
    /// The device, as the vendor numbers them.
    pub device_id: u16,
    /// Vendor and number of the subsystem.
    pub subsystem: Option<(u16, u16)>,
    /// The class code, 24 bits, and the revision.
    pub class: Option<(u32, u8)>,
}

/// A region of VFIO_DEVICE_GET_REGION_INFO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its index.
    pub index: u32,
    /// The flags of VFIO_REGION_INFO.
    pub flags: u32,
    /// Its bytes.
    pub size: u64,
}

/// What a guest saw of its configuration space: the parts of a [`SpaceState`](crate::SpaceState).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuestSpace {
    /// The bytes.
    pub shown: Vec<u8>,
    /// For each bit whether the VMM serves it (1) or the device (0); as long as `shown`.
    pub emulated_bits: Option<Vec<u8>>,
    /// The profile that they are of.
    pub profile_name: Option<String>,
    /// The digest of its layout.
    pub profile_digest: Option<String>,
}

/// The interrupts that a guest programmed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interrupts {
    /// Which of INTA to INTD are asserted: bits 0 to 3.
    pub asserted_pins: Option<u8>,
    /// The MSI capability.
    pub msi: Option<Msi>,
    /// The MSI-X capability and its table.
    pub msix: Option<Msix>,
}

/// MSI as a guest programmed it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Msi {
    /// Message Control.
    pub control: u16,
    /// Message Address.
    pub address: u64,
    /// Message Data.
    pub data: u32,
    /// Mask Bits.
    pub mask_bits: u32,
    /// Pending Bits.
    pub pending_bits: u32,
}

/// MSI-X as a guest programmed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Msix {
    /// Message Control.
    pub control: u16,
    /// 16 bytes a vector, at most 2048 vectors.
    pub table: Vec<u8>,
    /// One bit a vector, the lowest first.
    pub pending_bits: Vec<u8>,
}

/// An address space that PASIDs are bound to: what iommufd calls a hardware page table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PasidDomain {
    /// The number that bindings name it by.
    pub id: u32,
    /// Whether page requests go to a fault queue.
    pub has_fault_queue: bool,
    /// Type and data of a guest's page table, in IOMMU_HWPT_ALLOC's words; none if the VMM maps the space.
    pub nested: Option<(u32, Vec<u8>)>,
}

/// A PASID and the address space that it is bound to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PasidBinding {
    /// The PASID.
    pub pasid: u32,
    /// The id of a domain.
    pub domain: u32,
    /// Whether requests to execute are allowed.
    pub allows_execute: bool,
    /// Whether requests in privileged mode are allowed.
    pub allows_privileged: bool,
}

/// A `ferry_device` of an introduction, with what it points to.
pub(crate) struct Described<'a> {
    pub(crate) device: sys::ferry_device,
    _texts: Texts,
    _regions: Vec<sys::ferry_region>,
    _domains: Vec<sys::ferry_pasid_domain>,
    _bindings: Vec<sys::ferry_pasid_binding>,
    _introduction: PhantomData<&'a Introduction>,
}

impl Introduction {
    pub(crate) fn described(&self) -> Result<Described<'_>, Error> {
        let mut texts = Texts::default();
        // SAFETY: zeros are a value of the struct: numbers and NULL.
        let mut device: sys::ferry_device = unsafe { std::mem::zeroed() };
        device.name = texts.add("name", self.name.as_deref())?;
        device.driver = texts.add("driver", self.driver.as_deref())?;
        self.identify(&mut device);

        let regions: Vec<_> = self
            .regions
            .iter()
            .map(|region| sys::ferry_region { index: region.index, flags: region.flags, size: region.size })
            .collect();
        device.regions = regions.as_ptr();
        device.region_count = regions.len();
        if let Some(physical) = &self.physical {
            device.physical = physical.as_ptr();
            device.physical_size = physical.len();
        }
        if let Some(space) = &self.guest_space {
            device.shown = space.shown.as_ptr();
            device.shown_size = space.shown.len();
            if let Some(bits) = &space.emulated_bits {
                if bits.len() != space.shown.len() {
                    let found = format!("{} and {} bytes", bits.len(), space.shown.len());
                    return Err(Error::argument("emulated_bits", "as many bytes as are shown", found));
                }
                device.emulated_bits = bits.as_ptr();
            }
            device.profile_name = texts.add("profile_name", space.profile_name.as_deref())?;
            device.profile_digest = texts.add("profile_digest", space.profile_digest.as_deref())?;
        }
        self.interrupts.describe(&mut device.interrupts);

        let domains: Vec<_> = self.domains.iter().map(PasidDomain::described).collect();
        let bindings: Vec<_> = self.bindings.iter().map(PasidBinding::described).collect();
        device.domains = domains.as_ptr();
        device.domain_count = domains.len();
        device.bindings = bindings.as_ptr();
        device.binding_count = bindings.len();
        Ok(Described {
            device,
            _texts: texts,
            _regions: regions,
            _domains: domains,
            _bindings: bindings,
            _introduction: PhantomData,
        })
    }

    fn identify(&self, device: &mut sys::ferry_device) {
        if let Some(pci) = self.pci {
            device.parts |= sys::FERRY_DEVICE_PCI;
            device.vendor_id = pci.vendor_id;
            device.device_id = pci.device_id;
            if let Some((vendor, number)) = pci.subsystem {
                device.parts |= sys::FERRY_DEVICE_SUBSYSTEM;
                device.subsystem_vendor_id = vendor;
                device.subsystem_id = number;
            }
            if let Some((code, revision)) = pci.class {
                device.parts |= sys::FERRY_DEVICE_CLASS;
                device.class_code = code;
                device.revision_id = revision.into();
            }
        }
        if let Some(flags) = self.migration_flags {
            device.parts |= sys::FERRY_DEVICE_MIGRATION_FLAGS;
            device.migration_flags = flags;
        }
        if let Some(size) = self.stop_copy_size {
            device.parts |= sys::FERRY_DEVICE_STOP_COPY_SIZE;
            device.stop_copy_size = size;
        }
        if let Some(ran) = self.guest_ran {
            device.parts |= sys::FERRY_DEVICE_CIRCUMSTANCES;
            device.circumstances = if ran { sys::FERRY_DEVICE_GUEST_RAN } else { 0 };
        }
    }

    /// What the library says of a device.
    ///
    /// # Safety
    /// The pointers are good as the header says, and stay so during the call.
    pub(crate) unsafe fn copied(device: &sys::ferry_device) -> Introduction {
        let has = |part: u32| device.parts & part != 0;
        let when = |part: u32, value: u64| if has(part) { Some(value) } else { None };
        // SAFETY: the caller says so, for this and for all that follow.
        unsafe {
            Introduction {
                name: copied_text(device.name),
                driver: copied_text(device.driver),
                pci: if has(sys::FERRY_DEVICE_PCI) {
                    Some(PciIdentity {
                        vendor_id: device.vendor_id,
                        device_id: device.device_id,
                        subsystem: if has(sys::FERRY_DEVICE_SUBSYSTEM) {
                            Some((device.subsystem_vendor_id, device.subsystem_id))
                        } else {
                            None
                        },
                        class: if has(sys::FERRY_DEVICE_CLASS) {
                            Some((device.class_code, device.revision_id as u8))
                        } else {
                            None
                        },
                    })
                } else {
                    None
                },
                migration_flags: when(sys::FERRY_DEVICE_MIGRATION_FLAGS, device.migration_flags),
                stop_copy_size: when(sys::FERRY_DEVICE_STOP_COPY_SIZE, device.stop_copy_size),
                guest_ran: when(sys::FERRY_DEVICE_CIRCUMSTANCES, device.circumstances.into())
                    .map(|bits| bits & u64::from(sys::FERRY_DEVICE_GUEST_RAN) != 0),
                regions: lent(device.regions, device.region_count)
                    .iter()
                    .map(|region| Region { index: region.index, flags: region.flags, size: region.size })
                    .collect(),
                physical: copied_bytes(device.physical, device.physical_size),
                guest_space: copied_bytes(device.shown, device.shown_size).map(|shown| GuestSpace {
                    shown,
                    emulated_bits: copied_bytes(device.emulated_bits, device.shown_size),
                    profile_name: copied_text(device.profile_name),
                    profile_digest: copied_text(device.profile_digest),
                }),
                interrupts: Interrupts::copied(&device.interrupts),
                domains: PasidDomain::copied(device.domains, device.domain_count),
                bindings: lent(device.bindings, device.binding_count).iter().map(PasidBinding::copied).collect(),
            }
        }
    }
}

impl Interrupts {
    fn describe(&self, interrupts: &mut sys::ferry_interrupts) {
        if let Some(pins) = self.asserted_pins {
            interrupts.parts |= sys::FERRY_INTERRUPTS_PINS;
            interrupts.asserted_pins = pins.into();
        }
        if let Some(msi) = self.msi {
            interrupts.parts |= sys::FERRY_INTERRUPTS_MSI;
            interrupts.msi_control = msi.control;
            interrupts.msi_address = msi.address;
            interrupts.msi_data = msi.data;
            interrupts.msi_mask_bits = msi.mask_bits;
            interrupts.msi_pending_bits = msi.pending_bits;
        }
        if let Some(msix) = &self.msix {
            interrupts.parts |= sys::FERRY_INTERRUPTS_MSIX;
            interrupts.msix_control = msix.control;
            interrupts.msix_table = msix.table.as_ptr();
            interrupts.msix_table_size = msix.table.len();
            interrupts.msix_pending_bits = msix.pending_bits.as_ptr();
            interrupts.msix_pending_bits_size = msix.pending_bits.len();
        }
    }

    /// # Safety
    /// As of [`Introduction::copied`].
    unsafe fn copied(interrupts: &sys::ferry_interrupts) -> Interrupts {
        let has = |part: u32| interrupts.parts & part != 0;
        Interrupts {
            asserted_pins: if has(sys::FERRY_INTERRUPTS_PINS) { Some(interrupts.asserted_pins as u8) } else { None },
            msi: if has(sys::FERRY_INTERRUPTS_MSI) {
                Some(Msi {
                    control: interrupts.msi_control,
                    address: interrupts.msi_address,
                    data: interrupts.msi_data,
                    mask_bits: interrupts.msi_mask_bits,
                    pending_bits: interrupts.msi_pending_bits,
                })
            } else {
                None
            },
            msix: if has(sys::FERRY_INTERRUPTS_MSIX) {
                // SAFETY: the caller says so.
                let (table, pending_bits) = unsafe {
                    (
                        lent(interrupts.msix_table, interrupts.msix_table_size),
                        lent(interrupts.msix_pending_bits, interrupts.msix_pending_bits_size),
                    )
                };
                Some(Msix {
                    control: interrupts.msix_control,
                    table: table.to_vec(),
                    pending_bits: pending_bits.to_vec(),
                })
            } else {
                None
            },
        }
    }
}

impl PasidDomain {
    fn described(&self) -> sys::ferry_pasid_domain {
        let (data_type, data, data_size) = match &self.nested {
            Some((kind, data)) => (*kind, data.as_ptr(), data.len()),
            None => (0, ptr::null(), 0),
        };
        sys::ferry_pasid_domain {
            id: self.id,
            has_fault_queue: self.has_fault_queue.into(),
            is_nested: self.nested.is_some().into(),
            data_type,
            data,
            data_size,
        }
    }

    /// # Safety
    /// As of [`Introduction::copied`].
    pub(crate) unsafe fn copied(domains: *const sys::ferry_pasid_domain, count: usize) -> Vec<PasidDomain> {
        // SAFETY: the caller says so.
        let domains = unsafe { lent(domains, count) };
        domains
            .iter()
            .map(|domain| PasidDomain {
                id: domain.id,
                has_fault_queue: domain.has_fault_queue != 0,
                nested: if domain.is_nested != 0 {
                    // SAFETY: the caller says so.
                    Some((domain.data_type, unsafe { lent(domain.data, domain.data_size) }.to_vec()))
                } else {
                    None
                },
            })
            .collect()
    }
}

impl PasidBinding {
    fn described(&self) -> sys::ferry_pasid_binding {
        sys::ferry_pasid_binding {
            pasid: self.pasid,
            domain: self.domain,
            permissions: u32::from(self.allows_execute) | u32::from(self.allows_privileged) << 1,
        }
    }

    pub(crate) fn copied(binding: &sys::ferry_pasid_binding) -> PasidBinding {
        PasidBinding {
            pasid: binding.pasid,
            domain: binding.domain,
            allows_execute: binding.permissions & 1 != 0,
            allows_privileged: binding.permissions & 2 != 0,
        }
    }
}

/// The elements at a pointer of the library's, which may be NULL if there are none.
///
/// # Safety
/// There are `count`, for as long as they are used.
pub(crate) unsafe fn lent<'a, T>(elements: *const T, count: usize) -> &'a [T] {
    if elements.is_null() {
        return &[];
    }
    // SAFETY: the caller says so.
    unsafe { slice::from_raw_parts(elements, count) }
}

/// # Safety
/// As of [`lent`].
unsafe fn copied_bytes(bytes: *const u8, count: usize) -> Option<Vec<u8>> {
    if bytes.is_null() {
        return None;
    }
    // SAFETY: the caller says so.
    Some(unsafe { lent(bytes, count) }.to_vec())
}

/// The text at a pointer of the library's; none for NULL.
///
/// # Safety
/// It ends with a 0.
pub(crate) unsafe fn copied_text(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: the caller says so.
    Some(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}
