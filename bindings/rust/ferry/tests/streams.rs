//! What the crate promises of streams, over the library that is linked.

use ferry::{
    Chunk, ChunkFlags, Compression, Condition, GuestSpace, Interrupts, Introduction, Msi, Msix, PasidBinding,
    PasidDomain, PciIdentity, Phase, PushReader, Reader, Record, Region, Salvage, Status, StreamTotals, Writer,
    WriterOptions,
};
use std::fs;
use std::io::{self, Cursor, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..").join(path)
}

fn device() -> Introduction {
    Introduction {
        name: Some("0000:3b:00.2".to_owned()),
        driver: Some("nvme_vfio_pci".to_owned()),
        pci: Some(PciIdentity {
            vendor_id: 0x144d,
            device_id: 0xa824,
            subsystem: Some((0x1028, 0x1234)),
            class: Some((0x01_0802, 3)),
        }),
        migration_flags: Some(7),
        stop_copy_size: Some(4096),
        guest_ran: Some(true),
        regions: vec![Region { index: 0, flags: 3, size: 0x4000 }, Region { index: 7, flags: 1, size: 4096 }],
        physical: Some((0..255).collect()),
        guest_space: Some(GuestSpace {
            shown: (0..=255).collect(),
            emulated_bits: Some((0..=255).rev().collect()),
            profile_name: Some("nvme.v1".to_owned()),
            profile_digest: Some("8c5c8abccf110cdbc9a0b2da97268536e25d74dba022f44ce60630fc8c4d0be2".to_owned()),
        }),
        interrupts: Interrupts {
            asserted_pins: Some(1),
            msi: Some(Msi { control: 0x80, address: 0xfee0_0000, data: 33, mask_bits: 1, pending_bits: 2 }),
            msix: Some(Msix { control: 0x8003, table: vec![9; 64], pending_bits: vec![1, 0, 0, 0, 0, 0, 0, 0] }),
        },
        domains: vec![
            PasidDomain { id: 1, ..PasidDomain::default() },
            PasidDomain { id: 4, has_fault_queue: true, nested: Some((1, vec![9, 8, 7])) },
        ],
        bindings: vec![
            PasidBinding { pasid: 5, domain: 1, ..PasidBinding::default() },
            PasidBinding { pasid: 0xfffff, domain: 4, allows_execute: true, allows_privileged: true },
        ],
    }
}

/// Text-like, so that it shrinks.
fn state(device: u64, size: usize) -> Vec<u8> {
    let mut seed = 2_463_534_242 + device;
    (0..size)
        .map(|_| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed % 5) as u8
        })
        .collect()
}

const SIZES: [usize; 2] = [1_500_000, 1000];

/// Two devices, the first in two phases, whose chunks alternate.
fn written(options: &WriterOptions) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), options).unwrap();
    assert_eq!(writer.introduce(&device()).unwrap(), 0);
    assert_eq!(writer.introduce(&Introduction::default()).unwrap(), 1);
    let (first, second) = (state(0, SIZES[0]), state(1, SIZES[1]));
    let flags = ChunkFlags(ChunkFlags::INITIAL.0 | ChunkFlags::LAST_OF_INITIAL.0);
    writer.add(0, Phase::PreCopy, 2, flags, &first[..300_000]).unwrap();
    writer.state(1, Phase::StopCopy).write_all(&second).unwrap();
    let mut rest = &first[300_000..];
    io::copy(&mut rest, &mut writer.state(0, Phase::StopCopy)).unwrap();
    assert_eq!(writer.introduce(&device()).unwrap_err().status, Status::MISPLACED);
    writer.finish().unwrap()
}

fn small() -> WriterOptions {
    WriterOptions {
        compression: Compression::Zstd(3),
        chunk_size: 1 << 16,
        window_size: 1 << 18,
        time: Some(1_700_000_000),
        producer: Some("a VMM 1.0".to_owned()),
        kernel_release: Some("6.12.0".to_owned()),
        machine: Some("x86_64".to_owned()),
    }
}

/// Holds records and their state against what was written.
#[derive(Default)]
struct Checked {
    states: [Vec<u8>; 2],
    kinds: Vec<&'static str>,
    pre_copied: usize,
}

impl Checked {
    fn take(&mut self, record: Record, state: &[u8]) {
        match record {
            Record::Devices { count } => {
                assert_eq!(count, 2);
                self.kinds.push("devices");
            }
            Record::State(chunk) => {
                let all = &mut self.states[usize::from(chunk.device)];
                assert_eq!((chunk.offset, chunk.size), (all.len() as u64, state.len() as u64));
                all.extend_from_slice(state);
                if chunk.phase == Phase::PreCopy {
                    assert_eq!((chunk.device, chunk.iteration), (0, 2));
                    assert_ne!(chunk.flags.0 & ChunkFlags::INITIAL.0, 0);
                    self.pre_copied += state.len();
                }
            }
            Record::Summary { device, state_size, is_verified } => {
                assert_eq!((state_size, is_verified), (SIZES[usize::from(device)] as u64, true));
                self.kinds.push("summary");
            }
            Record::End { device_count, state_size } => {
                assert_eq!((device_count, state_size), (2, (SIZES[0] + SIZES[1]) as u64));
                self.kinds.push("end");
            }
        }
    }

    fn end(&self) {
        assert_eq!(self.kinds, ["devices", "summary", "summary", "end"]);
        assert_eq!(self.pre_copied, 300_000);
        for (number, (found, size)) in self.states.iter().zip(SIZES).enumerate() {
            assert!(*found == state(number as u64, size));
        }
    }
}

#[test]
fn what_is_written_is_read() {
    let raw = WriterOptions { compression: Compression::Raw, ..WriterOptions::default() };
    for options in [WriterOptions::default(), small(), raw] {
        let stream = written(&options);
        let mut reader = Reader::new(&stream[..]).unwrap();
        assert_eq!(reader.device(0).unwrap_err().status, Status::ORDER);
        let mut checked = Checked::default();
        while let Some(record) = reader.next() {
            let record = record.unwrap();
            let bytes = if let Record::State(_) = record { reader.state().unwrap() } else { &[] };
            checked.take(record, bytes);
        }
        checked.end();
        assert!(reader.next().is_none());
        assert_eq!(reader.device(0).unwrap(), device());
        assert_eq!(reader.device(1).unwrap(), Introduction::default());
        assert_eq!(reader.device(2).unwrap_err().status, Status::ARGUMENT);
    }
}

#[test]
fn what_is_pushed_is_read() {
    let stream = written(&small());
    for piece in [37, 4096, stream.len()] {
        let mut reader = PushReader::new().unwrap();
        let mut checked = Checked::default();
        for mut bytes in stream.chunks(piece) {
            while let Some(record) = reader.push(&mut bytes).unwrap() {
                let state = if let Record::State(_) = record { reader.state().unwrap() } else { &[] };
                checked.take(record, state);
            }
            assert!(bytes.is_empty());
        }
        reader.finish().unwrap();
        checked.end();
        assert_eq!(reader.device(0).unwrap(), device());
        assert_eq!(reader.push(&mut &[0][..]).unwrap_err().status, Status::ORDER);
    }
    let mut reader = PushReader::new().unwrap();
    assert_eq!(reader.finish().unwrap_err().status, Status::NOT_A_STREAM);
}

#[test]
fn a_state_is_read_and_verified() {
    let stream = written(&small());
    for number in [0, 1] {
        let mut reader = Reader::new(&stream[..]).unwrap();
        let mut bytes = Vec::new();
        reader.state_of(number).read_to_end(&mut bytes).unwrap();
        assert!(bytes == state(number.into(), SIZES[usize::from(number)]));
    }
    // In pieces, each of which begins where the last one ended.
    let mut reader = Reader::new(&stream[..]).unwrap();
    let (mut bytes, mut piece) = (Vec::new(), [0; 50_000]);
    while bytes.len() < SIZES[0] {
        let count = reader.state_of(0).read(&mut piece).unwrap();
        bytes.extend_from_slice(&piece[..count]);
    }
    assert!(bytes == state(0, SIZES[0]));
    assert_eq!(reader.state_of(0).read(&mut piece).unwrap(), 0); // and verified

    let mut reader = Reader::new(&stream[..]).unwrap();
    let error = reader.state_of(2).read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string()),
        (ErrorKind::UnexpectedEof, "the stream has no more of device 2".into())
    );
    let error = Reader::new(&stream[..9000]).unwrap().state_of(0).read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert_eq!(error.get_ref().unwrap().downcast_ref::<ferry::Error>().unwrap().status, Status::TORN);
    let mut reader = Reader::new(&stream[..]).unwrap();
    let chunk = reader.by_ref().find(|record| matches!(record, Ok(Record::State(Chunk { device: 0, .. }))));
    assert!(chunk.is_some()); // and was not decoded
    let error = reader.state_of(0).read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string()),
        (ErrorKind::InvalidData, "device 0: its state was not verified".into())
    );
}

#[test]
fn a_fault_says_where() {
    let mut stream = written(&small());
    let totals = StreamTotals { state_size: (SIZES[0] + SIZES[1]) as u64, device_count: 2, unverified_count: 0 };
    assert_eq!(ferry::verify(&stream[..]).unwrap(), totals);
    let torn = ferry::verify(&stream[..stream.len() - 1]).unwrap_err();
    assert_eq!(torn.status, Status::TORN);
    let at = stream.len() / 2;
    stream[at] ^= 1;
    let error = ferry::verify(&stream[..]).unwrap_err();
    assert_eq!(error.status, Status::CHECKSUM);
    assert!(error.offset.unwrap() <= at as u64 && error.record.is_some() && error.device == Some(0));
    assert!(!error.expected.is_empty() && !error.found.is_empty() && error.to_string() == *error.message);
    let again: Vec<_> = Reader::new(&stream[..])
        .unwrap()
        .map(|record| record.map_err(|e| e.status))
        .take_while(Result::is_ok)
        .collect();
    assert!(again.len() > 1);
}

#[test]
fn damage_is_passed_over() {
    let mut stream = written(&small());
    let at = stream.len() / 2;
    stream[at] ^= 1;
    let mut salvage = Salvage::new(Cursor::new(&stream)).unwrap();
    assert_eq!(salvage.damage().unwrap_err().status, Status::ORDER);
    let (mut intact, expected) = ([0, 0], [state(0, SIZES[0]), state(1, SIZES[1])]);
    while let Some(record) = salvage.next() {
        if let Record::State(chunk) = record.unwrap() {
            let number = usize::from(chunk.device);
            let bytes = salvage.state().unwrap();
            assert!(bytes == &expected[number][chunk.offset as usize..][..bytes.len()]);
            intact[number] += bytes.len();
        }
    }
    let damage = salvage.damage().unwrap();
    assert_eq!((damage.condition, damage.device_count), (Condition::Damaged, 2));
    assert_eq!(damage.fault.unwrap().0, Status::CHECKSUM);
    assert!(damage.damaged.count >= 1 && damage.damaged.first[0].contains(&(at as u64)));
    let loss = salvage.loss(0).unwrap();
    assert!(!loss.is_whole && !loss.is_identity_lost && loss.missing_from.is_none());
    assert_eq!(loss.intact_size, intact[0] as u64);
    assert_eq!(loss.intact_size + loss.missing.size, SIZES[0] as u64);
    assert!(salvage.loss(1).unwrap().is_whole);
    assert_eq!(salvage.loss(2).unwrap_err().status, Status::ARGUMENT);
    assert_eq!(salvage.device(0).unwrap(), device());

    let torn = project("corpora/streams/torn.dms");
    let mut salvage = Salvage::new(fs::File::open(torn).unwrap()).unwrap();
    assert!(salvage.by_ref().all(|record| record.is_ok()));
    assert_eq!(salvage.damage().unwrap().condition, Condition::Incomplete);
    assert_eq!(Salvage::new(Cursor::new([0; 5000])).unwrap_err().status, Status::NOT_A_STREAM);
}

struct Failing;

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::from_raw_os_error(104))
    }
}

#[derive(Debug)]
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        assert!(self.0 != 13, "as it was told");
        self.0 = self.0.checked_sub(bytes.len()).ok_or_else(|| io::Error::from_raw_os_error(28))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn callers_errors_and_panics_are_errors() {
    let error = Reader::new(Failing).unwrap().next().unwrap().unwrap_err();
    assert_eq!((error.status, error.system), (Status::CALLBACK, Some(104)));
    assert_eq!(ferry::verify(Failing).unwrap_err().system, Some(104));
    let error = Writer::new(Full(10), &WriterOptions::default()).unwrap_err();
    assert_eq!((error.status, error.system), (Status::CALLBACK, Some(28)));
    assert_eq!(Writer::new(Full(13), &WriterOptions::default()).unwrap_err().system, Some(5));
    let mut writer = Writer::new(Full(2000), &WriterOptions::default()).unwrap();
    writer.introduce(&Introduction::default()).unwrap();
    let error = writer.state(0, Phase::StopCopy).write_all(&state(0, 3_000_000)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other);
    assert_eq!(writer.finish().unwrap_err().status, Status::CALLBACK); // nothing may follow what is missing
}

#[test]
fn bad_arguments_are_errors() {
    let bad = |change: fn(&mut Introduction)| {
        let mut introduction = device();
        change(&mut introduction);
        Writer::new(Vec::new(), &WriterOptions::default()).unwrap().introduce(&introduction).unwrap_err().status
    };
    assert_eq!(bad(|device| device.name = Some("a\0b".into())), Status::ARGUMENT);
    assert_eq!(bad(|device| device.physical = Some(vec![0; 4097])), Status::LIMIT);
    assert_eq!(bad(|device| device.domains.clear()), Status::ARGUMENT);
    assert_eq!(bad(|device| device.guest_space.as_mut().unwrap().emulated_bits = Some(vec![1])), Status::ARGUMENT);
    let options = WriterOptions { compression: Compression::Zstd(23), ..WriterOptions::default() };
    assert_eq!(Writer::new(Vec::new(), &options).unwrap_err().status, Status::ARGUMENT);
    let options = WriterOptions { producer: Some("\0".into()), ..WriterOptions::default() };
    assert_eq!(Writer::new(Vec::new(), &options).unwrap_err().status, Status::ARGUMENT);
}

#[test]
fn writers_and_readers_move_to_other_threads() {
    let mut writer = Writer::new(Vec::new(), &WriterOptions::default()).unwrap();
    writer.introduce(&device()).unwrap();
    let stream = std::thread::spawn(move || writer.finish().unwrap()).join().unwrap();
    let mut reader = Reader::new(Cursor::new(stream)).unwrap();
    reader.next().unwrap().unwrap();
    let found = std::thread::spawn(move || reader.device(0).unwrap()).join().unwrap();
    assert_eq!(found, device());
}
