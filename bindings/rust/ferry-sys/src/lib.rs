//! The declarations of `ferry.h` that its vPCI group needs, as they stand there: the header documents them.
//!
//! A test of the crate `ferry` holds sizes and numbers against the record of the C interface.

#![allow(non_camel_case_types)]

use std::os::raw::{c_char, c_void};

pub type ferry_status = i32;
pub type ferry_profile = u64;
pub type ferry_space = u64;

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

pub const FERRY_HOST_IDS: u32 = 1;
pub const FERRY_HOST_VFIO_REGION: u32 = 2;
pub const FERRY_HOST_CUT: u32 = 4;
pub const FERRY_HOST_IOMMU: u32 = 8;
pub const FERRY_HOST_IOMMU_EXECUTE: u32 = 16;
pub const FERRY_HOST_IOMMU_PRIVILEGED: u32 = 32;

pub const FERRY_VERDICT_CAN: i32 = 0;
pub const FERRY_VERDICT_CANNOT: i32 = 1;
pub const FERRY_VERDICT_UNKNOWN: i32 = 2;

#[repr(C)]
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
pub struct ferry_sink {
    pub write: Option<unsafe extern "C" fn(*mut c_void, *const c_void, usize) -> i32>,
    pub context: *mut c_void,
}

#[repr(C)]
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
pub struct ferry_config_access {
    pub read: Option<unsafe extern "C" fn(*mut c_void, u32, u32, *mut u32) -> i32>,
    pub write: Option<unsafe extern "C" fn(*mut c_void, u32, u32, u32) -> i32>,
    pub context: *mut c_void,
}

#[repr(C)]
#[derive(Clone)]
pub struct ferry_space_state {
    pub size: u32,
    pub shown: [u8; 4096],
    pub emulated_bits: [u8; 4096],
    pub profile_name: [c_char; 256],
    pub profile_digest: [c_char; 68],
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
}
