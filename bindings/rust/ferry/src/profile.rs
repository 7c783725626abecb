use crate::callback::sink;
use crate::error::{call, text, Error};
use crate::handle::Handle;
use crate::space::{ConfigAccess, Space};
use ferry_sys as sys;
use std::ffi::CString;
use std::os::raw::c_char;
use std::ptr;

/// A vPCI profile, laid out.
#[derive(Debug)]
pub struct Profile {
    pub(crate) handle: Handle,
}

impl Profile {
    /// Reads a profile's text and lays it out.
    pub fn load(text: &[u8]) -> Result<Profile, Error> {
        let mut handle = Handle::default();
        // SAFETY: the text has as many bytes as are given, and the results are locals.
        call(|error| unsafe {
            sys::ferry_profile_load(text.as_ptr() as *const c_char, text.len(), &mut handle.number, error)
        })?;
        Ok(Profile { handle })
    }

    /// The profile's name, and the digest of its layout.
    pub fn name(&self) -> Result<(String, String), Error> {
        let mut name = [0 as c_char; 256];
        let mut digest = [0 as c_char; 65];
        // SAFETY: the arrays have the lengths that the header says.
        call(|error| unsafe {
            sys::ferry_profile_name(self.handle.number, name.as_mut_ptr(), digest.as_mut_ptr(), error)
        })?;
        Ok((text(&name), text(&digest)))
    }

    /// The bytes that a guest reads after a reset: 256 or 4096.
    pub fn synthesize(&self) -> Result<Vec<u8>, Error> {
        let mut bytes = vec![0; 4096];
        let mut size = 0;
        // SAFETY: the buffer has as many bytes as are given.
        call(|error| unsafe {
            sys::ferry_profile_synthesize(self.handle.number, bytes.as_mut_ptr(), bytes.len(), &mut size, error)
        })?;
        bytes.truncate(size);
        Ok(bytes)
    }

    /// Whether a device can carry the profile, with every reason why not.
    pub fn check(&self, host: &Host<'_>) -> Result<Check, Error> {
        let mut verdict = 0;
        let mut report = Vec::new();
        host.with(|host| {
            // SAFETY: the host and the sink live until the call returns.
            call(|error| unsafe {
                sys::ferry_profile_check(
                    self.handle.number,
                    host,
                    &mut verdict,
                    &sink(&mut report as *mut Vec<u8>),
                    error,
                )
            })
        })?;
        Ok(Check {
            verdict: match verdict {
                sys::FERRY_VERDICT_CAN => Verdict::Can,
                sys::FERRY_VERDICT_CANNOT => Verdict::Cannot,
                _ => Verdict::Unknown,
            },
            report: String::from_utf8_lossy(&report).into_owned(),
        })
    }

    /// Who serves which bytes, as JSON (`schemas/pci-map.schema.json`); with the device's own offsets if there is one.
    pub fn map(&self, host: Option<&Host<'_>>) -> Result<String, Error> {
        let mut map = Vec::new();
        let mut write = |host: *const sys::ferry_host| {
            // SAFETY: the host, which may be NULL, and the sink live until the call returns.
            call(|error| unsafe {
                sys::ferry_profile_map(self.handle.number, host, &sink(&mut map as *mut Vec<u8>), error)
            })
        };
        match host {
            Some(host) => host.with(write)?,
            None => write(ptr::null())?,
        }
        Ok(String::from_utf8_lossy(&map).into_owned())
    }

    /// A space as after a reset, over `device`. Refused unless the check on `host` says that it can.
    pub fn serve<A: ConfigAccess>(&self, host: &Host<'_>, device: A) -> Result<Space<A>, Error> {
        Space::open(self, host, device)
    }
}

/// What a check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The device can carry the profile.
    Can,
    /// It cannot.
    Cannot,
    /// Nothing that is known forbids it, but bytes are missing that decide.
    Unknown,
}

/// The answer of a check.
#[derive(Clone, Debug)]
pub struct Check {
    /// The answer.
    pub verdict: Verdict,
    /// Every reason, as JSON (`schemas/pci-check.schema.json`).
    pub report: String,
}

/// What iommufd says of the IOMMU behind a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IommuFacts {
    /// The bits of its PASIDs, 0 to 20.
    pub pasid_width: u32,
    /// Whether it honours Execute Requested.
    pub allows_execute: bool,
    /// Whether it honours Privileged Mode Requested.
    pub allows_privileged: bool,
}

/// What is known of the device that shall carry a profile.
#[derive(Clone, Debug)]
pub struct Host<'a> {
    /// What reports call the device.
    pub label: String,
    /// Its configuration space: 64 to 4096 bytes.
    pub space: &'a [u8],
    /// That of its physical function, if it is a virtual one.
    pub physical_function: Option<&'a [u8]>,
    /// The sizes of its BARs by index; 0 if not known.
    pub bar_sizes: [u64; 6],
    /// The ids of a virtual function.
    pub ids: Option<(u16, u16)>,
    /// Whether the space was read from a VFIO region, where the kernel leaves out some capabilities.
    pub is_vfio_region: bool,
    /// Whether the function may have more bytes than `space`.
    pub is_cut: bool,
    /// What is known of the IOMMU.
    pub iommu: Option<IommuFacts>,
}

impl<'a> Host<'a> {
    /// A device of which no more is known than its configuration space.
    pub fn new(space: &'a [u8]) -> Host<'a> {
        Host {
            label: "device".to_owned(),
            space,
            physical_function: None,
            bar_sizes: [0; 6],
            ids: None,
            is_vfio_region: false,
            is_cut: false,
            iommu: None,
        }
    }

    pub(crate) fn with<T>(&self, body: impl FnOnce(*const sys::ferry_host) -> T) -> T {
        // A label ends where C ends it.
        let label: Vec<u8> = self.label.bytes().take_while(|&byte| byte != 0).collect();
        let label = CString::new(label).unwrap_or_default();
        let flag = |is_set: bool, flag: u32| if is_set { flag } else { 0 };
        let (vendor_id, device_id) = self.ids.unwrap_or((0, 0));
        let iommu =
            self.iommu.unwrap_or(IommuFacts { pasid_width: 0, allows_execute: false, allows_privileged: false });
        let host = sys::ferry_host {
            label: label.as_ptr(),
            space: self.space.as_ptr(),
            space_size: self.space.len(),
            physical_function: self.physical_function.map_or(ptr::null(), |bytes| bytes.as_ptr()),
            physical_function_size: self.physical_function.map_or(0, |bytes| bytes.len()),
            bar_sizes: self.bar_sizes,
            vendor_id,
            device_id,
            pasid_width: iommu.pasid_width,
            flags: flag(self.ids.is_some(), sys::FERRY_HOST_IDS)
                | flag(self.is_vfio_region, sys::FERRY_HOST_VFIO_REGION)
                | flag(self.is_cut, sys::FERRY_HOST_CUT)
                | flag(self.iommu.is_some(), sys::FERRY_HOST_IOMMU)
                | flag(iommu.allows_execute, sys::FERRY_HOST_IOMMU_EXECUTE)
                | flag(iommu.allows_privileged, sys::FERRY_HOST_IOMMU_PRIVILEGED),
            reserved: 0,
        };
        body(&host)
    }
}
