//! What libferry answers to given input is what `corpora/vectors` says, as in C and Python.

#[path = "support/json.rs"]
mod json;

use ferry::{
    ChunkFlags, Compression, ConfigAccess, Error, Field, GuestSpace, Host, Interrupts, Introduction, IommuFacts, Msi,
    Msix, PasidBinding, PasidDomain, PciIdentity, Phase, Profile, PushReader, Ranges, Record, Region, Salvage, Space,
    SpaceState, State, Status, Translation, Value, Verdict, Writer, WriterOptions,
};
use json::Json;
use std::fs;
use std::io::Cursor;
use std::path::Path;

fn corpus(path: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../corpora").join(path);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {}", path.display(), error))
}

fn vectors(name: &str) -> Json {
    Json::parse(&String::from_utf8(corpus(&format!("vectors/{}.json", name))).unwrap())
}

// ---- Bytes.

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{:02x}", byte)).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
}

/// The bytes of rows.
fn unrolled(given: &Json) -> Vec<u8> {
    let mut bytes = vec![0; given.at("size").number() as usize];
    for row in given.at("rows").list() {
        let (offset, row) = row.text().unwrap().split_once(": ").unwrap();
        let (offset, row) = (usize::from_str_radix(offset, 16).unwrap(), unhex(row));
        bytes[offset..offset + row.len()].copy_from_slice(&row);
    }
    bytes
}

fn rows(bytes: &[u8]) -> Json {
    let rows: Vec<Json> = bytes
        .chunks(16)
        .enumerate()
        .filter(|(_, row)| row.iter().any(|byte| *byte != 0))
        .map(|(index, row)| format!("{:03x}: {}", 16 * index, hex(row)).as_str().into())
        .collect();
    Json::map([("size", (bytes.len() as u64).into()), ("rows", rows.into())])
}

fn fnv1a(bytes: &[u8]) -> Json {
    let sum = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{:016x}", sum).as_str().into()
}

fn summed(bytes: &[u8]) -> Json {
    let mut found = Json::map([("size", (bytes.len() as u64).into()), ("fnv1a", fnv1a(bytes))]);
    if bytes.len() <= 256 {
        found.set("bytes", hex(bytes).as_str().into());
    }
    found
}

/// A file of corpora, with what the case does to it.
fn changed(case: &Json, file: &str) -> Vec<u8> {
    let mut bytes = corpus(case.at(file).text().unwrap());
    if case.has("truncate") {
        bytes.truncate(case.at("truncate").number() as usize);
    }
    for flip in case.at("flip").list() {
        bytes[flip.list()[0].number() as usize] ^= flip.list()[1].number() as u8;
    }
    bytes.extend(unhex(case.at("append").text().unwrap_or("")));
    bytes
}

fn failed(error: &Error) -> Json {
    let mut found = Json::map([
        ("status", error.status.name().unwrap().into()),
        ("code", (error.status.0 as u64).into()),
        ("message", (*error.message).into()),
    ]);
    let mut put = |name: &str, number: Option<u64>| {
        if let Some(number) = number {
            found.set(name, number.into());
        }
    };
    put("system", error.system.map(|number| number as u64));
    put("offset", error.offset);
    put("line", error.line.map(|(line, _)| line.into()));
    put("column", error.line.map(|(_, column)| column.into()));
    put("record", error.record.map(u64::from));
    put("device", error.device.map(u64::from));
    for (name, text) in [("expected", &error.expected), ("found", &error.found)] {
        if !text.is_empty() {
            found.set(name, (**text).into());
        }
    }
    found
}

/// Runs every case of a file. Those whose input the crate's types cannot say give none, and are these.
fn run(file: &str, inexpressible: &[&str], mut answer: impl FnMut(&Json, &Json) -> Option<Result<Json, Error>>) {
    let vectors = vectors(file);
    let cases = vectors.at("cases").list();
    assert!(!cases.is_empty());
    let mut skipped = Vec::new();
    for case in cases {
        let name = case.at("name").text().unwrap();
        match answer(&vectors, case) {
            None => skipped.push(name),
            Some(Ok(result)) => assert_eq!(&result, case.at("result"), "{}", name),
            Some(Err(error)) => assert_eq!(&failed(&error), case.at("error"), "{}", name),
        }
    }
    assert_eq!(skipped, inexpressible);
}

#[test]
fn statuses() {
    let vectors = vectors("errors");
    let statuses = match vectors.at("statuses") {
        Json::Map(statuses) => statuses,
        other => panic!("{:?}", other),
    };
    for (name, number) in statuses {
        assert_eq!(Status(number.number() as i32).name(), Some(name.as_str()));
    }
    let known = (0..4096).filter(|number| Status(*number).name().is_some()).count();
    assert_eq!(known, statuses.len());
}

// ---- vPCI.

fn loaded(case: &Json) -> Result<Profile, Error> {
    match case.at("profile").text() {
        Some(path) => Profile::load(&corpus(path)),
        None => Profile::load(case.at("text").text().unwrap().as_bytes()),
    }
}

/// The space that a host of a case is of.
fn space_of(vectors: &Json, case: &Json) -> Vec<u8> {
    unrolled(vectors.at("spaces").at(case.at("host").at("space").text().unwrap()))
}

/// None if there are flags that the crate has no name for.
fn host<'a>(given: &Json, space: &'a [u8]) -> Option<Host<'a>> {
    let size = if given.has("space_size") { given.at("space_size").number() as usize } else { space.len() };
    let flags = given.at("flags").number();
    let mut host = Host::new(&space[..size]);
    if let Some(label) = given.at("label").text() {
        host.label = label.to_owned();
    }
    for size in given.at("bar_sizes").list() {
        host.bar_sizes[size.list()[0].number() as usize] = size.list()[1].number();
    }
    if flags & 1 != 0 {
        host.ids = Some((given.at("vendor_id").number() as u16, given.at("device_id").number() as u16));
    }
    host.is_vfio_region = flags & 2 != 0;
    host.is_cut = flags & 4 != 0;
    if flags & 8 != 0 {
        host.iommu = Some(IommuFacts {
            pasid_width: given.at("pasid_width").number() as u32,
            allows_execute: flags & 16 != 0,
            allows_privileged: flags & 32 != 0,
        });
    }
    if flags < 64 {
        Some(host)
    } else {
        None
    }
}

#[derive(Default)]
struct Device {
    bytes: Vec<u8>,
    errno: i32,
    writes: Vec<Json>,
}

impl Device {
    fn answer(&self) -> Result<(), i32> {
        match self.errno {
            0 => Ok(()),
            errno => Err(errno),
        }
    }
}

impl ConfigAccess for Device {
    fn read(&mut self, offset: u32, size: u32) -> Result<u32, i32> {
        self.answer()?;
        Ok((0..size).fold(0, |value, i| value | u32::from(self.bytes[(offset + i) as usize]) << (8 * i)))
    }

    fn write(&mut self, offset: u32, size: u32, value: u32) -> Result<(), i32> {
        self.writes.push(vec![u64::from(offset).into(), u64::from(size).into(), u64::from(value).into()].into());
        self.answer()?;
        for i in 0..size {
            self.bytes[(offset + i) as usize] = (value >> (8 * i)) as u8;
        }
        Ok(())
    }
}

#[test]
fn profiles() {
    run("profiles", &["check: a flag that is not known"], |vectors, case| {
        let call = case.at("call").text().unwrap();
        if call == "load" {
            return Some(loaded(case).and_then(|profile| {
                let (name, digest) = profile.name()?;
                let bytes = rows(&profile.synthesize()?);
                Ok(Json::map([("name", name.as_str().into()), ("digest", digest.as_str().into()), ("bytes", bytes)]))
            }));
        }
        let bytes = space_of(vectors, case);
        let host = host(case.at("host"), &bytes)?;
        let profile = loaded(case).unwrap();
        Some(match call {
            "check" => profile.check(&host).map(|check| {
                let verdict = match check.verdict {
                    Verdict::Can => 0,
                    Verdict::Cannot => 1,
                    Verdict::Unknown => 2,
                };
                Json::map([("verdict", verdict.into()), ("report", check.report.as_str().into())])
            }),
            "open" => profile.serve(&host, Device::default()).map(|_| Json::map([])),
            _ => panic!("{}", call),
        })
    });
}

fn step(space: &mut Space<Device>, saved: &mut Option<SpaceState>, step: &Json) -> Result<Json, Error> {
    let mut done = step.clone();
    let (offset, size) = (step.at("offset").number() as u32, step.at("size").number() as u32);
    match step.at("call").text().unwrap() {
        "read" => done.set("value", u64::from(space.read(offset, size)?).into()),
        "read_all" => {
            let mut bytes = Vec::new();
            for offset in (0..step.at("end").number() as u32).step_by(size as usize) {
                bytes.extend_from_slice(&space.read(offset, size)?.to_le_bytes()[..size as usize]);
            }
            done.set("bytes", rows(&bytes));
        }
        "write" => {
            let effects = space.write(offset, size, step.at("value").number() as u32)?;
            done.set("effects", u64::from(effects.0).into());
        }
        "reset" => space.reset()?,
        "fail" => space.device().errno = step.at("errno").number() as i32,
        "save" => {
            let state = space.save()?;
            done.set("shown", rows(state.shown()));
            done.set("emulated_bits", rows(state.emulated_bits()));
            done.set("profile_name", state.profile_name().as_str().into());
            done.set("profile_digest", state.profile_digest().as_str().into());
            *saved = Some(state);
        }
        "restore" => {
            let state = saved.as_ref().unwrap();
            let own = state.profile_digest();
            let digest = step.at("profile_digest").text().unwrap_or(&own);
            let state = SpaceState::new(state.shown(), state.emulated_bits(), &state.profile_name(), digest).unwrap();
            space.restore(&state)?;
        }
        other => panic!("{}", other),
    }
    Ok(done)
}

#[test]
fn configuration_spaces() {
    run("config-space", &[], |vectors, case| {
        let bytes = space_of(vectors, case);
        let profile = loaded(case).unwrap();
        let mut device = Device { bytes: bytes.clone(), ..Device::default() };
        device.bytes.resize(4096, 0);
        let host = host(case.at("host"), &bytes)?;
        Some(profile.serve(&host, device).map(|mut space| {
            let mut saved = None;
            let mut steps = Vec::new();
            for expected in case.at("result").at("steps").list() {
                // The results are taken out again by what the step comes to.
                let mut given = expected.clone();
                if let Json::Map(members) = &mut given {
                    let is_write = members["call"] == Json::from("write");
                    members.retain(|name, _| {
                        ["call", "offset", "size", "end", "errno"].contains(&name.as_str())
                            || (name == "value" && is_write)
                            || (name == "profile_digest" && expected.at("call").text() == Some("restore"))
                    });
                }
                steps.push(step(&mut space, &mut saved, &given).unwrap_or_else(|error| {
                    given.set("error", failed(&error));
                    given
                }));
            }
            let writes = space.device().writes.clone();
            Json::map([("steps", steps.into()), ("device_writes", writes.into())])
        }))
    });
}

// ---- Streams.

/// A device as the vectors have it: its members that are not 0 or NULL.
fn described(device: &Introduction) -> Json {
    let mut found = Json::map([]);
    let mut parts = 0;
    let mut number = |found: &mut Json, part: u64, values: &[(&str, u64)]| {
        parts |= part;
        for (name, value) in values.iter().filter(|(_, value)| *value != 0) {
            found.set(name, (*value).into());
        }
    };
    if let Some(pci) = device.pci {
        number(&mut found, 1, &[("vendor_id", pci.vendor_id.into()), ("device_id", pci.device_id.into())]);
        if let Some((vendor, id)) = pci.subsystem {
            number(&mut found, 2, &[("subsystem_vendor_id", vendor.into()), ("subsystem_id", id.into())]);
        }
        if let Some((code, revision)) = pci.class {
            number(&mut found, 4, &[("class_code", code.into()), ("revision_id", revision.into())]);
        }
    }
    if let Some(flags) = device.migration_flags {
        number(&mut found, 8, &[("migration_flags", flags)]);
    }
    if let Some(size) = device.stop_copy_size {
        number(&mut found, 16, &[("stop_copy_size", size)]);
    }
    if let Some(ran) = device.guest_ran {
        number(&mut found, 32, &[("circumstances", ran.into())]);
    }
    if parts != 0 {
        found.set("parts", parts.into());
    }
    let space = device.guest_space.clone().unwrap_or_default();
    let texts = [
        ("name", &device.name),
        ("driver", &device.driver),
        ("profile_name", &space.profile_name),
        ("profile_digest", &space.profile_digest),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            found.set(name, text.as_str().into());
        }
    }
    let shown = if device.guest_space.is_some() { Some(&space.shown) } else { None };
    let images =
        [("physical", device.physical.as_ref()), ("shown", shown), ("emulated_bits", space.emulated_bits.as_ref())];
    for (name, image) in images {
        if let Some(image) = image {
            found.set(name, rows(image));
        }
    }
    let list = |numbers: [u64; 3]| Json::List(numbers.into_iter().map(Json::from).collect());
    let regions: Vec<_> =
        device.regions.iter().map(|each| list([each.index.into(), each.flags.into(), each.size])).collect();
    let bindings: Vec<_> = device
        .bindings
        .iter()
        .map(|each| {
            let permissions = u64::from(each.allows_execute) | u64::from(each.allows_privileged) << 1;
            list([each.pasid.into(), each.domain.into(), permissions])
        })
        .collect();
    let domains: Vec<_> = device
        .domains
        .iter()
        .map(|each| {
            let (kind, data) = each.nested.clone().unwrap_or_default();
            Json::map([
                ("id", u64::from(each.id).into()),
                ("has_fault_queue", u64::from(each.has_fault_queue).into()),
                ("is_nested", u64::from(each.nested.is_some()).into()),
                ("data_type", u64::from(kind).into()),
                ("data", hex(&data).as_str().into()),
            ])
        })
        .collect();
    for (name, all) in [("regions", regions), ("bindings", bindings), ("domains", domains)] {
        if !all.is_empty() {
            found.set(name, all.into());
        }
    }
    let interrupts = programmed(&device.interrupts);
    if interrupts != Json::map([]) {
        found.set("interrupts", interrupts);
    }
    found
}

fn programmed(interrupts: &Interrupts) -> Json {
    let mut numbers: Vec<(&str, u64)> = Vec::new();
    let mut parts = 0;
    if let Some(pins) = interrupts.asserted_pins {
        parts |= 1;
        numbers.push(("asserted_pins", pins.into()));
    }
    if let Some(msi) = interrupts.msi {
        parts |= 2;
        numbers.extend([
            ("msi_control", msi.control.into()),
            ("msi_address", msi.address),
            ("msi_data", msi.data.into()),
            ("msi_mask_bits", msi.mask_bits.into()),
            ("msi_pending_bits", msi.pending_bits.into()),
        ]);
    }
    let mut found = Json::map([]);
    if let Some(msix) = &interrupts.msix {
        parts |= 4;
        numbers.push(("msix_control", msix.control.into()));
        found.set("msix_table", hex(&msix.table).as_str().into());
        found.set("msix_pending_bits", hex(&msix.pending_bits).as_str().into());
    }
    numbers.push(("parts", parts));
    for (name, number) in numbers.into_iter().filter(|(_, number)| *number != 0) {
        found.set(name, number.into());
    }
    found
}

/// The other way; none for what the crate's types cannot say.
fn introduction(given: &Json) -> Option<Introduction> {
    let text = |name: &str| given.at(name).text().map(str::to_owned);
    let image = |name: &str| if given.has(name) { Some(unrolled(given.at(name))) } else { None };
    let number = |name: &str| given.at(name).number();
    let parts = number("parts");
    let when = |part: u64, value: u64| if parts & part != 0 { Some(value) } else { None };
    if parts & 7 > 1 && parts & 1 == 0 {
        return None;
    }
    let mut bindings = Vec::new();
    for each in given.at("bindings").list() {
        let numbers = each.numbers();
        if numbers[2] > 3 {
            return None;
        }
        bindings.push(PasidBinding {
            pasid: numbers[0] as u32,
            domain: numbers[1] as u32,
            allows_execute: numbers[2] & 1 != 0,
            allows_privileged: numbers[2] & 2 != 0,
        });
    }
    Some(Introduction {
        name: text("name"),
        driver: text("driver"),
        pci: when(1, 0).map(|_| PciIdentity {
            vendor_id: number("vendor_id") as u16,
            device_id: number("device_id") as u16,
            subsystem: when(2, 0).map(|_| (number("subsystem_vendor_id") as u16, number("subsystem_id") as u16)),
            class: when(4, 0).map(|_| (number("class_code") as u32, number("revision_id") as u8)),
        }),
        migration_flags: when(8, number("migration_flags")),
        stop_copy_size: when(16, number("stop_copy_size")),
        guest_ran: when(32, number("circumstances")).map(|bits| bits & 1 != 0),
        regions: given
            .at("regions")
            .list()
            .iter()
            .map(|each| {
                let numbers = each.numbers();
                Region { index: numbers[0] as u32, flags: numbers[1] as u32, size: numbers[2] }
            })
            .collect(),
        physical: image("physical"),
        guest_space: image("shown").map(|shown| GuestSpace {
            shown,
            emulated_bits: image("emulated_bits"),
            profile_name: text("profile_name"),
            profile_digest: text("profile_digest"),
        }),
        interrupts: if given.has("interrupts") {
            let given = given.at("interrupts");
            let number = |name: &str| given.at(name).number();
            let bytes = |name: &str| unhex(given.at(name).text().unwrap_or(""));
            let when = |part: u64| if number("parts") & part != 0 { Some(()) } else { None };
            Interrupts {
                asserted_pins: when(1).map(|_| number("asserted_pins") as u8),
                msi: when(2).map(|_| Msi {
                    control: number("msi_control") as u16,
                    address: number("msi_address"),
                    data: number("msi_data") as u32,
                    mask_bits: number("msi_mask_bits") as u32,
                    pending_bits: number("msi_pending_bits") as u32,
                }),
                msix: when(4).map(|_| Msix {
                    control: number("msix_control") as u16,
                    table: bytes("msix_table"),
                    pending_bits: bytes("msix_pending_bits"),
                }),
            }
        } else {
            Interrupts::default()
        },
        domains: given
            .at("domains")
            .list()
            .iter()
            .map(|each| PasidDomain {
                id: each.at("id").number() as u32,
                has_fault_queue: each.at("has_fault_queue").number() != 0,
                nested: if each.at("is_nested").number() == 0 {
                    None
                } else {
                    Some((each.at("data_type").number() as u32, unhex(each.at("data").text().unwrap())))
                },
            })
            .collect(),
        bindings,
    })
}

fn read_all(
    reader: &mut PushReader,
    mut bytes: &[u8],
    found: &mut [Vec<Json>; 2],
    states: &mut Vec<Vec<u8>>,
) -> Result<(), Error> {
    while let Some(record) = reader.push(&mut bytes)? {
        let mut entry = match record {
            Record::Devices { count } => {
                for number in 0..count {
                    found[0].push(described(&reader.device(number as u16)?));
                    states.push(Vec::new());
                }
                Json::map([("kind", "devices".into())])
            }
            Record::State(chunk) => {
                states[usize::from(chunk.device)].extend_from_slice(reader.state()?);
                Json::map([
                    ("kind", "state".into()),
                    ("device", u64::from(chunk.device).into()),
                    ("state_offset", chunk.offset.into()),
                    ("state_size", chunk.size.into()),
                    ("phase", if chunk.phase == Phase::PreCopy { 1 } else { 2 }.into()),
                    ("iteration", u64::from(chunk.iteration).into()),
                    ("flags", u64::from(chunk.flags.0).into()),
                ])
            }
            Record::Summary { device, state_size, is_verified } => Json::map([
                ("kind", "summary".into()),
                ("device", u64::from(device).into()),
                ("state_size", state_size.into()),
                ("is_verified", u64::from(is_verified).into()),
            ]),
            Record::End { device_count, state_size } => Json::map([
                ("kind", "end".into()),
                ("device_count", u64::from(device_count).into()),
                ("state_size", state_size.into()),
            ]),
        };
        entry.set("offset", reader.offset().into());
        found[1].push(entry);
    }
    reader.finish()
}

fn decoded(case: &Json) -> Json {
    let (mut found, mut states) = ([Vec::new(), Vec::new()], Vec::new());
    let mut reader = PushReader::new().unwrap();
    let ended = read_all(&mut reader, &changed(case, "stream"), &mut found, &mut states);
    let [devices, records] = found;
    let states: Vec<_> = states.iter().map(|state| summed(state)).collect();
    let mut result = Json::map([("devices", devices.into()), ("records", records.into()), ("states", states.into())]);
    if let Err(error) = ended {
        result.set("error", failed(&error));
    }
    result
}

fn ranges(ranges: &Ranges) -> Json {
    let first: Vec<Json> =
        ranges.first.iter().map(|each| vec![each.start.into(), (each.end - each.start).into()].into()).collect();
    Json::map([("ranges", first.into()), ("count", ranges.count.into()), ("size", ranges.size.into())])
}

fn salvaged(case: &Json) -> Result<Json, Error> {
    let mut salvage = Salvage::new(Cursor::new(changed(case, "stream")))?;
    let mut chunks: Vec<Json> = Vec::new();
    while let Some(record) = salvage.next() {
        if let Record::State(chunk) = record? {
            let sum = fnv1a(salvage.state()?);
            chunks.push(vec![u64::from(chunk.device).into(), chunk.offset.into(), chunk.size.into(), sum].into());
        }
    }
    let damage = salvage.damage()?;
    let mut losses: Vec<Json> = Vec::new();
    for number in 0..damage.device_count {
        let loss = salvage.loss(number as u16)?;
        let mut found = Json::map([
            ("is_whole", u64::from(loss.is_whole).into()),
            ("is_identity_lost", u64::from(loss.is_identity_lost).into()),
            ("intact_size", loss.intact_size.into()),
            ("missing", ranges(&loss.missing)),
        ]);
        if let Some(from) = loss.missing_from {
            found.set("missing_from", from.into());
        }
        losses.push(found);
    }
    Ok(Json::map([
        ("chunks", chunks.into()),
        ("condition", format!("{:?}", damage.condition).to_lowercase().as_str().into()),
        ("missing_record_count", damage.missing_record_count.into()),
        ("damaged", ranges(&damage.damaged)),
        ("fault", damage.fault.map_or(Json::Null, |(_, text)| text.as_str().into())),
        ("losses", losses.into()),
    ]))
}

fn encoded(case: &Json) -> Option<Result<Vec<u8>, Error>> {
    let options = case.at("options");
    let text = |name: &str| options.at(name).text().map(str::to_owned);
    let level = match options.at("level") {
        Json::Number(level) => *level as i32,
        _ => 1,
    };
    let options = WriterOptions {
        compression: if options.at("flags").number() == 1 { Compression::Raw } else { Compression::Zstd(level) },
        chunk_size: options.at("chunk_size").number() as u32,
        window_size: options.at("window_size").number(),
        time: if options.has("time") { Some(options.at("time").number()) } else { None },
        producer: text("producer"),
        kernel_release: text("kernel_release"),
        machine: text("machine"),
    };
    let has_other_phase = case.at("steps").list().iter().any(|step| step.numbers()[1] > 2);
    if case.at("options").at("flags").number() > 1 || has_other_phase {
        return None;
    }
    let devices = case.at("devices").list().iter().map(introduction).collect::<Option<Vec<_>>>()?;
    let states: Vec<Vec<u8>> = case
        .at("states")
        .list()
        .iter()
        .map(|state| {
            let step = state.at("step").number();
            (0..state.at("size").number()).map(|i| (i * step + ((i * step) >> 8)) as u8).collect()
        })
        .collect();
    let write = || {
        let mut writer = Writer::new(Vec::new(), &options)?;
        for device in &devices {
            writer.introduce(device)?;
        }
        for step in case.at("steps").list() {
            let numbers = step.numbers();
            let (device, at, size) = (numbers[0] as usize, numbers[4] as usize, numbers[5] as usize);
            let phase = if numbers[1] == 1 { Phase::PreCopy } else { Phase::StopCopy };
            let flags = ChunkFlags(numbers[3] as u32);
            writer.add(device as u16, phase, numbers[2] as u32, flags, &states[device][at..at + size])?;
        }
        writer.finish()
    };
    Some(write())
}

const STREAMS_THAT_TYPES_CANNOT_SAY: [&str; 4] = [
    "encode: a flag that is not known",
    "encode: a phase that is none",
    "encode: a subsystem without ids",
    "encode: permissions that are none",
];

#[test]
fn streams() {
    run("streams", &STREAMS_THAT_TYPES_CANNOT_SAY, |_, case| {
        match case.at("call").text() {
            Some("decode") => return Some(Ok(decoded(case))),
            Some("salvage") => return Some(salvaged(case)),
            _ => {}
        }
        Some(encoded(case)?.map(|mut bytes| {
            let random = case.at("result").at("random");
            for range in random.list() {
                let numbers = range.numbers();
                bytes[numbers[0] as usize..(numbers[0] + numbers[1]) as usize].fill(0);
            }
            let size = bytes.len() as u64;
            let mut found = Json::map([("size", size.into()), ("random", random.clone())]);
            if size <= 4096 {
                found.set("bytes", hex(&bytes).as_str().into());
            } else {
                found.set("fnv1a", fnv1a(&bytes));
            }
            found
        }))
    });
}

// ---- States.

fn opened(case: &Json) -> Result<State, Error> {
    let bytes =
        if case.has("state") { changed(case, "state") } else { unhex(case.at("bytes").text().unwrap_or_default()) };
    State::open(bytes, case.at("layout").text(), case.at("driver").text())
}

/// Every field, level by level, with the number of its first child and how many it has.
fn walked(state: &State) -> Result<Json, Error> {
    let mut fields: Vec<Field<'_>> = vec![state.root()?];
    let mut found = Vec::new();
    while found.len() < fields.len() {
        let field = fields[found.len()];
        let mut entry = Json::map([("name", field.name().as_str().into())]);
        if let Some(meaning) = field.meaning() {
            entry.set("meaning", meaning.as_str().into());
        }
        if let Some(range) = field.range() {
            entry.set("place", vec![range.start.into(), (range.end - range.start).into()].into());
        }
        let kind = match field.value() {
            Value::Integer(number) => {
                entry.set("integer", number.to_string().as_str().into());
                "integer"
            }
            Value::Text(text) => {
                entry.set("text", std::str::from_utf8(text).unwrap().into());
                "text"
            }
            Value::Bytes(_) => "bytes",
            Value::Structure => "structure",
            Value::Array { .. } => "array",
        };
        entry.set("kind", kind.into());
        let children = field.children().collect::<Result<Vec<_>, Error>>()?;
        if !children.is_empty() {
            entry.set("children", vec![(fields.len() as u64).into(), (children.len() as u64).into()].into());
        }
        fields.extend(children);
        found.push(entry);
    }
    Ok(found.into())
}

fn dissected(case: &Json) -> Result<Json, Error> {
    let state = opened(case)?;
    let summary = state.summary()?;
    let findings: Vec<_> = state
        .findings()?
        .iter()
        .map(|finding| {
            let size = finding.range.end - finding.range.start;
            Json::map([
                ("severity", format!("{:?}", finding.severity).to_lowercase().as_str().into()),
                ("path", finding.path.as_str().into()),
                ("message", finding.message.as_str().into()),
                ("place", vec![finding.range.start.into(), size.into()].into()),
            ])
        })
        .collect();
    Ok(Json::map([
        ("layout", summary.layout.as_str().into()),
        ("certainty", format!("{:?}", summary.certainty).to_lowercase().as_str().into()),
        ("is_sound", u64::from(summary.is_sound).into()),
        ("is_complete", u64::from(summary.is_complete).into()),
        ("size", summary.size.into()),
        ("more_findings", summary.more_findings.into()),
        ("findings", findings.into()),
        ("fields", walked(&state)?),
    ]))
}

#[test]
fn states() {
    run("states", &["translate: a flag that is not known"], |_, case| {
        if case.at("call").text() == Some("dissect") {
            return Some(dissected(case));
        }
        if case.at("flags").number() > 1 {
            return None;
        }
        let allowed: Vec<_> = case.at("allowed").list().iter().map(|name| name.text().unwrap()).collect();
        let how = Translation {
            layout: case.at("to").text(),
            target_facts: case.at("target_facts").text(),
            source_facts: case.at("source_facts").text(),
            allowed: &allowed,
            scrubs: case.at("flags").number() == 1,
        };
        let mut output = Vec::new();
        let translated = opened(case).and_then(|state| state.translate(&how, &mut output));
        Some(translated.map(|translated| {
            Json::map([
                ("is_accepted", u64::from(translated.is_accepted).into()),
                ("output", hex(&output).as_str().into()),
                ("report", translated.report.as_str().into()),
            ])
        }))
    });
}
