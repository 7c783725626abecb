//! The declarations of `ferry.h`, as they stand there: the header documents them.
//!
//! A test of the crate `ferry` holds every one of them against the record of the C interface.

#![allow(non_camel_case_types)]

use std::os::raw::{c_char, c_int, c_void};

pub type ferry_status = i32;
pub type ferry_profile = u64;
pub type ferry_space = u64;
pub type ferry_writer = u64;
pub type ferry_reader = u64;
pub type ferry_state = u64;
pub type ferry_vfio = u64;

pub const FERRY_OK: ferry_status = 0;
pub const FERRY_ERROR_ARGUMENT: ferry_status = 1;
pub const FERRY_ERROR_HANDLE: ferry_status = 2;
pub const FERRY_ERROR_BUSY: ferry_status = 3;
pub const FERRY_ERROR_LIMIT: ferry_status = 4;
pub const FERRY_ERROR_BUFFER: ferry_status = 5;
pub const FERRY_ERROR_ORDER: ferry_status = 6;
pub const FERRY_ERROR_CALLBACK: ferry_status = 7;
pub const FERRY_ERROR_SYSTEM: ferry_status = 8;
pub const FERRY_ERROR_PROFILE: ferry_status = 16;
pub const FERRY_ERROR_SPACE: ferry_status = 17;
pub const FERRY_ERROR_REFUSED: ferry_status = 18;
pub const FERRY_ERROR_MISMATCH: ferry_status = 19;
pub const FERRY_ERROR_NOT_A_STREAM: ferry_status = 32;
pub const FERRY_ERROR_UNSUPPORTED: ferry_status = 33;
pub const FERRY_ERROR_LIMIT_EXCEEDED: ferry_status = 34;
pub const FERRY_ERROR_UNWILLING: ferry_status = 35;
pub const FERRY_ERROR_CHECKSUM: ferry_status = 36;
pub const FERRY_ERROR_MALFORMED: ferry_status = 37;
pub const FERRY_ERROR_MISPLACED: ferry_status = 38;
pub const FERRY_ERROR_INCONSISTENT: ferry_status = 39;
pub const FERRY_ERROR_TORN: ferry_status = 40;
pub const FERRY_ERROR_TRAILING: ferry_status = 41;
pub const FERRY_ERROR_COMPRESSION: ferry_status = 42;
pub const FERRY_ERROR_LAYOUT: ferry_status = 48;
pub const FERRY_ERROR_UNDECIDED: ferry_status = 49;
pub const FERRY_ERROR_FACTS: ferry_status = 50;
pub const FERRY_ERROR_DEVICE: ferry_status = 64;
pub const FERRY_ERROR_CANCELLED: ferry_status = 65;
pub const FERRY_ERROR_INCOMPATIBLE: ferry_status = 66;
pub const FERRY_ERROR_UNVERIFIED: ferry_status = 67;
pub const FERRY_HOST_IDS: u32 = 1;
pub const FERRY_HOST_VFIO_REGION: u32 = 2;
pub const FERRY_HOST_CUT: u32 = 4;
pub const FERRY_HOST_IOMMU: u32 = 8;
pub const FERRY_HOST_IOMMU_EXECUTE: u32 = 16;
pub const FERRY_HOST_IOMMU_PRIVILEGED: u32 = 32;
pub const FERRY_VERDICT_CAN: i32 = 0;
pub const FERRY_VERDICT_CANNOT: i32 = 1;
pub const FERRY_VERDICT_UNKNOWN: i32 = 2;
pub const FERRY_EFFECT_COMMAND: u32 = 1;
pub const FERRY_EFFECT_BASE_ADDRESS: u32 = 2;
pub const FERRY_EFFECT_INTERRUPTS: u32 = 4;
pub const FERRY_EFFECT_POWER: u32 = 8;
pub const FERRY_EFFECT_FUNCTION_RESET: u32 = 16;
pub const FERRY_EFFECT_ADDRESS_TRANSLATION: u32 = 32;
pub const FERRY_EFFECT_EXPRESS_CONTROL: u32 = 64;
pub const FERRY_INTERRUPTS_PINS: u32 = 1;
pub const FERRY_INTERRUPTS_MSI: u32 = 2;
pub const FERRY_INTERRUPTS_MSIX: u32 = 4;
pub const FERRY_DEVICE_PCI: u32 = 1;
pub const FERRY_DEVICE_SUBSYSTEM: u32 = 2;
pub const FERRY_DEVICE_CLASS: u32 = 4;
pub const FERRY_DEVICE_MIGRATION_FLAGS: u32 = 8;
pub const FERRY_DEVICE_STOP_COPY_SIZE: u32 = 16;
pub const FERRY_DEVICE_CIRCUMSTANCES: u32 = 32;
pub const FERRY_DEVICE_GUEST_RAN: u32 = 1;
pub const FERRY_PHASE_PRE_COPY: u32 = 1;
pub const FERRY_PHASE_STOP_COPY: u32 = 2;
pub const FERRY_CHUNK_INITIAL: u32 = 1;
pub const FERRY_CHUNK_LAST_OF_INITIAL: u32 = 2;
pub const FERRY_CHUNK_LAST_OF_ITERATION: u32 = 4;
pub const FERRY_CHUNK_REINITIALIZED: u32 = 8;
pub const FERRY_WRITER_RAW: u32 = 1;
pub const FERRY_RECORD_NONE: u32 = 0;
pub const FERRY_RECORD_DEVICES: u32 = 1;
pub const FERRY_RECORD_STATE: u32 = 2;
pub const FERRY_RECORD_SUMMARY: u32 = 3;
pub const FERRY_RECORD_END: u32 = 4;
pub const FERRY_CONDITION_WHOLE: u32 = 0;
pub const FERRY_CONDITION_INCOMPLETE: u32 = 1;
pub const FERRY_CONDITION_DAMAGED: u32 = 2;
pub const FERRY_CERTAINTY_GIVEN: u32 = 0;
pub const FERRY_CERTAINTY_POSSIBLE: u32 = 1;
pub const FERRY_CERTAINTY_LIKELY: u32 = 2;
pub const FERRY_CERTAINTY_CERTAIN: u32 = 3;
pub const FERRY_FINDING_NOTE: u32 = 0;
pub const FERRY_FINDING_WARNING: u32 = 1;
pub const FERRY_FINDING_ERROR: u32 = 2;
pub const FERRY_FIELD_INTEGER: u32 = 1;
pub const FERRY_FIELD_TEXT: u32 = 2;
pub const FERRY_FIELD_BYTES: u32 = 3;
pub const FERRY_FIELD_STRUCTURE: u32 = 4;
pub const FERRY_FIELD_ARRAY: u32 = 5;
pub const FERRY_TRANSLATION_SCRUB: u32 = 1;
pub const FERRY_VFIO_IOMMUFD: u32 = 1;
pub const FERRY_VFIO_ADDRESS_SPACE: u32 = 2;
pub const FERRY_PROGRESS_RUNNING: u32 = 1;
pub const FERRY_PROGRESS_STOPPED: u32 = 2;
pub const FERRY_PROGRESS_CHECKING: u32 = 3;
pub const FERRY_PROGRESS_VERIFYING: u32 = 4;
pub const FERRY_PROGRESS_WRITING: u32 = 5;
pub const FERRY_OUTCOME_UNTOUCHED: u32 = 0;
pub const FERRY_OUTCOME_RUNNING_AS_BEFORE: u32 = 1;
pub const FERRY_OUTCOME_RESTORED: u32 = 2;
pub const FERRY_OUTCOME_STOPPED: u32 = 3;
pub const FERRY_OUTCOME_FRESH: u32 = 4;
pub const FERRY_OUTCOME_RESET: u32 = 5;
pub const FERRY_OUTCOME_UNUSABLE: u32 = 6;
pub const FERRY_CAPTURE_WITHOUT_PRE_COPY: u32 = 1;
pub const FERRY_CAPTURE_RESUME: u32 = 2;
pub const FERRY_CAPTURE_WITHOUT_P2P: u32 = 4;
pub const FERRY_REPLAY_CHECK: u32 = 1;
pub const FERRY_REPLAY_LEAVE_STOPPED: u32 = 2;
pub const FERRY_REPLAY_UNSOUND: u32 = 4;
pub const FERRY_REPLAY_STRICT: u32 = 8;
pub const FERRY_REPLAY_WITHOUT_P2P: u32 = 16;
pub const FERRY_REPLAY_BINDINGS: u32 = 32;

/// Says that `ferry_error.offset` does not apply.
pub const FERRY_NOWHERE: u64 = u64::MAX;
/// Says that `ferry_error.record` or `.device` does not apply.
pub const FERRY_NONE: u32 = u32::MAX;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_error {
    pub status: ferry_status,
    pub system: i32,
    pub offset: u64,
    pub line: u32,
    pub column: u32,
    pub record: u32,
    pub device: u32,
    pub message: [c_char; 1024],
    pub expected: [c_char; 512],
    pub found: [c_char; 512],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_sink {
    pub write: Option<unsafe extern "C" fn(*mut c_void, *const c_void, usize) -> i32>,
    pub context: *mut c_void,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_source {
    pub read: Option<unsafe extern "C" fn(*mut c_void, *mut c_void, usize, *mut usize) -> i32>,
    pub context: *mut c_void,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_file {
    pub read: Option<unsafe extern "C" fn(*mut c_void, u64, *mut c_void, usize, *mut usize) -> i32>,
    pub size: u64,
    pub context: *mut c_void,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_host {
    pub label: *const c_char,
    pub space: *const u8,
    pub space_size: usize,
    pub physical_function: *const u8,
    pub physical_function_size: usize,
    pub bar_sizes: [u64; 6],
    pub vendor_id: u16,
    pub device_id: u16,
    pub pasid_width: u32,
    pub flags: u32,
    pub reserved: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_config_access {
    pub read: Option<unsafe extern "C" fn(*mut c_void, u32, u32, *mut u32) -> i32>,
    pub write: Option<unsafe extern "C" fn(*mut c_void, u32, u32, u32) -> i32>,
    pub context: *mut c_void,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_space_state {
    pub size: u32,
    pub shown: [u8; 4096],
    pub emulated_bits: [u8; 4096],
    pub profile_name: [c_char; 256],
    pub profile_digest: [c_char; 68],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_region {
    pub index: u32,
    pub flags: u32,
    pub size: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_interrupts {
    pub parts: u32,
    pub asserted_pins: u32,
    pub msi_address: u64,
    pub msi_data: u32,
    pub msi_mask_bits: u32,
    pub msi_pending_bits: u32,
    pub msi_control: u16,
    pub msix_control: u16,
    pub msix_table: *const u8,
    pub msix_table_size: usize,
    pub msix_pending_bits: *const u8,
    pub msix_pending_bits_size: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_pasid_domain {
    pub id: u32,
    pub has_fault_queue: u32,
    pub is_nested: u32,
    pub data_type: u32,
    pub data: *const u8,
    pub data_size: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_pasid_binding {
    pub pasid: u32,
    pub domain: u32,
    pub permissions: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_device {
    pub name: *const c_char,
    pub driver: *const c_char,
    pub parts: u32,
    pub class_code: u32,
    pub vendor_id: u16,
    pub device_id: u16,
    pub subsystem_vendor_id: u16,
    pub subsystem_id: u16,
    pub revision_id: u32,
    pub circumstances: u32,
    pub migration_flags: u64,
    pub stop_copy_size: u64,
    pub regions: *const ferry_region,
    pub region_count: usize,
    pub physical: *const u8,
    pub physical_size: usize,
    pub shown: *const u8,
    pub shown_size: usize,
    pub emulated_bits: *const u8,
    pub profile_name: *const c_char,
    pub profile_digest: *const c_char,
    pub interrupts: ferry_interrupts,
    pub domains: *const ferry_pasid_domain,
    pub domain_count: usize,
    pub bindings: *const ferry_pasid_binding,
    pub binding_count: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_writer_options {
    pub flags: u32,
    pub level: i32,
    pub chunk_size: u32,
    pub reserved: u32,
    pub window_size: u64,
    pub time: u64,
    pub producer: *const c_char,
    pub kernel_release: *const c_char,
    pub machine: *const c_char,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_record {
    pub kind: u32,
    pub device: u32,
    pub offset: u64,
    pub device_count: u32,
    pub is_verified: u32,
    pub state_offset: u64,
    pub state_size: u64,
    pub phase: u32,
    pub iteration: u32,
    pub flags: u32,
    pub reserved: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_stream_totals {
    pub state_size: u64,
    pub device_count: u32,
    pub unverified_count: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_range {
    pub offset: u64,
    pub size: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_ranges {
    pub ranges: *const ferry_range,
    pub count: usize,
    pub all_count: u64,
    pub all_size: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_damage {
    pub condition: u32,
    pub device_count: u32,
    pub missing_record_count: u64,
    pub damaged: ferry_ranges,
    pub fault: ferry_status,
    pub reserved: u32,
    pub message: *const c_char,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_loss {
    pub is_whole: u32,
    pub is_identity_lost: u32,
    pub intact_size: u64,
    pub missing: ferry_ranges,
    pub missing_from: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_state_summary {
    pub layout: *const c_char,
    pub certainty: u32,
    pub is_sound: u32,
    pub is_complete: u32,
    pub finding_count: u32,
    pub more_findings: u64,
    pub size: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_finding {
    pub severity: u32,
    pub reserved: u32,
    pub path: *const c_char,
    pub message: *const c_char,
    pub offset: u64,
    pub size: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_field {
    pub name: *const c_char,
    pub meaning: *const c_char,
    pub kind: u32,
    pub first_child: u32,
    pub child_count: u32,
    pub has_place: u32,
    pub offset: u64,
    pub size: u64,
    pub integer: u64,
    pub integer_upper: i64,
    pub elided_count: u64,
    pub content: *const c_void,
    pub content_size: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_translation {
    pub layout: *const c_char,
    pub target_facts: *const c_char,
    pub target_facts_size: usize,
    pub source_facts: *const c_char,
    pub source_facts_size: usize,
    pub allowed: *const *const c_char,
    pub allowed_count: usize,
    pub flags: u32,
    pub reserved: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_device_operations {
    pub get_abilities: Option<unsafe extern "C" fn(*mut c_void, *mut u64) -> i32>,
    pub get_state: Option<unsafe extern "C" fn(*mut c_void, *mut u32) -> i32>,
    pub set_state: Option<unsafe extern "C" fn(*mut c_void, u32) -> i32>,
    pub get_stop_copy_size: Option<unsafe extern "C" fn(*mut c_void, *mut u64) -> i32>,
    pub get_precopy_size: Option<unsafe extern "C" fn(*mut c_void, *mut u64, *mut u64, *mut u32) -> i32>,
    pub read: Option<unsafe extern "C" fn(*mut c_void, *mut c_void, usize, *mut usize) -> i32>,
    pub write: Option<unsafe extern "C" fn(*mut c_void, *const c_void, usize, *mut usize) -> i32>,
    pub reset: Option<unsafe extern "C" fn(*mut c_void) -> i32>,
    pub read_config: Option<unsafe extern "C" fn(*mut c_void, u32, u32, *mut u32) -> i32>,
    pub write_config: Option<unsafe extern "C" fn(*mut c_void, u32, u32, u32) -> i32>,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_pasid_abilities {
    pub width: u32,
    pub permissions: u32,
    pub nested_types: u64,
    pub has_fault_queue: u32,
    pub reserved: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_pasid_operations {
    pub get_pasid_abilities: Option<unsafe extern "C" fn(*mut c_void, *mut ferry_pasid_abilities) -> i32>,
    pub allocate_domains: Option<unsafe extern "C" fn(*mut c_void, *const ferry_pasid_domain, usize) -> i32>,
    pub attach_pasid: Option<unsafe extern "C" fn(*mut c_void, *const ferry_pasid_binding) -> i32>,
    pub detach_pasid: Option<unsafe extern "C" fn(*mut c_void, u32) -> i32>,
    pub release_domains: Option<unsafe extern "C" fn(*mut c_void)>,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_vfio_descriptors {
    pub device: i32,
    pub parts: u32,
    pub iommufd: i32,
    pub device_id: u32,
    pub address_space: u32,
    pub reserved: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_vfio_domain {
    pub id: u32,
    pub page_table: u32,
    pub address_space: u32,
    pub fault_queue: i32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_migration_device {
    pub operations: *const ferry_device_operations,
    pub context: *mut c_void,
    pub known: *const ferry_device,
    pub config_size: u32,
    pub number: u32,
    pub pasid_operations: *const ferry_pasid_operations,
    pub vfio: ferry_vfio,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_progress {
    pub phase: u32,
    pub iteration: u32,
    pub state_size: u64,
    pub expected_size: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_observer {
    pub progress: Option<unsafe extern "C" fn(*mut c_void, *const ferry_progress)>,
    pub is_cancelled: Option<unsafe extern "C" fn(*mut c_void) -> i32>,
    pub context: *mut c_void,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_migration_summary {
    pub state_size: u64,
    pub downtime_ns: u64,
    pub duration_ns: u64,
    pub iteration_count: u32,
    pub reserved: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_capture_options {
    pub flags: u32,
    pub iteration_limit: u32,
    pub downtime_limit_ms: u32,
    pub reserved: u32,
    pub bandwidth: u64,
    pub stream: *const ferry_writer_options,
    pub observer: ferry_observer,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ferry_replay_options {
    pub flags: u32,
    pub reserved: u32,
    pub observer: ferry_observer,
}

extern "C" {
    pub fn ferry_version() -> *const c_char;
    pub fn ferry_status_name(status: ferry_status) -> *const c_char;
    pub fn ferry_close(handle: u64, error: *mut ferry_error) -> ferry_status;
    pub fn ferry_profile_load(
        text: *const c_char,
        size: usize,
        profile: *mut ferry_profile,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_profile_name(
        profile: ferry_profile,
        name: *mut c_char,
        digest: *mut c_char,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_profile_synthesize(
        profile: ferry_profile,
        bytes: *mut u8,
        capacity: usize,
        size: *mut usize,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_profile_check(
        profile: ferry_profile,
        host: *const ferry_host,
        verdict: *mut i32,
        report: *const ferry_sink,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_profile_map(
        profile: ferry_profile,
        host: *const ferry_host,
        map: *const ferry_sink,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_space_open(
        profile: ferry_profile,
        host: *const ferry_host,
        access: *const ferry_config_access,
        space: *mut ferry_space,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_space_read(
        space: ferry_space,
        offset: u32,
        size: u32,
        value: *mut u32,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_space_write(
        space: ferry_space,
        offset: u32,
        size: u32,
        value: u32,
        effects: *mut u32,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_space_reset(space: ferry_space, error: *mut ferry_error) -> ferry_status;
    pub fn ferry_space_save(space: ferry_space, state: *mut ferry_space_state, error: *mut ferry_error)
        -> ferry_status;
    pub fn ferry_space_restore(
        space: ferry_space,
        state: *const ferry_space_state,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_writer_open(
        sink: *const ferry_sink,
        options: *const ferry_writer_options,
        writer: *mut ferry_writer,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_writer_open_fd(
        fd: c_int,
        options: *const ferry_writer_options,
        writer: *mut ferry_writer,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_writer_introduce(
        writer: ferry_writer,
        device: *const ferry_device,
        number: *mut u16,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_writer_state(
        writer: ferry_writer,
        device: u16,
        phase: u32,
        iteration: u32,
        flags: u32,
        bytes: *const c_void,
        size: usize,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_writer_finish(writer: ferry_writer, error: *mut ferry_error) -> ferry_status;
    pub fn ferry_reader_open(
        source: *const ferry_source,
        reader: *mut ferry_reader,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_reader_open_fd(fd: c_int, reader: *mut ferry_reader, error: *mut ferry_error) -> ferry_status;
    pub fn ferry_reader_next(reader: ferry_reader, record: *mut ferry_record, error: *mut ferry_error) -> ferry_status;
    pub fn ferry_reader_push(
        reader: ferry_reader,
        bytes: *const c_void,
        size: usize,
        taken: *mut usize,
        record: *mut ferry_record,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_reader_finish(reader: ferry_reader, error: *mut ferry_error) -> ferry_status;
    pub fn ferry_reader_device(
        reader: ferry_reader,
        number: u16,
        device: *mut ferry_device,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_reader_state(
        reader: ferry_reader,
        bytes: *mut *const c_void,
        size: *mut usize,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_stream_verify(
        source: *const ferry_source,
        totals: *mut ferry_stream_totals,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_reader_salvage(
        file: *const ferry_file,
        reader: *mut ferry_reader,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_reader_salvage_fd(fd: c_int, reader: *mut ferry_reader, error: *mut ferry_error) -> ferry_status;
    pub fn ferry_reader_damage(
        reader: ferry_reader,
        damage: *mut ferry_damage,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_reader_loss(
        reader: ferry_reader,
        device: u16,
        loss: *mut ferry_loss,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_state_open(
        bytes: *const c_void,
        size: usize,
        layout: *const c_char,
        driver: *const c_char,
        state: *mut ferry_state,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_state_summarize(
        state: ferry_state,
        summary: *mut ferry_state_summary,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_state_finding(
        state: ferry_state,
        index: u32,
        finding: *mut ferry_finding,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_state_json(state: ferry_state, json: *const ferry_sink, error: *mut ferry_error) -> ferry_status;
    pub fn ferry_state_field(
        state: ferry_state,
        number: u32,
        field: *mut ferry_field,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_state_translate(
        state: ferry_state,
        translation: *const ferry_translation,
        is_accepted: *mut i32,
        output: *const ferry_sink,
        report: *const ferry_sink,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_vfio_open(
        descriptors: *const ferry_vfio_descriptors,
        device: *mut ferry_vfio,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_vfio_get_domain(
        device: ferry_vfio,
        index: u32,
        domain: *mut ferry_vfio_domain,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_capture(
        devices: *const ferry_migration_device,
        count: usize,
        options: *const ferry_capture_options,
        sink: *const ferry_sink,
        outcomes: *mut u32,
        summary: *mut ferry_migration_summary,
        error: *mut ferry_error,
    ) -> ferry_status;
    pub fn ferry_replay(
        source: *const ferry_source,
        devices: *const ferry_migration_device,
        count: usize,
        options: *const ferry_replay_options,
        outcomes: *mut u32,
        summary: *mut ferry_migration_summary,
        error: *mut ferry_error,
    ) -> ferry_status;
}
