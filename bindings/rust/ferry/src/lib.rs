//! Ferry for VMMs: what migrates of a VFIO device.
//!
//! The four groups of libferry, each usable alone:
//!
//! - vPCI profiles, and the configuration spaces that guests see of them: [`Profile`], [`Space`];
//! - streams of device state: [`Writer`], [`Reader`], [`PushReader`], [`Salvage`], [`verify`];
//! - what is in the bytes that a driver handed out: [`State`];
//! - devices captured and restored: [`capture`], [`replay`], over [`MigratableDevice`] or a [`VfioDevice`].
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
//!
//! A device's state, written and read again:
//!
//! ```
//! use ferry::{Introduction, Phase, Reader, Writer, WriterOptions};
//! use std::io::{Read, Write};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut writer = Writer::new(Vec::new(), &WriterOptions::default())?;
//! let device = writer.introduce(&Introduction { driver: Some("mtty".into()), ..Default::default() })?;
//! writer.state(device, Phase::StopCopy).write_all(b"what the driver handed out")?;
//! let stream = writer.finish()?;
//!
//! let mut state = Vec::new();
//! Reader::new(&stream[..])?.state_of(device).read_to_end(&mut state)?;
//! assert_eq!(state, b"what the driver handed out");
//! # Ok(()) }
//! ```

#![deny(missing_docs, unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

mod callback;
mod error;
mod handle;
mod introduction;
mod migration;
mod profile;
mod reader;
mod space;
mod state;
mod writer;

pub use callback::ReadAt;
pub use error::{Error, Status};
pub use introduction::{
    GuestSpace, Interrupts, Introduction, Msi, Msix, PasidBinding, PasidDomain, PciIdentity, Region,
};
pub use migration::{
    capture, replay, CaptureOptions, Endpoint, Iommu, MigratableDevice, Migrated, Migrating, MigrationError, Observer,
    Outcome, PasidAbilities, PrecopySize, Progress, ProgressPhase, ReplayOptions, VfioDevice, VfioDomain,
};
pub use profile::{Check, Host, IommuFacts, Profile, Verdict};
pub use reader::{
    verify, Chunk, Condition, Damage, Loss, PushReader, Ranges, Reader, Record, Salvage, StateReader, StreamTotals,
};
pub use space::{ConfigAccess, Effects, Space, SpaceState};
pub use state::{Certainty, Field, Finding, Severity, State, StateSummary, Translated, Translation, Value};
pub use writer::{ChunkFlags, Compression, Phase, StateWriter, Writer, WriterOptions};

/// The version of the library that is linked.
pub fn version() -> &'static str {
    // SAFETY: the library gives a text that is never freed and ends with a 0.
    unsafe { std::ffi::CStr::from_ptr(ferry_sys::ferry_version()) }.to_str().unwrap_or("")
}
