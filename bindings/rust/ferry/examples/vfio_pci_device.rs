//! A passed-through function in a VMM whose devices have their configuration space behind a trait, in registers of four
//! bytes: what the guest sees is a profile's, on every host alike.
//!
//!     cargo run --example vfio_pci_device PROFILE.yaml CONFIG    bytes of sysfs' config, for a device

use ferry::{ConfigAccess, Effects, Error, Host, Profile, Space, SpaceState};

/// What this VMM wants of every PCI device.
pub trait PciDevice {
    /// The register with this number, counted in four bytes.
    fn read_config_register(&mut self, register: usize) -> u32;
    /// Writes 1, 2 or 4 bytes at a place in a register.
    fn write_config_register(&mut self, register: usize, offset: u64, data: &[u8]);
}

/// The function's own configuration region; a VMM would pread() and pwrite() the VFIO descriptor.
pub struct ConfigRegion {
    pub bytes: Vec<u8>,
}

const EINVAL: i32 = 22;

impl ConfigAccess for ConfigRegion {
    fn read(&mut self, offset: u32, size: u32) -> Result<u32, i32> {
        let bytes = self.bytes.get(offset as usize..(offset + size) as usize).ok_or(EINVAL)?;
        Ok(bytes.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte)))
    }

    fn write(&mut self, offset: u32, size: u32, value: u32) -> Result<(), i32> {
        let bytes = self.bytes.get_mut(offset as usize..(offset + size) as usize).ok_or(EINVAL)?;
        bytes.copy_from_slice(&value.to_le_bytes()[..size as usize]);
        Ok(())
    }
}

/// A function that a guest sees by a profile.
pub struct VfioPciDevice {
    space: Space<ConfigRegion>,
    /// What the VMM did because of the guest's writes.
    pub log: Vec<String>,
}

impl VfioPciDevice {
    pub fn new(profile: &Profile, region: ConfigRegion) -> Result<VfioPciDevice, Error> {
        let bytes = region.bytes.clone();
        let space = profile.serve(&Host::new(&bytes), region)?;
        Ok(VfioPciDevice { space, log: Vec::new() })
    }

    /// What has to travel with the device's state.
    pub fn snapshot(&mut self) -> Result<SpaceState, Error> {
        self.space.save()
    }

    pub fn restore(&mut self, state: &SpaceState) -> Result<(), Error> {
        self.space.restore(state)
    }

    fn act_on(&mut self, effects: Effects) {
        if effects.contains(Effects::BASE_ADDRESS) {
            self.log.push("the guest moved a BAR".to_owned());
        }
        if effects.contains(Effects::COMMAND) {
            self.log.push("the guest changed decoding".to_owned());
        }
        if effects.contains(Effects::INTERRUPTS) {
            self.log.push("the guest programmed interrupts".to_owned());
        }
        if effects.contains(Effects::FUNCTION_RESET) {
            self.log.push("the guest reset the function".to_owned());
        }
    }
}

impl PciDevice for VfioPciDevice {
    fn read_config_register(&mut self, register: usize) -> u32 {
        // What cannot be read is all ones, as on a bus.
        self.space.read(register as u32 * 4, 4).unwrap_or_else(|error| {
            self.log.push(error.to_string());
            u32::MAX
        })
    }

    fn write_config_register(&mut self, register: usize, offset: u64, data: &[u8]) {
        let value = data.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
        match self.space.write(register as u32 * 4 + offset as u32, data.len() as u32, value) {
            Ok(effects) => self.act_on(effects),
            Err(error) => self.log.push(error.to_string()),
        }
    }
}

/// What a guest's firmware does: it sizes a BAR, places it, and lets the function decode.
pub fn boot(device: &mut dyn PciDevice, bar: usize) -> u32 {
    let register = 4 + bar;
    device.write_config_register(register, 0, &u32::MAX.to_le_bytes());
    let size = !(device.read_config_register(register) & !0xf) + 1;
    device.write_config_register(register, 0, &0xfebd_1000_u32.to_le_bytes());
    device.write_config_register(1, 0, &6_u16.to_le_bytes());
    size
}

pub fn run(profile: &Profile, bytes: Vec<u8>) -> Result<Vec<String>, Error> {
    let mut here = VfioPciDevice::new(profile, ConfigRegion { bytes: bytes.clone() })?;
    let size = boot(&mut here, 1);
    here.log.push(format!("BAR 1 has {} bytes", size));

    // The state travels; the function there may lay out its own space otherwise.
    let state = here.snapshot()?;
    let mut there = VfioPciDevice::new(profile, ConfigRegion { bytes })?;
    there.restore(&state)?;
    here.log.push(format!("there BAR 1 is at {:#x}", there.read_config_register(5)));
    Ok(here.log)
}

#[allow(dead_code)] // a test runs `run`
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let (profile, bytes) = match &arguments[..] {
        [profile, bytes] => (std::fs::read(profile)?, std::fs::read(bytes)?),
        _ => return Err("expected PROFILE.yaml and CONFIG".into()),
    };
    for line in run(&Profile::load(&profile)?, bytes)? {
        println!("{}", line);
    }
    Ok(())
}
