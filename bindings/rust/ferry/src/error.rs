use ferry_sys::{ferry_error, ferry_status};
use std::{ffi::CStr, fmt, mem::MaybeUninit, os::raw::c_char};

/// A status of `ferry.h`, by its stable number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Status(pub i32);

impl Status {
    /// An argument that no call can take.
    pub const ARGUMENT: Status = Status(ferry_sys::FERRY_ERROR_ARGUMENT);
    /// The object is in another call, such as the one whose callback this is.
    pub const BUSY: Status = Status(ferry_sys::FERRY_ERROR_BUSY);
    /// More handles, or a larger input, than the library takes.
    pub const LIMIT: Status = Status(ferry_sys::FERRY_ERROR_LIMIT);
    /// The device's access failed, with [`Error::system`].
    pub const CALLBACK: Status = Status(ferry_sys::FERRY_ERROR_CALLBACK);
    /// The text is no profile; [`Error::line`] says where.
    pub const PROFILE: Status = Status(ferry_sys::FERRY_ERROR_PROFILE);
    /// The bytes are no configuration space, or a fact about them does not fit.
    pub const SPACE: Status = Status(ferry_sys::FERRY_ERROR_SPACE);
    /// The device cannot carry the profile, or it is not known whether it can.
    pub const REFUSED: Status = Status(ferry_sys::FERRY_ERROR_REFUSED);
    /// A saved state is not one of the space's profile.
    pub const MISMATCH: Status = Status(ferry_sys::FERRY_ERROR_MISMATCH);
}

/// Why the library did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The kind of failure.
    pub status: Status,
    /// The errno that the device's access gave.
    pub system: Option<i32>,
    /// The byte of the space that is at fault.
    pub offset: Option<u64>,
    /// The line and the column of a text, counted from 1.
    pub line: Option<(u32, u32)>,
    /// What is wrong, with the place in words.
    pub message: String,
    /// What was expected, if the message says it; else "".
    pub expected: String,
    /// What was found, if the message says it; else "".
    pub found: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Makes a call, and an error of what it leaves if it fails.
pub(crate) fn call(function: impl FnOnce(*mut ferry_error) -> ferry_status) -> Result<(), Error> {
    let mut error = MaybeUninit::<ferry_error>::uninit();
    let status = function(error.as_mut_ptr());
    if status == ferry_sys::FERRY_OK {
        return Ok(());
    }
    // SAFETY: a function that fails has written the whole error.
    let error = unsafe { error.assume_init_ref() };
    Err(Error {
        status: Status(status),
        system: if error.system == 0 { None } else { Some(error.system) },
        offset: if error.offset == u64::MAX { None } else { Some(error.offset) },
        line: if error.line == 0 { None } else { Some((error.line, error.column)) },
        message: text(&error.message),
        expected: text(&error.expected),
        found: text(&error.found),
    })
}

/// The text in an array of the library's, which a 0 ends.
pub(crate) fn text(array: &[c_char]) -> String {
    if !array.contains(&0) {
        return String::new();
    }
    // SAFETY: a 0 lies within the array.
    unsafe { CStr::from_ptr(array.as_ptr()) }.to_string_lossy().into_owned()
}
