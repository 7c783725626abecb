//! What the crate promises, over the library that is linked.

use ferry::{ConfigAccess, Effects, Host, IommuFacts, Profile, SpaceState, Status, Verdict};
use std::{fs, path::PathBuf};

fn project(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../..").join(path)
}

fn profile(name: &str) -> Profile {
    Profile::load(&fs::read(project("corpora/profiles").join(name)).unwrap()).unwrap()
}

/// The bytes of a dump in the form of lspci -xxxx.
fn space() -> Vec<u8> {
    let text = fs::read_to_string(project("corpora/configspace/qemu-virtio-net-ats.txt")).unwrap();
    let mut bytes = vec![0; 4096];
    for line in text.lines() {
        let mut parts = line.split(": ");
        let (offset, row) = match (parts.next().map(|at| usize::from_str_radix(at, 16)), parts.next()) {
            (Some(Ok(offset)), Some(row)) => (offset, row),
            _ => continue,
        };
        for (index, byte) in row.split_whitespace().enumerate() {
            bytes[offset + index] = u8::from_str_radix(byte, 16).unwrap();
        }
    }
    bytes
}

#[derive(Clone, Default)]
struct Device {
    bytes: Vec<u8>,
    failure: Option<i32>,
    panics: bool,
}

impl ConfigAccess for Device {
    fn read(&mut self, offset: u32, size: u32) -> Result<u32, i32> {
        assert!(!self.panics, "as it was told");
        match self.failure {
            Some(errno) => Err(errno),
            None => Ok((0..size).fold(0, |value, i| value | u32::from(self.bytes[(offset + i) as usize]) << (8 * i))),
        }
    }

    fn write(&mut self, offset: u32, size: u32, value: u32) -> Result<(), i32> {
        for i in 0..size {
            self.bytes[(offset + i) as usize] = (value >> (8 * i)) as u8;
        }
        self.failure.map_or(Ok(()), Err)
    }
}

const WINDOW_DATA: u32 = 0xd8;
const BAR_1: u32 = 0x14;

#[test]
fn a_profile_has_a_name_and_bytes() {
    let profile = profile("virtio-net.yaml");
    let (name, digest) = profile.name().unwrap();
    assert_eq!(name, "virtio-net.v1");
    assert_eq!(digest, "8c5c8abccf110cdbc9a0b2da97268536e25d74dba022f44ce60630fc8c4d0be2");
    let bytes = profile.synthesize().unwrap();
    assert_eq!((bytes.len(), &bytes[..4]), (4096, &[0xf4, 0x1a, 0x41, 0x10][..]));
    assert!(profile.map(None).unwrap().contains("\"ranges\""));
    assert!(!ferry::version().is_empty());
}

#[test]
fn an_error_says_where() {
    let error = Profile::load(b"profile: x\nidentity: { vendor: 99999999, device: 1, class: 2 }\n").unwrap_err();
    assert_eq!(error.status, Status::PROFILE);
    assert_eq!(error.line.unwrap().0, 2);
    assert_eq!(error.to_string(), &*error.message);
    assert_eq!(Profile::load(b"").unwrap_err().status, Status::PROFILE);
}

#[test]
fn a_check_has_a_verdict_and_a_report() {
    let profile = profile("virtio-net.yaml");
    let bytes = space();
    let mut host = Host::new(&bytes);
    host.label = "0000:02:00.0".to_owned();
    let check = profile.check(&host).unwrap();
    assert_eq!(check.verdict, Verdict::Can);
    assert!(check.report.contains("\"0000:02:00.0\""));
    assert!(profile.map(Some(&host)).unwrap().contains("\"ranges\""));
    host.bar_sizes[4] = 8192;
    assert_eq!(profile.check(&host).unwrap().verdict, Verdict::Cannot);
    let mut cut = Host::new(&bytes[..256]);
    assert_eq!(profile.check(&cut).unwrap().verdict, Verdict::Cannot);
    cut.is_cut = true;
    assert_eq!(profile.check(&cut).unwrap().verdict, Verdict::Unknown);
    cut.iommu = Some(IommuFacts { pasid_width: 21, allows_execute: true, allows_privileged: false });
    assert_eq!(profile.check(&cut).unwrap_err().status, Status::ARGUMENT);
    assert_eq!(profile.check(&Host::new(&bytes[..63])).unwrap_err().status, Status::SPACE);
    assert_eq!(profile.serve(&Host::new(&bytes[..256]), Device::default()).unwrap_err().status, Status::REFUSED);
}

#[test]
fn a_guest_reads_and_writes() {
    let bytes = space();
    let device = Device { bytes: bytes.clone(), ..Device::default() };
    let mut space = profile("virtio-net.yaml").serve(&Host::new(&bytes), device).unwrap(); // which outlives its profile
    assert_eq!(space.read(0, 4).unwrap(), 0x1041_1af4);
    assert_eq!(space.read(4096, 2).unwrap(), 0xffff);
    assert_eq!(space.read(0, 3).unwrap_err().status, Status::ARGUMENT);
    assert!(space.write(4, 2, 6).unwrap().contains(Effects::COMMAND));
    assert_eq!(space.write(BAR_1, 4, u32::MAX).unwrap(), Effects::BASE_ADDRESS);
    assert_eq!(space.read(BAR_1, 4).unwrap(), 0xffff_f000);
    space.write(WINDOW_DATA, 4, 0x0403_0201).unwrap();
    assert_eq!(space.device().bytes[0xd8..0xdc], [1, 2, 3, 4]);
    assert_eq!(space.read(WINDOW_DATA + 1, 2).unwrap(), 0x0302);
    space.reset().unwrap();
    assert_eq!(space.read(4, 2).unwrap(), 0);
}

#[test]
fn a_device_that_fails_or_panics_is_an_error() {
    let bytes = space();
    let mut space = profile("virtio-net.yaml")
        .serve(&Host::new(&bytes), Device { bytes: bytes.clone(), ..Device::default() })
        .unwrap();
    space.device().failure = Some(19);
    let error = space.read(WINDOW_DATA, 4).unwrap_err();
    assert_eq!((error.status, error.system, error.offset), (Status::CALLBACK, Some(19), Some(0xd8)));
    space.device().failure = Some(0); // which is no errno
    assert_eq!(space.read(WINDOW_DATA, 4).unwrap_err().system, Some(5));
    space.device().failure = None;
    space.device().panics = true;
    assert_eq!(space.read(WINDOW_DATA, 4).unwrap_err().system, Some(5));
    space.device().panics = false;
    assert!(space.read(WINDOW_DATA, 4).is_ok());
}

#[test]
fn a_state_moves_to_another_host() {
    let bytes = space();
    let profile = profile("virtio-net.yaml");
    let open = || profile.serve(&Host::new(&bytes), Device { bytes: bytes.clone(), ..Device::default() }).unwrap();
    let (mut here, mut there) = (open(), open());
    here.write(BAR_1, 4, 0xfebd_1000).unwrap();
    let state = here.save().unwrap();
    assert_eq!((state.shown().len(), state.profile_name()), (4096, "virtio-net.v1".to_owned()));
    let sent =
        SpaceState::new(state.shown(), state.emulated_bits(), &state.profile_name(), &state.profile_digest()).unwrap();
    there.restore(&sent).unwrap();
    assert_eq!(there.read(BAR_1, 4).unwrap(), 0xfebd_1000);
    let other = SpaceState::new(state.shown(), state.emulated_bits(), "x", &"0".repeat(64)).unwrap();
    assert_eq!(there.restore(&other).unwrap_err().status, Status::MISMATCH);
    assert!(SpaceState::new(&[0; 4097], &[0; 4097], "", "").is_none());
    assert!(SpaceState::new(&[0; 256], &[0; 255], "", "").is_none());
    assert!(SpaceState::new(&[0; 256], &[0; 256], &"x".repeat(256), "").is_none());
}

#[test]
fn a_space_moves_to_another_thread() {
    let bytes = space();
    let mut space = profile("virtio-net.yaml")
        .serve(&Host::new(&bytes), Device { bytes: bytes.clone(), ..Device::default() })
        .unwrap();
    let read = std::thread::spawn(move || space.read(0, 4).unwrap()).join().unwrap();
    assert_eq!(read, 0x1041_1af4);
}

/// The effects of a write are numbers of the C interface.
#[test]
fn effects_are_those_of_the_record() {
    let record = fs::read_to_string(project("Tests/CLibrary/interface.txt")).unwrap();
    let effects = [
        ("COMMAND", Effects::COMMAND),
        ("BASE_ADDRESS", Effects::BASE_ADDRESS),
        ("INTERRUPTS", Effects::INTERRUPTS),
        ("POWER", Effects::POWER),
        ("FUNCTION_RESET", Effects::FUNCTION_RESET),
        ("ADDRESS_TRANSLATION", Effects::ADDRESS_TRANSLATION),
        ("EXPRESS_CONTROL", Effects::EXPRESS_CONTROL),
    ];
    for (name, effect) in effects {
        let line = format!("constant FERRY_EFFECT_{}: {}", name, effect.0);
        assert!(record.lines().any(|each| each == line), "{}", line);
    }
}

#[allow(dead_code)]
#[path = "../examples/vfio_pci_device.rs"]
mod example;

#[test]
fn the_example_serves_a_guest_and_moves() {
    let log = example::run(&profile("virtio-net.yaml"), space()).unwrap();
    assert_eq!(
        log,
        [
            "the guest moved a BAR",
            "the guest moved a BAR",
            "the guest changed decoding",
            "BAR 1 has 4096 bytes",
            "there BAR 1 is at 0xfebd1000"
        ]
    );
    assert_eq!(example::run(&profile("virtio-net.yaml"), space()[..256].to_vec()).unwrap_err().status, Status::REFUSED);
}
