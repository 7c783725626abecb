use crate::callback::{self, ReadAt};
use crate::error::{call, Error, Status};
use crate::handle::Handle;
use crate::introduction::{copied_text, lent, Introduction};
use crate::writer::{ChunkFlags, Phase};
use ferry_sys as sys;
use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::ops::Range;
use std::os::raw::c_void;
use std::{fmt, ptr};

/// What a stream gives, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// All devices are introduced.
    Devices {
        /// How many there are.
        count: u32,
    },
    /// A chunk of state: [`state`](Reader::state) has its bytes until the next record.
    State(Chunk),
    /// A device's state ends.
    Summary {
        /// The device.
        device: u16,
        /// The bytes of its state.
        state_size: u64,
        /// Whether all of it was decoded, and has the digest of the summary.
        is_verified: bool,
    },
    /// The content of the stream ends; its index follows.
    End {
        /// The number of devices.
        device_count: u32,
        /// The state bytes of all of them.
        state_size: u64,
    },
}

/// A chunk of a device's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The device.
    pub device: u16,
    /// Its place in the device's state.
    pub offset: u64,
    /// Its bytes.
    pub size: u64,
    /// When it was read.
    pub phase: Phase,
    /// The iteration of pre-copy.
    pub iteration: u32,
    /// What else is so of it.
    pub flags: ChunkFlags,
}

impl Record {
    /// None for `FERRY_RECORD_NONE`.
    fn new(record: &sys::ferry_record) -> Option<Record> {
        Some(match record.kind {
            sys::FERRY_RECORD_DEVICES => Record::Devices { count: record.device_count },
            sys::FERRY_RECORD_STATE => Record::State(Chunk {
                device: record.device as u16,
                offset: record.state_offset,
                size: record.state_size,
                phase: if record.phase == sys::FERRY_PHASE_PRE_COPY { Phase::PreCopy } else { Phase::StopCopy },
                iteration: record.iteration,
                flags: ChunkFlags(record.flags),
            }),
            sys::FERRY_RECORD_SUMMARY => Record::Summary {
                device: record.device as u16,
                state_size: record.state_size,
                is_verified: record.is_verified != 0,
            },
            sys::FERRY_RECORD_END => Record::End { device_count: record.device_count, state_size: record.state_size },
            _ => return None,
        })
    }
}

/// A reader of any kind.
#[derive(Debug, Default)]
struct Records {
    handle: Handle,
    // Where the record that came last begins.
    offset: u64,
}

impl Records {
    fn take(&mut self, record: &sys::ferry_record) -> Option<Record> {
        let found = Record::new(record)?;
        self.offset = record.offset;
        Some(found)
    }

    fn next(&mut self) -> Result<Option<Record>, Error> {
        let mut record = MaybeUninit::uninit();
        // SAFETY: the record has room for the answer.
        call(|error| unsafe { sys::ferry_reader_next(self.handle.number, record.as_mut_ptr(), error) })?;
        // SAFETY: a call that succeeds has written it.
        Ok(self.take(unsafe { record.assume_init_ref() }))
    }

    fn device(&self, number: u16) -> Result<Introduction, Error> {
        let mut device = MaybeUninit::uninit();
        // SAFETY: the device has room for the answer.
        call(|error| unsafe { sys::ferry_reader_device(self.handle.number, number, device.as_mut_ptr(), error) })?;
        // SAFETY: a call that succeeds has written it, and its pointers are good until the handle is closed.
        Ok(unsafe { Introduction::copied(device.assume_init_ref()) })
    }

    fn state(&mut self) -> Result<&[u8], Error> {
        let mut bytes = ptr::null();
        let mut size = 0;
        // SAFETY: the results are locals.
        call(|error| unsafe { sys::ferry_reader_state(self.handle.number, &mut bytes, &mut size, error) })?;
        // SAFETY: the bytes are good until the next call, which this borrow keeps out.
        Ok(unsafe { lent(bytes as *const u8, size) })
    }
}

/// A stream that is read from its start to its end, and has to be good.
///
/// It is an iterator over its records; a fault of the stream is given again by every later call.
pub struct Reader<R: Read> {
    records: Records,
    // A box, to which the library has the same pointer until the handle is closed.
    input: *mut R,
    is_at_end: bool,
    // The device of the chunk that a `StateReader` is at, and the bytes that it has given of it.
    chunk: Option<(u16, usize)>,
}

// SAFETY: a reader is its input and a number that is good on any thread. It is not `Sync`, for pointers are not.
unsafe impl<R: Read + Send> Send for Reader<R> {}

impl<R: Read> Reader<R> {
    /// A reader at the start of a stream.
    pub fn new(input: R) -> Result<Reader<R>, Error> {
        let input = Box::into_raw(Box::new(input));
        let mut reader = Reader { records: Records::default(), input, is_at_end: false, chunk: None };
        let source = callback::source(reader.input);
        // SAFETY: the input lives until the handle is closed.
        call(|error| unsafe { sys::ferry_reader_open(&source, &mut reader.records.handle.number, error) })?;
        Ok(reader)
    }

    /// Where the record that came last begins in the stream.
    pub fn offset(&self) -> u64 {
        self.records.offset
    }

    /// What the stream says of a device, once [`Record::Devices`] came.
    pub fn device(&self, number: u16) -> Result<Introduction, Error> {
        self.records.device(number)
    }

    /// The bytes of the [`Record::State`] that came last, decoded. Who does not ask does not pay for it, and the device
    /// is not verified then.
    pub fn state(&mut self) -> Result<&[u8], Error> {
        self.records.state()
    }

    /// The rest of the state of one device, to read; records of others are passed over. It ends with the device's
    /// summary, and fails unless that verifies the state. Asked for again before the next record is, it goes on in the
    /// chunk that it was at.
    pub fn state_of(&mut self, device: u16) -> StateReader<'_, R> {
        StateReader { reader: self, device, is_at_end: false }
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Record, Error>;

    fn next(&mut self) -> Option<Result<Record, Error>> {
        if self.is_at_end {
            return None;
        }
        self.chunk = None;
        let record = self.records.next().transpose();
        self.is_at_end = record.is_none();
        record
    }
}

impl<R: Read> fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("handle", &self.records.handle).finish()
    }
}

impl<R: Read> Drop for Reader<R> {
    fn drop(&mut self) {
        // First, for it has the pointer.
        drop(std::mem::take(&mut self.records));
        // SAFETY: the pointer came from a box, and the library has it no more.
        drop(unsafe { Box::from_raw(self.input) });
    }
}

/// The state of one device of a [`Reader`], as something to read.
#[derive(Debug)]
pub struct StateReader<'a, R: Read> {
    reader: &'a mut Reader<R>,
    device: u16,
    is_at_end: bool,
}

impl<R: Read> Read for StateReader<'_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.is_at_end || bytes.is_empty() {
                return Ok(0);
            }
            if let Some((device, position)) = self.reader.chunk {
                if device == self.device {
                    let count = (&self.reader.state()?[position..]).read(bytes)?;
                    if count > 0 {
                        self.reader.chunk = Some((device, position + count));
                        return Ok(count);
                    }
                }
            }
            match self.reader.next().transpose()? {
                Some(Record::State(chunk)) if chunk.device == self.device => {
                    self.reader.chunk = Some((self.device, 0));
                }
                Some(Record::Summary { device, is_verified, .. }) if device == self.device => {
                    if !is_verified {
                        let text = format!("device {}: its state was not verified", device);
                        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
                    }
                    self.is_at_end = true;
                }
                Some(_) => {}
                None => {
                    let text = format!("the stream has no more of device {}", self.device);
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
                }
            }
        }
    }
}

/// A stream whose bytes are given to the library as they come.
#[derive(Debug)]
pub struct PushReader {
    records: Records,
}

impl PushReader {
    /// A reader before the first byte.
    pub fn new() -> Result<PushReader, Error> {
        let mut records = Records::default();
        // SAFETY: a reader without a source has no pointers of the caller's.
        call(|error| unsafe { sys::ferry_reader_open(ptr::null(), &mut records.handle.number, error) })?;
        Ok(PushReader { records })
    }

    /// Takes from the front of `bytes`, which is left with the rest; none when all of them are taken. With no bytes the
    /// reader goes on with what it has.
    pub fn push(&mut self, bytes: &mut &[u8]) -> Result<Option<Record>, Error> {
        let mut taken = 0;
        let mut record = MaybeUninit::uninit();
        // SAFETY: the bytes live until the call returns, and the record has room for the answer.
        call(|error| unsafe {
            let start = bytes.as_ptr() as *const c_void;
            let number = self.records.handle.number;
            sys::ferry_reader_push(number, start, bytes.len(), &mut taken, record.as_mut_ptr(), error)
        })?;
        *bytes = &bytes[taken..];
        // SAFETY: a call that succeeds has written it.
        Ok(self.records.take(unsafe { record.assume_init_ref() }))
    }

    /// Says that no more comes: [`Status::TORN`] unless the stream is whole.
    pub fn finish(&mut self) -> Result<(), Error> {
        // SAFETY: the call has no pointers but the error's.
        call(|error| unsafe { sys::ferry_reader_finish(self.records.handle.number, error) })
    }

    /// Where the record that came last begins in the stream.
    pub fn offset(&self) -> u64 {
        self.records.offset
    }

    /// As of [`Reader::device`].
    pub fn device(&self, number: u16) -> Result<Introduction, Error> {
        self.records.device(number)
    }

    /// As of [`Reader::state`].
    pub fn state(&mut self) -> Result<&[u8], Error> {
        self.records.state()
    }
}

/// What a stream that is whole holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamTotals {
    /// State bytes.
    pub state_size: u64,
    /// Devices.
    pub device_count: u32,
    /// Devices whose state has no digest by an algorithm that the library knows.
    pub unverified_count: u32,
}

/// Reads a stream to its end, and holds every byte of it against checksums, digests, counts and index. The error is the
/// first fault.
pub fn verify(mut input: impl Read) -> Result<StreamTotals, Error> {
    let source = callback::source(&mut input);
    let mut totals = MaybeUninit::uninit();
    // SAFETY: the input lives until the call returns, and the totals have room for the answer.
    call(|error| unsafe { sys::ferry_stream_verify(&source, totals.as_mut_ptr(), error) })?;
    // SAFETY: a call that succeeds has written them.
    let totals: sys::ferry_stream_totals = unsafe { totals.assume_init() };
    Ok(StreamTotals {
        state_size: totals.state_size,
        device_count: totals.device_count,
        unverified_count: totals.unverified_count,
    })
}

/// What is intact of a stream in any condition.
///
/// It is an iterator over intact records, between which others may be missing: [`Chunk::offset`] tells, and at the end
/// [`damage`](Salvage::damage) and [`loss`](Salvage::loss).
pub struct Salvage<F: ReadAt> {
    records: Records,
    // As of a reader.
    input: *mut F,
    is_at_end: bool,
}

// SAFETY: as of a reader.
unsafe impl<F: ReadAt + Send> Send for Salvage<F> {}

impl<F: ReadAt> Salvage<F> {
    /// At the start of the stream; [`Status::NOT_A_STREAM`] if neither start nor end are those of one.
    pub fn new(mut input: F) -> Result<Salvage<F>, Error> {
        let size = input.size().map_err(|error| {
            let mut failure = Error::argument("input", "a size", error.to_string());
            failure.status = Status::SYSTEM;
            failure.system = error.raw_os_error();
            failure
        })?;
        let mut salvage =
            Salvage { records: Records::default(), input: Box::into_raw(Box::new(input)), is_at_end: false };
        let file = callback::file(salvage.input, size);
        // SAFETY: the input lives until the handle is closed.
        call(|error| unsafe { sys::ferry_reader_salvage(&file, &mut salvage.records.handle.number, error) })?;
        Ok(salvage)
    }

    /// Where the record that came last begins in the stream.
    pub fn offset(&self) -> u64 {
        self.records.offset
    }

    /// As of [`Reader::device`]; of one whose introduction is lost, nothing is known.
    pub fn device(&self, number: u16) -> Result<Introduction, Error> {
        self.records.device(number)
    }

    /// As of [`Reader::state`].
    pub fn state(&mut self) -> Result<&[u8], Error> {
        self.records.state()
    }

    /// What is wrong with the stream as a whole, once the iterator is at its end.
    pub fn damage(&self) -> Result<Damage, Error> {
        let mut damage = MaybeUninit::uninit();
        // SAFETY: the damage has room for the answer.
        call(|error| unsafe { sys::ferry_reader_damage(self.records.handle.number, damage.as_mut_ptr(), error) })?;
        // SAFETY: a call that succeeds has written it, and its pointers are good until the handle is closed.
        unsafe {
            let damage: sys::ferry_damage = damage.assume_init();
            Ok(Damage {
                condition: match damage.condition {
                    sys::FERRY_CONDITION_WHOLE => Condition::Whole,
                    sys::FERRY_CONDITION_INCOMPLETE => Condition::Incomplete,
                    _ => Condition::Damaged,
                },
                device_count: damage.device_count,
                missing_record_count: damage.missing_record_count,
                damaged: Ranges::copied(&damage.damaged),
                fault: copied_text(damage.message).map(|text| (Status(damage.fault), text)),
            })
        }
    }

    /// What is lost of a device, once the iterator is at its end.
    pub fn loss(&self, device: u16) -> Result<Loss, Error> {
        let mut loss = MaybeUninit::uninit();
        // SAFETY: the loss has room for the answer.
        call(|error| unsafe { sys::ferry_reader_loss(self.records.handle.number, device, loss.as_mut_ptr(), error) })?;
        // SAFETY: a call that succeeds has written it, and its pointers are good until the handle is closed.
        unsafe {
            let loss: sys::ferry_loss = loss.assume_init();
            Ok(Loss {
                is_whole: loss.is_whole != 0,
                is_identity_lost: loss.is_identity_lost != 0,
                intact_size: loss.intact_size,
                missing: Ranges::copied(&loss.missing),
                missing_from: if loss.missing_from == sys::FERRY_NOWHERE { None } else { Some(loss.missing_from) },
            })
        }
    }
}

impl<F: ReadAt> Iterator for Salvage<F> {
    type Item = Result<Record, Error>;

    fn next(&mut self) -> Option<Result<Record, Error>> {
        if self.is_at_end {
            return None;
        }
        let record = self.records.next().transpose();
        self.is_at_end = record.is_none();
        record
    }
}

impl<F: ReadAt> fmt::Debug for Salvage<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Salvage").field("handle", &self.records.handle).finish()
    }
}

impl<F: ReadAt> Drop for Salvage<F> {
    fn drop(&mut self) {
        // First, for it has the pointer.
        drop(std::mem::take(&mut self.records));
        // SAFETY: the pointer came from a box, and the library has it no more.
        drop(unsafe { Box::from_raw(self.input) });
    }
}

/// What a stream is, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// As it was written.
    Whole,
    /// What there is is good, but it is torn, or a record or the index is missing.
    Incomplete,
    /// Something is not as it was written.
    Damaged,
}

/// What is wrong with a stream as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The stream, in a word.
    pub condition: Condition,
    /// The devices that are known of.
    pub device_count: u32,
    /// Records that are missing by their numbers, of which nothing else is known.
    pub missing_record_count: u64,
    /// The bytes of the file that are no intact record.
    pub damaged: Ranges,
    /// The first fault, as [`verify`] gives it.
    pub fault: Option<(Status, String)>,
}

/// What is lost of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Whether nothing is: the state has the digest of its summary, and no record is missing that may have been the
    /// device's.
    pub is_whole: bool,
    /// Whether the record is lost that says which device it is.
    pub is_identity_lost: bool,
    /// State bytes that are intact.
    pub intact_size: u64,
    /// State bytes that are missing, as far as that is known.
    pub missing: Ranges,
    /// From where on more is missing, of unknown length.
    pub missing_from: Option<u64>,
}

/// Ranges of bytes in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges {
    /// The first 1,000.
    pub first: Vec<Range<u64>>,
    /// How many there are.
    pub count: u64,
    /// The bytes of all.
    pub size: u64,
}

impl Ranges {
    /// # Safety
    /// The pointer is good as the header says.
    unsafe fn copied(ranges: &sys::ferry_ranges) -> Ranges {
        // SAFETY: the caller says so.
        let first = unsafe { lent(ranges.ranges, ranges.count) };
        Ranges {
            first: first.iter().map(|range| range.offset..range.offset + range.size).collect(),
            count: ranges.all_count,
            size: ranges.all_size,
        }
    }
}
