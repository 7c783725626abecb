//! What goes through C to the caller's code and back: errors as an errno, and no panic.

use ferry_sys as sys;
use std::ffi::CString;
use std::io::{self, Read, Write};
use std::os::raw::{c_char, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::{mem, ptr, slice};

use crate::error::{Error, Status};

const EIO: i32 = 5;

/// Runs the caller's code, whose error is an errno. A panic is EIO: none may go through C. What it was thrown with is not
/// dropped, for that could panic too.
pub(crate) fn answer(body: impl FnOnce() -> Result<(), i32>) -> i32 {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => 0,
        Ok(Err(0)) => EIO,
        Ok(Err(errno)) => errno,
        Err(payload) => {
            mem::forget(payload);
            EIO
        }
    }
}

fn errno(error: io::Error) -> i32 {
    error.raw_os_error().unwrap_or(EIO)
}

/// A sink into `writer`, for as long as that stays where it is.
pub(crate) fn sink<W: Write>(writer: *mut W) -> sys::ferry_sink {
    unsafe extern "C" fn write<W: Write>(context: *mut c_void, bytes: *const c_void, count: usize) -> i32 {
        // SAFETY: the context is the writer of `sink`, which nobody else uses during a call.
        let writer = unsafe { &mut *(context as *mut W) };
        // SAFETY: the library lends `count` bytes for the call, and never none.
        let bytes = unsafe { slice::from_raw_parts(bytes as *const u8, count) };
        answer(|| writer.write_all(bytes).map_err(errno))
    }
    sys::ferry_sink { write: Some(write::<W>), context: writer as *mut c_void }
}

/// Flushes what a call wrote to, whose failure would be lost when it is dropped.
pub(crate) fn flush(output: &mut impl Write) -> Result<(), Error> {
    output.flush().map_err(|error| Error {
        status: Status::CALLBACK,
        system: Some(error.raw_os_error().unwrap_or(EIO)),
        ..Error::argument("output", "that it is flushed", error.to_string())
    })
}

/// Room that the library lends for a call. Who fills it may look at it first, so it is initialised.
///
/// # Safety
/// There are `capacity` bytes, for as long as they are used.
pub(crate) unsafe fn room<'a>(bytes: *mut c_void, capacity: usize) -> &'a mut [u8] {
    // SAFETY: the caller says so.
    unsafe {
        ptr::write_bytes(bytes as *mut u8, 0, capacity);
        slice::from_raw_parts_mut(bytes as *mut u8, capacity)
    }
}

/// Reads once, again if a signal came.
fn read_once(
    bytes: *mut c_void,
    capacity: usize,
    count: *mut usize,
    mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
) -> i32 {
    answer(|| {
        // SAFETY: the library lends `capacity` bytes for the call.
        let bytes = unsafe { room(bytes, capacity) };
        let found = loop {
            match read(bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => break other.map_err(errno)?,
            }
        };
        // SAFETY: the library lends the place for the call.
        unsafe { *count = found };
        Ok(())
    })
}

/// A source from `reader`, for as long as that stays where it is.
pub(crate) fn source<R: Read>(reader: *mut R) -> sys::ferry_source {
    unsafe extern "C" fn read<R: Read>(
        context: *mut c_void,
        bytes: *mut c_void,
        capacity: usize,
        count: *mut usize,
    ) -> i32 {
        // SAFETY: the context is the reader of `source`, which nobody else uses during a call.
        let reader = unsafe { &mut *(context as *mut R) };
        read_once(bytes, capacity, count, |bytes| reader.read(bytes))
    }
    sys::ferry_source { read: Some(read::<R>), context: reader as *mut c_void }
}

/// Bytes that can be read at any offset: a file, a slice.
pub trait ReadAt {
    /// Reads once from `offset` on; 0 at the end.
    fn read_at(&mut self, offset: u64, bytes: &mut [u8]) -> io::Result<usize>;
    /// How many there are.
    fn size(&mut self) -> io::Result<u64>;
}

impl ReadAt for std::fs::File {
    fn read_at(&mut self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, bytes, offset)
    }

    fn size(&mut self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
}

impl<T: AsRef<[u8]>> ReadAt for io::Cursor<T> {
    fn read_at(&mut self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        let all = self.get_ref().as_ref();
        (&all[all.len().min(offset as usize)..]).read(bytes)
    }

    fn size(&mut self) -> io::Result<u64> {
        Ok(self.get_ref().as_ref().len() as u64)
    }
}

/// A file of `input`, for as long as that stays where it is.
pub(crate) fn file<F: ReadAt>(input: *mut F, size: u64) -> sys::ferry_file {
    unsafe extern "C" fn read<F: ReadAt>(
        context: *mut c_void,
        offset: u64,
        bytes: *mut c_void,
        capacity: usize,
        count: *mut usize,
    ) -> i32 {
        // SAFETY: the context is the input of `file`, which nobody else uses during a call.
        let input = unsafe { &mut *(context as *mut F) };
        read_once(bytes, capacity, count, |bytes| input.read_at(offset, bytes))
    }
    sys::ferry_file { read: Some(read::<F>), size, context: input as *mut c_void }
}

/// Texts for the library, which end with a 0, for as long as this lives.
#[derive(Default)]
pub(crate) struct Texts(Vec<CString>);

impl Texts {
    /// A pointer to a copy; NULL for none.
    pub(crate) fn add(&mut self, name: &str, text: Option<&str>) -> Result<*const c_char, Error> {
        match text.map(CString::new) {
            None => Ok(ptr::null()),
            Some(Err(_)) => Err(Error::argument(name, "a text without a 0", "one with".to_owned())),
            Some(Ok(text)) => {
                let start = text.as_ptr();
                self.0.push(text);
                Ok(start)
            }
        }
    }
}
