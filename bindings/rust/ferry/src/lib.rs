//! vPCI profiles, and the configuration spaces that guests see of them, served over a VMM's device.
//!
//! This is the vPCI group of libferry; streams, states and devices are in `ferry.h` alone.
//!
//! ```no_run
//! # struct Region; impl ferry::ConfigAccess for Region {
//! #   fn read(&mut self, _: u32, _: u32) -> Result<u32, i32> { Ok(0) }
//! #   fn write(&mut self, _: u32, _: u32, _: u32) -> Result<(), i32> { Ok(()) } }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let profile = ferry::Profile::load(&std::fs::read("nvme.yaml")?)?;
//! let bytes = std::fs::read("/sys/bus/pci/devices/0000:3b:00.2/config")?;
//! let host = ferry::Host::new(&bytes);
//! let mut space = profile.serve(&host, Region)?; // refused unless the device can carry the profile
//! let ids = space.read(0x00, 4)?;
//! # Ok(()) }
//! ```

#![deny(missing_docs, unsafe_op_in_unsafe_fn)]

mod error;
mod profile;
mod space;

pub use error::{Error, Status};
pub use profile::{Check, Host, IommuFacts, Profile, Verdict};
pub use space::{ConfigAccess, Effects, Space, SpaceState};

/// The version of the library that is linked.
pub fn version() -> &'static str {
    // SAFETY: the library gives a text that is never freed and ends with a 0.
    unsafe { std::ffi::CStr::from_ptr(ferry_sys::ferry_version()) }.to_str().unwrap_or("")
}
