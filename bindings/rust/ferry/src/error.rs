use ferry_sys::{ferry_error, ferry_status};
use std::{ffi::CStr, fmt, mem::MaybeUninit, os::raw::c_char};

/// A status of `ferry.h`, by its stable number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Status(pub i32);

macro_rules! statuses {
    ($($(#[$doc:meta])* $name:ident = $number:ident;)+) => {
        impl Status {
            $($(#[$doc])* pub const $name: Status = Status(ferry_sys::$number);)+
        }
    };
}

statuses! {
    /// An argument that no call can take.
    ARGUMENT = FERRY_ERROR_ARGUMENT;
    /// A handle that is no object's. The crate gives none.
    HANDLE = FERRY_ERROR_HANDLE;
    /// The object is in another call, such as the one whose callback this is.
    BUSY = FERRY_ERROR_BUSY;
    /// More handles, or a larger input, than the library takes.
    LIMIT = FERRY_ERROR_LIMIT;
    /// Room that is too small. The crate makes it large enough.
    BUFFER = FERRY_ERROR_BUFFER;
    /// The call may not come at this point of what the object does.
    ORDER = FERRY_ERROR_ORDER;
    /// The caller's part failed, with [`Error::system`].
    CALLBACK = FERRY_ERROR_CALLBACK;
    /// A call to the system failed, with [`Error::system`].
    SYSTEM = FERRY_ERROR_SYSTEM;
    /// The text is no profile; [`Error::line`] says where.
    PROFILE = FERRY_ERROR_PROFILE;
    /// The bytes are no configuration space, or a fact about them does not fit.
    SPACE = FERRY_ERROR_SPACE;
    /// The device cannot carry the profile, or it is not known whether it can.
    REFUSED = FERRY_ERROR_REFUSED;
    /// A saved state is not one of the space's profile.
    MISMATCH = FERRY_ERROR_MISMATCH;
    /// The first bytes are not those of a stream.
    NOT_A_STREAM = FERRY_ERROR_NOT_A_STREAM;
    /// A version, feature, record or field that the library does not know, and has to.
    UNSUPPORTED = FERRY_ERROR_UNSUPPORTED;
    /// A length above the stream's declared limit, or the format's.
    LIMIT_EXCEEDED = FERRY_ERROR_LIMIT_EXCEEDED;
    /// More than the library takes: a larger chunk, more devices, a larger window.
    UNWILLING = FERRY_ERROR_UNWILLING;
    /// Bytes that were changed: a checksum or a digest is not theirs.
    CHECKSUM = FERRY_ERROR_CHECKSUM;
    /// A record or field that contradicts itself or the format.
    MALFORMED = FERRY_ERROR_MALFORMED;
    /// A record where the format does not allow it.
    MISPLACED = FERRY_ERROR_MISPLACED;
    /// Chunks, counts, summaries and index that do not fit to each other.
    INCONSISTENT = FERRY_ERROR_INCONSISTENT;
    /// The stream stops before it is complete.
    TORN = FERRY_ERROR_TORN;
    /// Bytes behind the end.
    TRAILING = FERRY_ERROR_TRAILING;
    /// libzstd failed, for want of memory.
    COMPRESSION = FERRY_ERROR_COMPRESSION;
    /// No layout of that name, or a state that no layout describes.
    LAYOUT = FERRY_ERROR_LAYOUT;
    /// Neither the content nor the driver tells which layout a state has.
    UNDECIDED = FERRY_ERROR_UNDECIDED;
    /// The text is no facts of a device; [`Error::line`] says where.
    FACTS = FERRY_ERROR_FACTS;
    /// A device or its driver failed; [`Error::device`] says which, [`Error::system`] its errno.
    DEVICE = FERRY_ERROR_DEVICE;
    /// The caller cancelled it.
    CANCELLED = FERRY_ERROR_CANCELLED;
    /// The devices cannot be captured as asked, or cannot take the stream; none was touched.
    INCOMPATIBLE = FERRY_ERROR_INCOMPATIBLE;
    /// The stream has no digest that says that a device's state is whole.
    UNVERIFIED = FERRY_ERROR_UNVERIFIED;
}

impl Status {
    /// The name in `ferry.h`, such as `FERRY_ERROR_BUSY`; none for a number that is no status.
    pub fn name(self) -> Option<&'static str> {
        // SAFETY: the call takes any number.
        let name = unsafe { ferry_sys::ferry_status_name(self.0) };
        if name.is_null() {
            return None;
        }
        // SAFETY: the library gives a text that is never freed and ends with a 0.
        unsafe { CStr::from_ptr(name) }.to_str().ok()
    }
}

/// Why the library did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The kind of failure.
    pub status: Status,
    /// The errno that the caller's part or the system gave.
    pub system: Option<i32>,
    /// The byte of the space or the stream that is at fault.
    pub offset: Option<u64>,
    /// The line and the column of a text, counted from 1.
    pub line: Option<(u32, u32)>,
    /// The record of a stream, counted from 0.
    pub record: Option<u32>,
    /// The device of a stream or of a migration, counted from 0.
    pub device: Option<u32>,
    /// What is wrong, with the place in words.
    pub message: Box<str>,
    /// What was expected, if the message says it; else "".
    pub expected: Box<str>,
    /// What was found, if the message says it; else "".
    pub found: Box<str>,
}

impl Error {
    /// An argument that does not reach the library: a text with a 0 in it, too many devices.
    pub(crate) fn argument(name: &str, expected: &str, found: String) -> Error {
        Error {
            status: Status::ARGUMENT,
            system: None,
            offset: None,
            line: None,
            record: None,
            device: None,
            message: format!("{}: expected {}, found {}", name, expected, found).into(),
            expected: expected.into(),
            found: found.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// For [`std::io::Read`] and [`std::io::Write`], which have errors of their own.
impl From<Error> for std::io::Error {
    fn from(error: Error) -> std::io::Error {
        let kind = match error.status {
            Status::TORN => std::io::ErrorKind::UnexpectedEof,
            Status::CALLBACK | Status::SYSTEM => std::io::ErrorKind::Other,
            _ => std::io::ErrorKind::InvalidData,
        };
        std::io::Error::new(kind, error)
    }
}

/// Makes a call, and an error of what it leaves if it fails.
pub(crate) fn call(function: impl FnOnce(*mut ferry_error) -> ferry_status) -> Result<(), Error> {
    let mut error = MaybeUninit::<ferry_error>::uninit();
    let status = function(error.as_mut_ptr());
    if status == ferry_sys::FERRY_OK {
        return Ok(());
    }
    // SAFETY: a function that fails has written the whole error.
    let error = unsafe { error.assume_init_ref() };
    let known = |number: u32| if number == ferry_sys::FERRY_NONE { None } else { Some(number) };
    Err(Error {
        status: Status(status),
        system: if error.system == 0 { None } else { Some(error.system) },
        offset: if error.offset == ferry_sys::FERRY_NOWHERE { None } else { Some(error.offset) },
        line: if error.line == 0 { None } else { Some((error.line, error.column)) },
        record: known(error.record),
        device: known(error.device),
        message: text(&error.message).into(),
        expected: text(&error.expected).into(),
        found: text(&error.found).into(),
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
