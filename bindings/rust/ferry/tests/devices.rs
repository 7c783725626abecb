//! What the crate promises of devices, over the library that is linked. The device is made up here, and keeps to the
//! arcs of the kernel's.

use ferry::{
    CaptureOptions, Endpoint, Introduction, Iommu, MigratableDevice, Migrating, Observer, Outcome, PasidAbilities,
    PasidBinding, PasidDomain, PciIdentity, PrecopySize, ProgressPhase, Reader, ReplayOptions, Status, VfioDevice,
};
use std::fs;
use std::io::{self, BufWriter, Write};
use std::os::unix::io::AsFd;
use std::panic::panic_any;
use std::path::Path;

const STOP: u32 = 1;
const RUNNING: u32 = 2;
const STOP_COPY: u32 = 3;
const RESUMING: u32 = 4;
const PRE_COPY: u32 = 6;

fn mtty(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../corpora/mtty").join(name)).unwrap()
}

/// An output with room for so many bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or_else(|| io::Error::from_raw_os_error(28))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a panic may be thrown with.
struct PanicsOnDrop;

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        panic!("as it was told");
    }
}

#[derive(Default)]
struct Device {
    state: u32,
    content: Vec<u8>,
    position: usize,
    config: Vec<u8>,
    failure: Option<i32>,
    panics: bool,
    pasids: Option<PasidAbilities>,
    attach_failure: Option<i32>,
    domains: Vec<PasidDomain>,
    attached: Vec<PasidBinding>,
    released: usize,
}

impl Device {
    fn source() -> Device {
        Device { state: RUNNING, content: mtty("mtty1-1.state"), config: mtty("mtty1-1.config"), ..Device::default() }
    }

    fn target() -> Device {
        Device { content: Vec::new(), ..Device::source() }
    }

    fn readable(&self) -> usize {
        let limit = if self.state == STOP_COPY { self.content.len() } else { self.content.len() / 2 };
        limit.saturating_sub(self.position)
    }
}

impl MigratableDevice for Device {
    fn abilities(&mut self) -> Result<u64, i32> {
        Ok(5)
    }

    fn state(&mut self) -> Result<u32, i32> {
        Ok(self.state)
    }

    fn set_state(&mut self, state: u32) -> Result<(), i32> {
        match (self.state, state) {
            (RUNNING, PRE_COPY) | (STOP, STOP_COPY) => self.position = 0,
            (STOP, RESUMING) => self.content.clear(),
            (RUNNING, STOP) | (STOP, RUNNING) | (STOP_COPY, STOP) | (RESUMING, STOP) | (PRE_COPY, STOP_COPY) => {}
            (PRE_COPY, RUNNING) => {}
            (from, to) => panic!("{} to {} is no arc", from, to),
        }
        self.state = state;
        Ok(())
    }

    fn stop_copy_size(&mut self) -> Result<u64, i32> {
        Ok(self.content.len() as u64)
    }

    fn precopy_size(&mut self) -> Result<PrecopySize, i32> {
        Ok(PrecopySize { initial: self.readable() as u64, ..PrecopySize::default() })
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, i32> {
        if self.panics {
            panic_any(PanicsOnDrop);
        }
        self.failure.map_or(Ok(()), Err)?;
        let count = self.readable().min(bytes.len());
        bytes[..count].copy_from_slice(&self.content[self.position..][..count]);
        self.position += count;
        Ok(count)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, i32> {
        self.failure.map_or(Ok(()), Err)?;
        let taken = bytes.len().min(7); // a driver may take less than it is given
        self.content.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn reset(&mut self) -> Result<(), i32> {
        self.state = RUNNING;
        self.content.clear();
        Ok(())
    }

    fn config_size(&self) -> u32 {
        self.config.len() as u32
    }

    fn read_config(&mut self, offset: u32, size: u32) -> Result<u32, i32> {
        Ok((0..size).fold(0, |value, i| value | u32::from(self.config[(offset + i) as usize]) << (8 * i)))
    }

    fn write_config(&mut self, offset: u32, size: u32, value: u32) -> Result<(), i32> {
        for i in 0..size {
            self.config[(offset + i) as usize] = (value >> (8 * i)) as u8;
        }
        Ok(())
    }

    fn attaches_pasids(&self) -> bool {
        self.pasids.is_some()
    }

    fn pasid_abilities(&mut self) -> Result<PasidAbilities, i32> {
        self.pasids.ok_or(95)
    }

    fn allocate_domains(&mut self, domains: &[PasidDomain]) -> Result<(), i32> {
        self.domains = domains.to_vec();
        Ok(())
    }

    fn attach_pasid(&mut self, binding: &PasidBinding) -> Result<(), i32> {
        if self.attached.len() == 1 {
            self.attach_failure.map_or(Ok(()), Err)?;
        }
        self.attached.push(*binding);
        Ok(())
    }

    fn detach_pasid(&mut self, pasid: u32) -> Result<(), i32> {
        self.attached.retain(|each| each.pasid != pasid);
        Ok(())
    }

    fn release_domains(&mut self) {
        self.domains.clear();
        self.released += 1;
    }
}

fn known() -> Introduction {
    Introduction {
        name: Some("mtty-1".to_owned()),
        driver: Some("mtty".to_owned()),
        pci: Some(PciIdentity {
            vendor_id: 0x4348,
            device_id: 0x3253,
            subsystem: Some((0x4348, 0x3253)),
            class: Some((0x07_0002, 0x10)),
        }),
        domains: vec![
            PasidDomain { id: 1, ..PasidDomain::default() },
            PasidDomain { id: 4, nested: Some((1, vec![9, 8, 7])), ..PasidDomain::default() },
        ],
        bindings: vec![
            PasidBinding { pasid: 5, domain: 1, ..PasidBinding::default() },
            PasidBinding { pasid: 1000, domain: 4, allows_execute: true, ..PasidBinding::default() },
        ],
        ..Introduction::default()
    }
}

fn migrating(device: &mut Device) -> Migrating<'_> {
    Migrating { known: known(), ..Migrating::new(device) }
}

fn captured(device: &mut Device) -> Vec<u8> {
    let mut stream = Vec::new();
    let options = CaptureOptions::default();
    ferry::capture(&mut [migrating(device)], &options, &mut Observer::default(), &mut stream).unwrap();
    stream
}

#[test]
fn a_device_is_captured_and_restored() {
    let (mut source, mut target) = (Device::source(), Device::target());
    let (mut phases, mut asked) = (Vec::new(), 0);
    let mut stream = Vec::new();
    let done = ferry::capture(
        &mut [migrating(&mut source)],
        &CaptureOptions::default(),
        &mut Observer {
            progress: Some(&mut |progress| phases.push(progress.phase)),
            is_cancelled: Some(&mut || {
                asked += 1;
                false
            }),
        },
        &mut stream,
    )
    .unwrap();
    assert_eq!((done.outcomes, done.state_size), (vec![Outcome::Stopped], source.content.len() as u64));
    assert!(done.iteration_count > 0 && source.state == STOP && asked > 0);
    assert!(phases.contains(&ProgressPhase::Running { iteration: 0 }) && phases.contains(&ProgressPhase::Stopped));

    let mut reader = Reader::new(&stream[..]).unwrap();
    reader.next().unwrap().unwrap();
    let introduced = reader.device(0).unwrap();
    assert_eq!((&introduced.bindings, &introduced.domains), (&known().bindings, &known().domains));
    assert_eq!((introduced.physical, introduced.migration_flags), (Some(source.config.clone()), Some(5)));

    let mut observer = Observer::default();
    let done =
        ferry::replay(&stream[..], &mut [migrating(&mut target)], &ReplayOptions::default(), &mut observer).unwrap();
    assert_eq!((done.outcomes, target.state), (vec![Outcome::Restored], RUNNING));
    assert_eq!(target.content, source.content);
}

#[test]
fn whatever_fails_the_device_runs_as_before() {
    let capture = |device: &mut Device, observer: &mut Observer<'_>| {
        ferry::capture(&mut [migrating(device)], &CaptureOptions::default(), observer, Vec::new()).unwrap_err()
    };
    let mut device = Device { failure: Some(5), ..Device::source() };
    let error = capture(&mut device, &mut Observer::default());
    assert_eq!((error.error.status, error.error.system, error.error.device), (Status::DEVICE, Some(5), Some(0)));
    assert_eq!((&error.outcomes[..], device.state), (&[Outcome::RunningAsBefore][..], RUNNING));

    let mut device = Device { panics: true, ..Device::source() };
    let error = capture(&mut device, &mut Observer::default());
    assert_eq!((error.error.system, device.state), (Some(5), RUNNING));
    assert_eq!(error.to_string(), &*error.error.message);

    let mut device = Device::source();
    let mut cancels = || true;
    let error = capture(&mut device, &mut Observer { is_cancelled: Some(&mut cancels), ..Observer::default() });
    assert_eq!((error.error.status, device.state), (Status::CANCELLED, RUNNING));
    let error = ferry::capture(&mut [], &CaptureOptions::default(), &mut Observer::default(), Vec::new()).unwrap_err();
    assert_eq!((error.error.status, error.outcomes.len()), (Status::ARGUMENT, 0));

    let stream = captured(&mut Device::source());
    let mut target = Device::target();
    for size in [0, 100, stream.len() - 1] {
        let (options, mut observer) = (ReplayOptions::default(), Observer::default());
        let error = ferry::replay(&stream[..size], &mut [migrating(&mut target)], &options, &mut observer).unwrap_err();
        assert!([Status::TORN, Status::NOT_A_STREAM].contains(&error.error.status));
        assert_eq!(error.outcomes[..], [Outcome::Untouched]);
    }
    assert_eq!((target.state, target.content.len()), (RUNNING, 0));
    let mut observer = Observer::default();
    let mut other = Migrating { number: 5, ..migrating(&mut target) };
    let options = ReplayOptions::default();
    let error = ferry::replay(&stream[..], std::slice::from_mut(&mut other), &options, &mut observer).unwrap_err();
    assert_eq!(error.error.status, Status::INCOMPATIBLE);
    other.number = 0;
    let options = ReplayOptions { checks_only: true, ..ReplayOptions::default() };
    let done = ferry::replay(&stream[..], std::slice::from_mut(&mut other), &options, &mut observer).unwrap();
    assert_eq!(done.outcomes, [Outcome::Untouched]);
    let options = ReplayOptions { leaves_stopped: true, ..ReplayOptions::default() };
    let done = ferry::replay(&stream[..], std::slice::from_mut(&mut other), &options, &mut observer).unwrap();
    assert_eq!((done.outcomes, target.state), (vec![Outcome::Stopped], STOP));
}

#[test]
fn an_output_that_cannot_be_flushed_is_an_error() {
    let size = captured(&mut Device::source()).len();
    for resumes in [false, true] {
        let capture = |room: usize| {
            let mut device = Device::source();
            let options = CaptureOptions { resumes, ..CaptureOptions::default() };
            let output = BufWriter::with_capacity(2 * size, Full(room));
            ferry::capture(&mut [migrating(&mut device)], &options, &mut Observer::default(), output)
        };
        assert!(capture(2 * size).is_ok());
        let error = capture(10).unwrap_err();
        assert_eq!((error.error.status, error.error.system), (Status::CALLBACK, Some(28)));
        assert_eq!(error.outcomes[..], [if resumes { Outcome::RunningAsBefore } else { Outcome::Stopped }]);
    }
}

#[test]
fn who_panics_while_it_watches_ends_it() {
    let (mut device, mut calls) = (Device::source(), 0);
    let mut panics = |_| {
        calls += 1;
        panic_any(PanicsOnDrop)
    };
    let mut observer = Observer { progress: Some(&mut panics), ..Observer::default() };
    let options = CaptureOptions::default();
    let error = ferry::capture(&mut [migrating(&mut device)], &options, &mut observer, Vec::new()).unwrap_err();
    assert_eq!((error.error.status, device.state, calls), (Status::CANCELLED, RUNNING, 1));
}

#[test]
fn devices_may_be_as_many_as_a_stream_has() {
    let capture = |count: usize| {
        let mut devices: Vec<Device> = (0..count).map(|_| Device::source()).collect();
        let mut devices: Vec<_> = devices.iter_mut().map(|device| Migrating::new(device)).collect();
        let mut cancels = || true;
        let mut observer = Observer { is_cancelled: Some(&mut cancels), ..Observer::default() };
        let options = CaptureOptions { without_p2p: true, ..CaptureOptions::default() };
        let error = ferry::capture(&mut devices, &options, &mut observer, Vec::new()).unwrap_err();
        (error.error.status, error.outcomes.len())
    };
    assert_eq!(capture(4096), (Status::CANCELLED, 4096));
    assert_eq!(capture(4097), (Status::ARGUMENT, 4097));
}

#[test]
fn pasids_are_attached() {
    let stream = captured(&mut Device::source());
    let abilities = PasidAbilities { width: 20, allows_execute: true, nested_types: 2, ..PasidAbilities::default() };
    let options = ReplayOptions { attaches_bindings: true, ..ReplayOptions::default() };
    let replay = |device: &mut Device| {
        ferry::replay(&stream[..], &mut [migrating(device)], &options, &mut Observer::default())
            .map_err(|error| error.error.status)
    };
    assert_eq!(replay(&mut Device::target()).unwrap_err(), Status::ARGUMENT); // it cannot
    let mut device = Device { pasids: Some(abilities), ..Device::target() };
    assert_eq!(replay(&mut device).unwrap().outcomes, [Outcome::Restored]);
    assert_eq!((&device.domains, &device.attached, device.released), (&known().domains, &known().bindings, 0));
    let mut device = Device { pasids: Some(abilities), attach_failure: Some(16), ..Device::target() };
    assert_eq!(replay(&mut device).unwrap_err(), Status::DEVICE);
    assert_eq!((device.domains.len(), device.attached.len(), device.released), (0, 0, 1));
    let mut device = Device { pasids: Some(PasidAbilities { width: 9, ..abilities }), ..Device::target() };
    assert_eq!(replay(&mut device).unwrap_err(), Status::INCOMPATIBLE);
}

#[test]
fn a_descriptor_of_no_device_is_an_error() {
    let null = fs::File::open("/dev/null").unwrap();
    let error = VfioDevice::open(null.as_fd(), None).unwrap_err();
    assert_eq!((error.status, error.system), (Status::DEVICE, Some(25)));
    let iommu = Iommu { descriptor: null.as_fd(), device_id: 1, address_space: Some(2) };
    assert_eq!(VfioDevice::open(null.as_fd(), Some(iommu)).unwrap_err().status, Status::DEVICE);
    // What it is used for elsewhere: this needs no device to hold.
    fn is_send<T: Send>() {}
    is_send::<VfioDevice<'static>>();
    let device: fn(&'static VfioDevice<'static>) -> Endpoint<'static> = Endpoint::Vfio;
    let _ = device;
}
