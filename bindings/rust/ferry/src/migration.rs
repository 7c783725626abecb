use crate::callback::{answer, flush, room, sink, source};
use crate::error::{call, Error};
use crate::handle::Handle;
use crate::introduction::{lent, Introduction, PasidBinding, PasidDomain};
use crate::writer::WriterOptions;
use ferry_sys as sys;
use std::io::{Read, Write};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::os::raw::c_void;
use std::os::unix::io::{AsRawFd, BorrowedFd};
use std::time::Duration;
use std::{fmt, ptr};

/// What a VMM does with the VFIO descriptor of a device. States are numbers of `enum vfio_device_mig_state`, errors are
/// the errno that the kernel gives.
pub trait MigratableDevice {
    /// VFIO_DEVICE_FEATURE_MIGRATION; 0 for a driver that cannot migrate.
    fn abilities(&mut self) -> Result<u64, i32>;
    /// VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, read.
    fn state(&mut self) -> Result<u32, i32>;
    /// VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, set: one arc of the kernel's. If it gives a data_fd, that is what `read`,
    /// `write` and `precopy_size` use from then on.
    fn set_state(&mut self, state: u32) -> Result<(), i32>;
    /// VFIO_DEVICE_FEATURE_MIG_DATA_SIZE.
    fn stop_copy_size(&mut self) -> Result<u64, i32>;
    /// VFIO_MIG_GET_PRECOPY_INFO.
    fn precopy_size(&mut self) -> Result<PrecopySize, i32>;
    /// read() of the data_fd, once.
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, i32>;
    /// write() of the data_fd, once.
    fn write(&mut self, bytes: &[u8]) -> Result<usize, i32>;
    /// VFIO_DEVICE_RESET.
    fn reset(&mut self) -> Result<(), i32>;

    /// The bytes of the configuration region; 0 if there is none.
    fn config_size(&self) -> u32 {
        0
    }
    /// Reads 1, 2 or 4 bytes of the configuration region, lowest first.
    fn read_config(&mut self, _offset: u32, _size: u32) -> Result<u32, i32> {
        Err(EOPNOTSUPP)
    }
    /// Writes 1, 2 or 4 bytes of the configuration region, lowest first.
    fn write_config(&mut self, _offset: u32, _size: u32, _value: u32) -> Result<(), i32> {
        Err(EOPNOTSUPP)
    }

    /// Whether the functions below attach PASIDs; else the VMM does so itself.
    fn attaches_pasids(&self) -> bool {
        false
    }
    /// IOMMU_GET_HW_INFO.
    fn pasid_abilities(&mut self) -> Result<PasidAbilities, i32> {
        Err(EOPNOTSUPP)
    }
    /// Makes every address space that bindings name (IOMMU_HWPT_ALLOC); none is left on failure.
    fn allocate_domains(&mut self, _domains: &[PasidDomain]) -> Result<(), i32> {
        Err(EOPNOTSUPP)
    }
    /// VFIO_DEVICE_ATTACH_IOMMUFD_PT with a PASID.
    fn attach_pasid(&mut self, _binding: &PasidBinding) -> Result<(), i32> {
        Err(EOPNOTSUPP)
    }
    /// VFIO_DEVICE_DETACH_IOMMUFD_PT with a PASID.
    fn detach_pasid(&mut self, _pasid: u32) -> Result<(), i32> {
        Err(EOPNOTSUPP)
    }
    /// Undoes `allocate_domains`, once nothing is attached.
    fn release_domains(&mut self) {}
}

const EOPNOTSUPP: i32 = 95;

/// The most devices of a call, as of a stream that every reader takes.
const DEVICE_LIMIT: usize = 4096;

/// What a driver expects to give while its device runs: `struct vfio_precopy_info`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PrecopySize {
    /// `initial_bytes`.
    pub initial: u64,
    /// `dirty_bytes`.
    pub dirty: u64,
    /// VFIO_PRECOPY_INFO_REINIT.
    pub is_reinitialized: bool,
}

/// What can be attached to a device's PASIDs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PasidAbilities {
    /// The number of bits of a PASID, 0 to 20; 0 if none can be attached.
    pub width: u32,
    /// Whether requests to execute can be allowed.
    pub allows_execute: bool,
    /// Whether requests in privileged mode can be allowed.
    pub allows_privileged: bool,
    /// Bit N: guest page tables of type N (IOMMU_HWPT_DATA_) can be nested.
    pub nested_types: u64,
    /// Whether page requests can go to a fault queue.
    pub has_fault_queue: bool,
}

/// A device in a migration.
#[derive(Debug)]
pub struct Migrating<'a> {
    /// The device.
    pub device: Endpoint<'a>,
    /// What is known of it. A capture writes all of it into the stream, but for `physical` and what the driver or, of
    /// [`Endpoint::Vfio`], the kernel says itself.
    pub known: Introduction,
    /// Of a replay: which of the stream's devices it takes.
    pub number: u16,
}

/// How a device is reached.
pub enum Endpoint<'a> {
    /// By functions of the caller's.
    Functions(&'a mut dyn MigratableDevice),
    /// By its descriptors.
    Vfio(&'a VfioDevice<'a>),
}

impl fmt::Debug for Endpoint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Functions(_) => f.write_str("Functions"),
            Endpoint::Vfio(device) => device.fmt(f),
        }
    }
}

impl<'a> Migrating<'a> {
    /// A device that the caller has functions for, of which nothing is known; of a replay, the stream's first.
    pub fn new(device: &'a mut dyn MigratableDevice) -> Migrating<'a> {
        Migrating { device: Endpoint::Functions(device), known: Introduction::default(), number: 0 }
    }

    /// The same of a device whose descriptors the library makes the calls to.
    pub fn vfio(device: &'a VfioDevice<'a>) -> Migrating<'a> {
        Migrating { device: Endpoint::Vfio(device), known: Introduction::default(), number: 0 }
    }
}

// ---- Functions.

type Functions<'a> = &'a mut dyn MigratableDevice;

/// The device that is the context of a call, with which the library makes one at a time.
unsafe fn device<'a>(context: *mut c_void) -> &'a mut dyn MigratableDevice {
    // SAFETY: the context is that of `with_devices`, which lives until the call with the device returns.
    unsafe { &mut **(context as *mut Functions<'a>) }
}

/// Answers a call that gives a value, which goes to `place`.
fn gives<T>(place: *mut T, body: impl FnOnce() -> Result<T, i32>) -> i32 {
    answer(|| {
        let value = body()?;
        // SAFETY: the library lends the place for the call.
        unsafe { place.write(value) };
        Ok(())
    })
}

unsafe extern "C" fn get_abilities(context: *mut c_void, flags: *mut u64) -> i32 {
    // SAFETY: as `device` says, here and below.
    gives(flags, || unsafe { device(context) }.abilities())
}

unsafe extern "C" fn get_state(context: *mut c_void, state: *mut u32) -> i32 {
    // SAFETY: as above.
    gives(state, || unsafe { device(context) }.state())
}

unsafe extern "C" fn set_state(context: *mut c_void, state: u32) -> i32 {
    // SAFETY: as above.
    answer(|| unsafe { device(context) }.set_state(state))
}

unsafe extern "C" fn get_stop_copy_size(context: *mut c_void, size: *mut u64) -> i32 {
    // SAFETY: as above.
    gives(size, || unsafe { device(context) }.stop_copy_size())
}

unsafe extern "C" fn get_precopy_size(
    context: *mut c_void,
    initial: *mut u64,
    dirty: *mut u64,
    is_reinitialized: *mut u32,
) -> i32 {
    answer(|| {
        // SAFETY: as above.
        let size = unsafe { device(context) }.precopy_size()?;
        // SAFETY: the library lends the places for the call.
        unsafe {
            *initial = size.initial;
            *dirty = size.dirty;
            *is_reinitialized = size.is_reinitialized.into();
        }
        Ok(())
    })
}

unsafe extern "C" fn read(context: *mut c_void, bytes: *mut c_void, capacity: usize, count: *mut usize) -> i32 {
    gives(count, || {
        // SAFETY: the library lends `capacity` bytes for the call, and as `device` says.
        unsafe { device(context).read(room(bytes, capacity)) }
    })
}

unsafe extern "C" fn write(context: *mut c_void, bytes: *const c_void, size: usize, count: *mut usize) -> i32 {
    gives(count, || {
        // SAFETY: the library lends `size` bytes for the call.
        let bytes = unsafe { lent(bytes as *const u8, size) };
        // SAFETY: as `device` says.
        unsafe { device(context) }.write(bytes)
    })
}

unsafe extern "C" fn reset(context: *mut c_void) -> i32 {
    // SAFETY: as above.
    answer(|| unsafe { device(context) }.reset())
}

unsafe extern "C" fn read_config(context: *mut c_void, offset: u32, size: u32, value: *mut u32) -> i32 {
    // SAFETY: as above.
    gives(value, || unsafe { device(context) }.read_config(offset, size))
}

unsafe extern "C" fn write_config(context: *mut c_void, offset: u32, size: u32, value: u32) -> i32 {
    // SAFETY: as above.
    answer(|| unsafe { device(context) }.write_config(offset, size, value))
}

unsafe extern "C" fn get_pasid_abilities(context: *mut c_void, abilities: *mut sys::ferry_pasid_abilities) -> i32 {
    gives(abilities, || {
        // SAFETY: as above.
        let abilities = unsafe { device(context) }.pasid_abilities()?;
        Ok(sys::ferry_pasid_abilities {
            width: abilities.width,
            permissions: u32::from(abilities.allows_execute) | u32::from(abilities.allows_privileged) << 1,
            nested_types: abilities.nested_types,
            has_fault_queue: abilities.has_fault_queue.into(),
            reserved: 0,
        })
    })
}

unsafe extern "C" fn allocate_domains(
    context: *mut c_void,
    domains: *const sys::ferry_pasid_domain,
    count: usize,
) -> i32 {
    answer(|| {
        // SAFETY: the library lends the domains for the call.
        let domains = unsafe { PasidDomain::copied(domains, count) };
        // SAFETY: as `device` says.
        unsafe { device(context) }.allocate_domains(&domains)
    })
}

unsafe extern "C" fn attach_pasid(context: *mut c_void, binding: *const sys::ferry_pasid_binding) -> i32 {
    // SAFETY: the library lends the binding for the call, and as `device` says.
    answer(|| unsafe { device(context).attach_pasid(&PasidBinding::copied(&*binding)) })
}

unsafe extern "C" fn detach_pasid(context: *mut c_void, pasid: u32) -> i32 {
    // SAFETY: as `device` says.
    answer(|| unsafe { device(context) }.detach_pasid(pasid))
}

unsafe extern "C" fn release_domains(context: *mut c_void) {
    answer(|| {
        // SAFETY: as `device` says.
        unsafe { device(context) }.release_domains();
        Ok(())
    });
}

static OPERATIONS: sys::ferry_device_operations = sys::ferry_device_operations {
    get_abilities: Some(get_abilities),
    get_state: Some(get_state),
    set_state: Some(set_state),
    get_stop_copy_size: Some(get_stop_copy_size),
    get_precopy_size: Some(get_precopy_size),
    read: Some(read),
    write: Some(write),
    reset: Some(reset),
    read_config: Some(read_config),
    write_config: Some(write_config),
};

static PASID_OPERATIONS: sys::ferry_pasid_operations = sys::ferry_pasid_operations {
    get_pasid_abilities: Some(get_pasid_abilities),
    allocate_domains: Some(allocate_domains),
    attach_pasid: Some(attach_pasid),
    detach_pasid: Some(detach_pasid),
    release_domains: Some(release_domains),
};

/// Gives the C devices to `body`, which live until it returns.
fn with_devices<T>(
    devices: &mut [Migrating<'_>],
    body: impl FnOnce(&[sys::ferry_migration_device]) -> Result<T, Error>,
) -> Result<T, Error> {
    if devices.len() > DEVICE_LIMIT {
        let expected = format!("1 to {} devices", DEVICE_LIMIT);
        return Err(Error::argument("count", &expected, devices.len().to_string()));
    }
    let mut known = Vec::with_capacity(devices.len());
    let mut described = Vec::with_capacity(devices.len());
    for Migrating { device: endpoint, known: introduction, number } in devices {
        known.push(introduction.described()?);
        let mut device = sys::ferry_migration_device {
            operations: ptr::null(),
            context: ptr::null_mut(),
            known: ptr::null(),
            config_size: 0,
            number: (*number).into(),
            pasid_operations: ptr::null(),
            vfio: 0,
        };
        match endpoint {
            Endpoint::Functions(functions) => {
                device.operations = &OPERATIONS;
                device.config_size = functions.config_size();
                if functions.attaches_pasids() {
                    device.pasid_operations = &PASID_OPERATIONS;
                }
                device.context = functions as *mut Functions<'_> as *mut c_void;
            }
            Endpoint::Vfio(opened) => device.vfio = opened.handle.number,
        }
        described.push(device);
    }
    for (device, known) in described.iter_mut().zip(&known) {
        device.known = &known.device;
    }
    body(&described)
}

// ---- Descriptors.

/// A VFIO device whose descriptors the caller has open, and which the library makes the calls to.
#[derive(Debug)]
pub struct VfioDevice<'fd> {
    handle: Handle,
    _descriptors: PhantomData<BorrowedFd<'fd>>,
}

/// The iommufd of a device, and the numbers that it gave.
#[derive(Clone, Copy, Debug)]
pub struct Iommu<'fd> {
    /// `/dev/iommu`.
    pub descriptor: BorrowedFd<'fd>,
    /// That of the device (VFIO_DEVICE_BIND_IOMMUFD).
    pub device_id: u32,
    /// That of the address space of its own requests (IOMMU_IOAS_ALLOC), for a device that gets PASIDs attached.
    pub address_space: Option<u32>,
}

/// What a replay has made in the iommufd for an address space that PASIDs are bound to. It stays when the device goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VfioDomain {
    /// As of the [`PasidDomain`].
    pub id: u32,
    /// The number of its page table (IOMMU_HWPT_ALLOC).
    pub page_table: u32,
    /// The number of the address space that the VMM has to map (IOMMU_IOAS_ALLOC); none if nested.
    pub address_space: Option<u32>,
    /// The descriptor of its fault queue, open until the device goes.
    pub fault_queue: Option<i32>,
}

impl<'fd> VfioDevice<'fd> {
    /// A device that is open. Its descriptors stay the caller's.
    pub fn open(device: BorrowedFd<'fd>, iommu: Option<Iommu<'fd>>) -> Result<VfioDevice<'fd>, Error> {
        let mut descriptors = sys::ferry_vfio_descriptors {
            device: device.as_raw_fd(),
            parts: 0,
            iommufd: -1,
            device_id: 0,
            address_space: 0,
            reserved: 0,
        };
        if let Some(iommu) = iommu {
            descriptors.parts = sys::FERRY_VFIO_IOMMUFD;
            descriptors.iommufd = iommu.descriptor.as_raw_fd();
            descriptors.device_id = iommu.device_id;
            if let Some(space) = iommu.address_space {
                descriptors.parts |= sys::FERRY_VFIO_ADDRESS_SPACE;
                descriptors.address_space = space;
            }
        }
        let mut handle = Handle::default();
        // SAFETY: the results are locals, and the descriptors outlive the handle.
        call(|error| unsafe { sys::ferry_vfio_open(&descriptors, &mut handle.number, error) })?;
        Ok(VfioDevice { handle, _descriptors: PhantomData })
    }

    /// The domain with this index, in the order of the stream's.
    pub fn domain(&self, index: u32) -> Result<VfioDomain, Error> {
        let mut domain = MaybeUninit::uninit();
        // SAFETY: the domain has room for the answer.
        call(|error| unsafe { sys::ferry_vfio_get_domain(self.handle.number, index, domain.as_mut_ptr(), error) })?;
        // SAFETY: a call that succeeds has written it.
        let domain: sys::ferry_vfio_domain = unsafe { domain.assume_init() };
        Ok(VfioDomain {
            id: domain.id,
            page_table: domain.page_table,
            address_space: if domain.address_space == 0 { None } else { Some(domain.address_space) },
            fault_queue: if domain.fault_queue < 0 { None } else { Some(domain.fault_queue) },
        })
    }
}

// ---- Who watches.

/// Who hears of a migration, and may end it.
#[derive(Default)]
pub struct Observer<'a> {
    /// Called after each chunk. If it panics it is not called again, and the migration ends as if it were cancelled.
    pub progress: Option<&'a mut dyn FnMut(Progress)>,
    /// Asked between reads: true ends it, and brings the devices back.
    pub is_cancelled: Option<&'a mut dyn FnMut() -> bool>,
}

impl fmt::Debug for Observer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// How far a capture or a replay has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What goes on.
    pub phase: ProgressPhase,
    /// State bytes that were read or taken so far.
    pub state_size: u64,
    /// Of a capture what is left, of a replay the whole, by the drivers' estimates.
    pub expected_size: Option<u64>,
}

/// What goes on in a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressPhase {
    /// State is read while the devices run.
    Running {
        /// The round, counted from 0.
        iteration: u32,
    },
    /// State is read once they are stopped.
    Stopped,
    /// The stream is held against the devices.
    Checking,
    /// It is read to its end.
    Verifying,
    /// It goes into the devices.
    Writing,
}

/// An observer during a call.
struct Watch<'o, 'a> {
    observer: &'o mut Observer<'a>,
    has_panicked: bool,
}

impl<'o, 'a> Watch<'o, 'a> {
    fn new(observer: &'o mut Observer<'a>) -> Watch<'o, 'a> {
        Watch { observer, has_panicked: false }
    }

    /// The C observer, for as long as this stays where it is.
    fn described(&mut self) -> sys::ferry_observer {
        unsafe extern "C" fn progress(context: *mut c_void, progress: *const sys::ferry_progress) {
            // SAFETY: the context is the watch, which lives until the call returns; progress is lent for this one.
            let (watch, progress) = unsafe { (&mut *(context as *mut Watch<'_, '_>), &*progress) };
            if watch.has_panicked {
                return;
            }
            let phase = match progress.phase {
                sys::FERRY_PROGRESS_RUNNING => ProgressPhase::Running { iteration: progress.iteration },
                sys::FERRY_PROGRESS_STOPPED => ProgressPhase::Stopped,
                sys::FERRY_PROGRESS_CHECKING => ProgressPhase::Checking,
                sys::FERRY_PROGRESS_VERIFYING => ProgressPhase::Verifying,
                _ => ProgressPhase::Writing,
            };
            let expected = progress.expected_size;
            let status = answer(|| {
                if let Some(tell) = &mut watch.observer.progress {
                    tell(Progress {
                        phase,
                        state_size: progress.state_size,
                        expected_size: if expected == u64::MAX { None } else { Some(expected) },
                    });
                }
                Ok(())
            });
            watch.has_panicked = status != 0;
        }
        unsafe extern "C" fn is_cancelled(context: *mut c_void) -> i32 {
            // SAFETY: as above.
            let watch = unsafe { &mut *(context as *mut Watch<'_, '_>) };
            if watch.has_panicked {
                return 1;
            }
            // Who panics ends it too.
            answer(|| match watch.observer.is_cancelled.as_mut().map_or(false, |ask| ask()) {
                true => Err(1),
                false => Ok(()),
            })
        }
        sys::ferry_observer {
            progress: Some(progress),
            is_cancelled: Some(is_cancelled),
            context: self as *mut Watch<'o, 'a> as *mut c_void,
        }
    }
}

// ---- The two calls.

/// How devices are captured. The default is what `ferry capture` does unless it is told otherwise.
#[derive(Clone, Debug, Default)]
pub struct CaptureOptions {
    /// Read nothing while the devices run.
    pub without_precopy: bool,
    /// Let the devices run on once the stream has its end.
    pub resumes: bool,
    /// Capture several devices though not all can be kept from reaching into each other.
    pub without_p2p: bool,
    /// Rounds of pre-copy at most; 0 for 30.
    pub iteration_limit: u32,
    /// The devices stop once the rest is expected to take no longer, in whole milliseconds; 300 of them for 0.
    pub downtime_limit: Duration,
    /// State bytes a second while the devices run; 0 for as many as there are.
    pub bandwidth: u64,
    /// How the stream is written.
    pub stream: WriterOptions,
}

/// How devices are restored. The default is what `ferry replay` does unless it is told otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplayOptions {
    /// Check the stream to its end, and whether the devices can take it; touch none.
    pub checks_only: bool,
    /// Leave the devices in STOP with the state loaded.
    pub leaves_stopped: bool,
    /// Give a device state in which its layout found an error.
    pub allows_unsound: bool,
    /// Refuse what could not be checked.
    pub is_strict: bool,
    /// As [`CaptureOptions::without_p2p`].
    pub without_p2p: bool,
    /// Attach the PASIDs that the stream's devices had bound: each device must be able to.
    pub attaches_bindings: bool,
}

/// How a device was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it was.
    Untouched,
    /// It runs, and nothing of its state is lost.
    RunningAsBefore,
    /// It runs with the state of the stream.
    Restored,
    /// It is stopped, with all of its state.
    Stopped,
    /// It was reset: it runs, and its state is lost.
    Fresh,
    /// The same of a device that a reset is not known to clear.
    Reset,
    /// It could not be brought back, and needs a reset.
    Unusable,
}

impl Outcome {
    fn new(number: u32) -> Outcome {
        match number {
            sys::FERRY_OUTCOME_UNTOUCHED => Outcome::Untouched,
            sys::FERRY_OUTCOME_RUNNING_AS_BEFORE => Outcome::RunningAsBefore,
            sys::FERRY_OUTCOME_RESTORED => Outcome::Restored,
            sys::FERRY_OUTCOME_STOPPED => Outcome::Stopped,
            sys::FERRY_OUTCOME_FRESH => Outcome::Fresh,
            sys::FERRY_OUTCOME_RESET => Outcome::Reset,
            _ => Outcome::Unusable,
        }
    }
}

/// What came of a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// How each device was left.
    pub outcomes: Vec<Outcome>,
    /// State bytes.
    pub state_size: u64,
    /// How long no device ran.
    pub downtime: Duration,
    /// How long all of it took.
    pub duration: Duration,
    /// Of a capture: the rounds of pre-copy.
    pub iteration_count: u32,
}

/// Why a migration did not come to its end, and how each device was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationError {
    /// Why.
    pub error: Error,
    /// How each device was left.
    pub outcomes: Box<[Outcome]>,
}

impl fmt::Display for MigrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for MigrationError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// Makes a call that leaves devices in some way.
fn migrate(
    devices: &mut [Migrating<'_>],
    body: impl FnOnce(&[sys::ferry_migration_device], *mut u32, *mut sys::ferry_migration_summary) -> Result<(), Error>,
) -> Result<Migrated, MigrationError> {
    let mut outcomes = vec![sys::FERRY_OUTCOME_UNTOUCHED; devices.len()];
    // A check writes none.
    let mut summary =
        sys::ferry_migration_summary { state_size: 0, downtime_ns: 0, duration_ns: 0, iteration_count: 0, reserved: 0 };
    let result = with_devices(devices, |devices| body(devices, outcomes.as_mut_ptr(), &mut summary));
    let outcomes: Vec<_> = outcomes.into_iter().map(Outcome::new).collect();
    match result {
        Err(error) => Err(MigrationError { error, outcomes: outcomes.into() }),
        Ok(()) => Ok(Migrated {
            outcomes,
            state_size: summary.state_size,
            downtime: Duration::from_nanos(summary.downtime_ns),
            duration: Duration::from_nanos(summary.duration_ns),
            iteration_count: summary.iteration_count,
        }),
    }
}

fn flag(is_set: bool, flag: u32) -> u32 {
    if is_set {
        flag
    } else {
        0
    }
}

/// Takes devices from RUNNING into one stream, in their order, and leaves them in STOP. Whatever fails, and if it is
/// cancelled, they run again with all of their state, which the outcomes say. Once the stream is whole `output` is
/// flushed; if that fails the devices stay as they are then.
pub fn capture<W: Write>(
    devices: &mut [Migrating<'_>],
    options: &CaptureOptions,
    observer: &mut Observer<'_>,
    mut output: W,
) -> Result<Migrated, MigrationError> {
    let sink = sink::<W>(&mut output);
    let mut watch = Watch::new(observer);
    let observer = watch.described();
    let done = migrate(devices, |devices, outcomes, summary| {
        options.stream.with(|stream| {
            let options = sys::ferry_capture_options {
                flags: flag(options.without_precopy, sys::FERRY_CAPTURE_WITHOUT_PRE_COPY)
                    | flag(options.resumes, sys::FERRY_CAPTURE_RESUME)
                    | flag(options.without_p2p, sys::FERRY_CAPTURE_WITHOUT_P2P),
                iteration_limit: options.iteration_limit,
                downtime_limit_ms: options.downtime_limit.as_millis().min(u32::MAX.into()) as u32,
                reserved: 0,
                bandwidth: options.bandwidth,
                stream,
                observer,
            };
            // SAFETY: devices, options, sink and observer live until the call returns; there is an outcome for each.
            call(|error| unsafe {
                sys::ferry_capture(devices.as_ptr(), devices.len(), &options, &sink, outcomes, summary, error)
            })
        })
    })?;
    match flush(&mut output) {
        Ok(()) => Ok(done),
        Err(error) => Err(MigrationError { error, outcomes: done.outcomes.into() }),
    }
}

/// Restores devices from a stream and has them run. All that can be checked is checked before a device is touched, and
/// no device runs unless the whole stream was verified.
pub fn replay<R: Read>(
    mut input: R,
    devices: &mut [Migrating<'_>],
    options: &ReplayOptions,
    observer: &mut Observer<'_>,
) -> Result<Migrated, MigrationError> {
    let source = source::<R>(&mut input);
    let mut watch = Watch::new(observer);
    let options = sys::ferry_replay_options {
        flags: flag(options.checks_only, sys::FERRY_REPLAY_CHECK)
            | flag(options.leaves_stopped, sys::FERRY_REPLAY_LEAVE_STOPPED)
            | flag(options.allows_unsound, sys::FERRY_REPLAY_UNSOUND)
            | flag(options.is_strict, sys::FERRY_REPLAY_STRICT)
            | flag(options.without_p2p, sys::FERRY_REPLAY_WITHOUT_P2P)
            | flag(options.attaches_bindings, sys::FERRY_REPLAY_BINDINGS),
        reserved: 0,
        observer: watch.described(),
    };
    migrate(devices, |devices, outcomes, summary| {
        // SAFETY: devices, options, source and observer live until the call returns; there is an outcome for each.
        call(|error| unsafe {
            sys::ferry_replay(&source, devices.as_ptr(), devices.len(), &options, outcomes, summary, error)
        })
    })
}
