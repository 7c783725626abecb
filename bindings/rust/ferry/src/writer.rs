use crate::callback::{sink, Texts};
use crate::error::{call, Error};
use crate::handle::Handle;
use crate::introduction::Introduction;
use ferry_sys as sys;
use std::io::{self, Write};
use std::os::raw::c_void;
use std::{fmt, ptr};

/// How a stream is written. The default is what Ferry does unless it is told otherwise.
#[derive(Clone, Debug, Default)]
pub struct WriterOptions {
    /// How chunks are compressed.
    pub compression: Compression,
    /// The most state bytes of a chunk, 64 KiB to 4 MiB; 0 for 1 MiB.
    pub chunk_size: u32,
    /// The state bytes that readers keep for chunks coded against earlier ones; 0 for none.
    pub window_size: u64,
    /// Seconds since 1970-01-01 UTC, if the stream shall say.
    pub time: Option<u64>,
    /// The program that writes.
    pub producer: Option<String>,
    /// `uname -r` of the kernel.
    pub kernel_release: Option<String>,
    /// `uname -m` of the machine.
    pub machine: Option<String>,
}

/// How the chunks of a stream are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// They are left as they are.
    Raw,
    /// By zstd: levels 1 to 22, or below 0 for faster ones.
    Zstd(i32),
}

impl Default for Compression {
    fn default() -> Compression {
        Compression::Zstd(1)
    }
}

impl WriterOptions {
    /// The C options, which live until `body` returns.
    pub(crate) fn with<T>(
        &self,
        body: impl FnOnce(&sys::ferry_writer_options) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut texts = Texts::default();
        let (flags, level) = match self.compression {
            Compression::Raw => (sys::FERRY_WRITER_RAW, 0),
            Compression::Zstd(level) => (0, level),
        };
        body(&sys::ferry_writer_options {
            flags,
            level,
            chunk_size: self.chunk_size,
            reserved: 0,
            window_size: self.window_size,
            time: self.time.unwrap_or(0),
            producer: texts.add("producer", self.producer.as_deref())?,
            kernel_release: texts.add("kernel_release", self.kernel_release.as_deref())?,
            machine: texts.add("machine", self.machine.as_deref())?,
        })
    }
}

/// When in a migration state was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// While the device ran.
    PreCopy,
    /// Once it was stopped.
    StopCopy,
}

/// What is so of state bytes: the sums of `FERRY_CHUNK_` of `ferry.h`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChunkFlags(pub u32);

impl ChunkFlags {
    /// Part of the initial data of `vfio_precopy_info`.
    pub const INITIAL: ChunkFlags = ChunkFlags(sys::FERRY_CHUNK_INITIAL);
    /// The last of the initial data.
    pub const LAST_OF_INITIAL: ChunkFlags = ChunkFlags(sys::FERRY_CHUNK_LAST_OF_INITIAL);
    /// The iteration of pre-copy ends with it.
    pub const LAST_OF_ITERATION: ChunkFlags = ChunkFlags(sys::FERRY_CHUNK_LAST_OF_ITERATION);
    /// The driver announced new initial data before it.
    pub const REINITIALIZED: ChunkFlags = ChunkFlags(sys::FERRY_CHUNK_REINITIALIZED);
}

/// A stream that is written. Without [`finish`](Writer::finish) it is torn, which readers report.
pub struct Writer<W: Write> {
    handle: Handle,
    // A box, to which the library has the same pointer until the handle is closed.
    output: *mut W,
}

// SAFETY: a writer is its output and a number that is good on any thread. It is not `Sync`, for pointers are not.
unsafe impl<W: Write + Send> Send for Writer<W> {}

impl<W: Write> Writer<W> {
    /// Begins a stream, whose first bytes go out at once.
    pub fn new(output: W, options: &WriterOptions) -> Result<Writer<W>, Error> {
        let mut writer = Writer { handle: Handle::default(), output: Box::into_raw(Box::new(output)) };
        let sink = sink(writer.output);
        options.with(|options| {
            // SAFETY: the options live until the call returns, the output until the handle is closed.
            call(|error| unsafe { sys::ferry_writer_open(&sink, options, &mut writer.handle.number, error) })
        })?;
        Ok(writer)
    }

    /// Introduces the next device, all of them before any state; its number.
    pub fn introduce(&mut self, device: &Introduction) -> Result<u16, Error> {
        let mut number = 0;
        let device = device.described()?;
        // SAFETY: the device lives until the call returns.
        call(|error| unsafe { sys::ferry_writer_introduce(self.handle.number, &device.device, &mut number, error) })?;
        Ok(number)
    }

    /// Adds the next bytes of a device's state, as many as there are.
    pub fn add(
        &mut self,
        device: u16,
        phase: Phase,
        iteration: u32,
        flags: ChunkFlags,
        bytes: &[u8],
    ) -> Result<(), Error> {
        let phase = match phase {
            Phase::PreCopy => sys::FERRY_PHASE_PRE_COPY,
            Phase::StopCopy => sys::FERRY_PHASE_STOP_COPY,
        };
        // SAFETY: the bytes live until the call returns.
        call(|error| unsafe {
            sys::ferry_writer_state(
                self.handle.number,
                device,
                phase,
                iteration,
                flags.0,
                bytes.as_ptr() as *const c_void,
                bytes.len(),
                error,
            )
        })
    }

    /// A device's state, to write to: what comes is of `phase` and the first iteration.
    pub fn state(&mut self, device: u16, phase: Phase) -> StateWriter<'_, W> {
        StateWriter { writer: self, device, phase }
    }

    /// Sums up and ends the stream; gives its output back.
    pub fn finish(mut self) -> Result<W, Error> {
        // SAFETY: the call has no pointers but the error's.
        call(|error| unsafe { sys::ferry_writer_finish(self.handle.number, error) })?;
        drop(std::mem::take(&mut self.handle));
        // SAFETY: the pointer came from a box, the library has it no more, and `drop` finds none.
        Ok(*unsafe { Box::from_raw(std::mem::replace(&mut self.output, ptr::null_mut())) })
    }
}

impl<W: Write> fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("handle", &self.handle).finish()
    }
}

impl<W: Write> Drop for Writer<W> {
    fn drop(&mut self) {
        // First, for it has the pointer.
        drop(std::mem::take(&mut self.handle));
        if !self.output.is_null() {
            // SAFETY: the pointer came from a box, and the library has it no more.
            drop(unsafe { Box::from_raw(self.output) });
        }
    }
}

/// The state of one device of a [`Writer`], as something to write to.
#[derive(Debug)]
pub struct StateWriter<'a, W: Write> {
    writer: &'a mut Writer<W>,
    device: u16,
    phase: Phase,
}

impl<W: Write> Write for StateWriter<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.add(self.device, self.phase, 0, ChunkFlags::default(), bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
