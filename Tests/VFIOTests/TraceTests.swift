import ByteIO
import Devices
import MigrationStream
import TestSupport
import Testing
import VFIO

/// What a tracing kernel tells, how it is written and read, and a trace that stands in for the
/// device.
@Suite struct TraceTests {
  private final class Box { var records: [TraceRecord] = [] }

  private final class Ticks {
    var value: UInt64 = 0
    func next() -> UInt64 {
      value += 1000
      return value
    }
  }

  /// A device used in every way, and what was asked of the kernel for it.
  private func use(_ kernel: any KernelInterface, _ name: String) throws -> [String] {
    let device = try Fixture.open(name, in: kernel)
    var seen = [
      "\(try device.identity())", "\(try device.abilities())", "\(try device.interrupts())",
    ]
    seen.append("\(try device.addressSpaceAbilities())")
    let channel = try #require(try device.transition(to: .preCopy))
    seen.append("\(try channel.preCopyInformation())")
    seen.append(hex(try read(channel)))
    _ = try device.transition(to: .stopCopy)
    let polled = try #require(channel as? any PolledChannel)
    seen.append("\(try polled.isReadable())")
    seen.append(hex(try read(channel)))
    try device.writeConfiguration(0x0201, at: 60, byteCount: 2)
    try? device.writeConfiguration(1, at: 70, byteCount: 1)
    try device.reset()
    seen.append("\(try device.state())")
    return seen
  }

  private func read(_ channel: any MigrationChannel) throws -> [UInt8] {
    var buffer = ByteBuffer(capacity: 4096)
    while true {
      let got = try buffer.fill(limit: 512) { (span) throws(DeviceError) in
        do throws(DeviceError) {
          return try channel.read(into: &span)
        } catch {
          if error.errno == .noMessage { return 0 }
          throw error
        }
      }
      if got == 0 { return [UInt8](buffer.bytes) }
    }
  }

  private func traced(
    _ kernel: any KernelInterface, _ name: String, dataLimit: Int = 4096
  ) throws -> (seen: [String], records: [TraceRecord]) {
    let box = Box()
    let ticks = Ticks()
    let tracing = TracingKernel(
      kernel, dataLimit: dataLimit, now: { ticks.next() }, record: { box.records.append($0) })
    let seen = try use(tracing, name)
    return (seen, box.records)
  }

  static let names = [
    "vfio:\(Fixture.uuid)", "vfio:\(Fixture.uuid)?interface=group",
    "vfio:/dev/vfio/devices/vfio0",
  ]

  // Whoever edits a trace may write numbers as the specifications have them.
  @Test(arguments: [("0x02", "2"), ("-0", "0"), ("-2", "-2"), ("18446744073709551615", nil)])
  func numbersMeanTheSameHoweverTheyAreWritten(number: String, decimal: String?) throws {
    let line =
      #"{"call": "ioctl", "request": "VFIO_DEVICE_GET_REGION_INFO", "result": 0, "#
      + #""time": 1, "duration": 1, "fd": 5, "arguments": {"offset": \#(number)}}"#
    let record = try TraceRecord(parsing: [UInt8](line.utf8))
    let written = record.json.line
    #expect(written.contains(#""offset": \#(decimal ?? number)"#))
    #expect(try TraceRecord(parsing: [UInt8](written.utf8)) == record)
  }

  @Test(arguments: names)
  func aTraceStandsInForTheDevice(name: String) throws {
    let (seen, records) = try traced(try Fixture.serial(), name)
    // Over the text, as a file would have it.
    let again = try records.map { try TraceRecord(parsing: [UInt8]($0.json.line.utf8)) }
    #expect(again == records)
    let replayed = ReplayedKernel(again)
    #expect(try use(replayed, name) == seen)
    #expect(replayed.isDone, "\(replayed.divergence ?? "calls are left")")
  }

  // MARK: Reading

  private static func records(
    in text: [UInt8], pieces: Int = .max
  ) throws(TraceReadError<Never>) -> [TraceRecord] {
    var reader = TraceReader(MemoryInput<Never>(text, pieceByteCount: pieces))
    var records: [TraceRecord] = []
    while let record = try reader.next() { records.append(record) }
    return records
  }

  @Test(arguments: [1, 7, 100, .max], [true, false])
  func recordsComeHoweverTheTextIsSplit(pieces: Int, endsWithLine: Bool) throws {
    let (_, records) = try traced(try Fixture.serial(), Self.names[0])
    var text = [UInt8](records.map { $0.json.line + "\n" }.joined().utf8)
    if !endsWithLine { text.removeLast() }
    #expect(try Self.records(in: text, pieces: pieces) == records)
  }

  @Test func anEmptyTraceHasNoRecords() throws {
    #expect(try Self.records(in: []).isEmpty)
  }

  @Test func aLongLineIsReadUpToItsLimit() throws {
    let data = String(repeating: "ab", count: 200_000)
    let line =
      #"{"call": "pread", "result": 200000, "time": 1, "duration": 1, "fd": 5, "#
      + #""offset": 0, "bytes": 200000, "data": "\#(data)"}"#
    let records = try Self.records(in: [UInt8]((line + "\n" + line).utf8))
    #expect(records.map(\.data?.count) == [200_000, 200_000])
    let endless = [UInt8](repeating: UInt8(ascii: " "), count: TraceRecord.lineByteLimit * 2)
    do throws(TraceReadError<Never>) {
      _ = try Self.records(in: Array("\(line)\n".utf8) + endless)
      Issue.record("a line without end was read")
    } catch {
      guard case .malformed(line: 2, let message) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(message.hasSuffix("bytes, found more"))
    }
  }

  @Test func aLineThatIsNoRecordIsCounted() throws {
    let (_, records) = try traced(try Fixture.serial(), Self.names[0])
    let good = records[0].json.line + "\n"
    do throws(TraceReadError<Never>) {
      _ = try Self.records(in: [UInt8]((good + good + "\n" + good).utf8))
      Issue.record("an empty line was read")
    } catch {
      guard case .malformed(line: 3, _) = error else {
        Issue.record("\(error)")
        return
      }
    }
  }

  @Test func anotherCallThanTheRecordedOneDiverges() throws {
    let (_, records) = try traced(try Fixture.serial(), Self.names[0])
    let replayed = ReplayedKernel(records)
    let device = try Fixture.open(Self.names[0], in: replayed)
    let error = #expect(throws: DeviceError.self) { try device.reset() }
    #expect(error?.errno == LinuxErrno(rawValue: 131))
    #expect(replayed.divergence?.contains("found ioctl(4, VFIO_DEVICE_RESET") == true)
    #expect(!replayed.isDone)
  }

  @Test func aTraceThatDoesNotKeepTheDataCannotStandIn() throws {
    let (_, records) = try traced(try Fixture.serial(), Self.names[0], dataLimit: 8)
    let replayed = ReplayedKernel(records)
    #expect(throws: (any Error).self) { try use(replayed, Self.names[0]) }
    #expect(replayed.divergence?.contains("does not keep more") == true)
  }

  @Test func callsReadAsStracePrintsThem() throws {
    let (_, records) = try traced(try Fixture.serial(), Self.names[0])
    let lines = records.map(\.text)
    #expect(lines.contains("open(\"/dev/iommu\", O_RDWR) = 3"))
    #expect(
      lines.contains(
        "ioctl(4, VFIO_DEVICE_BIND_IOMMUFD, {argsz=16, flags=0, iommufd=3, out_devid=0}) = 0 {out_devid=1}"
      ))
    #expect(
      lines.contains(
        "ioctl(4, VFIO_DEVICE_FEATURE, {argsz=16, flags=GET|MIGRATION, "
          + "vfio_device_feature_migration.flags=none}) = 0 "
          + "{vfio_device_feature_migration.flags=STOP_COPY|P2P|PRE_COPY}"))
    #expect(
      lines.contains(
        "ioctl(4, VFIO_DEVICE_FEATURE, {argsz=16, flags=SET|MIG_DEVICE_STATE, "
          + "device_state=PRE_COPY, data_fd=-1}) = 0 {data_fd=5}"))
    #expect(lines.contains("ioctl(4, VFIO_DEVICE_RESET) = 0"))
    #expect(lines.contains("pwrite(4, <0102>, 2, 0x7000000003c) = 2"))
    #expect(lines.contains { $0.hasPrefix("read(5, 512) = 24 <4e2c3e8c") })
    #expect(lines.contains("poll(5) = 1"))
    #expect(lines.contains("close(4) = 0"))
  }

  @Test func errorsAreNamed() throws {
    let kernel = try Fixture.function(model: "synthetic?size=64KiB&migration=no")
    let box = Box()
    let tracing = TracingKernel(kernel, now: { 0 }, record: { box.records.append($0) })
    let device = try Fixture.open("vfio:\(Fixture.slot)", in: tracing)
    _ = try? device.state()
    let last = try #require(box.records.last)
    #expect(last.error == .notSupportedByDriver)
    #expect(last.text.hasSuffix("= -1 ENOTTY (the driver does not have it)"))
    #expect(last.json.line.contains("\"errno\": 25, \"error\": \"ENOTTY\""))
  }

  @Test(
    arguments: [
      "", "[]", "{}", "{\"call\": \"ioctl\"}", "{\"call\": \"fork\", \"result\": 0}",
      "{\"call\": \"read\", \"result\": \"x\"}", "{\"call\": \"read\", \"result\": 0, \"more\": 1}",
      "{\"call\": \"read\", \"result\": 0, \"data\": \"0\"}",
      "{\"call\": \"read\", \"result\": 0, \"data\": \"0g\"}",
      "{\"call\": \"ioctl\", \"result\": 0, \"request\": \"TCGETS\"}",
      "{\"call\": \"ioctl\", \"result\": 0, \"input\": {\"pointer\": 16}}",
      "{\"call\": \"read\", \"result\": -1, \"errno\": 0}",
    ])
  func aLineThatIsNoCallIsAnError(line: String) {
    #expect(throws: (any Error).self) { try TraceRecord(parsing: [UInt8](line.utf8)) }
  }

  /// Whatever a trace says, the device that it stands in for fails in order.
  @Test(arguments: seeds(200))
  func aTraceThatLiesIsRefused(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    var (_, records) = try traced(try Fixture.serial(), Self.names[0])
    let index = Int.random(in: 0..<records.count, using: &generator)
    switch Int.random(in: 0..<5, using: &generator) {
    case 0: records[index].result = Int64.random(in: Int64.min...Int64.max, using: &generator)
    case 1: records[index].answer?.bytes.removeLast()
    case 2:
      if let count = records[index].answer?.bytes.count, count > 0 {
        records[index].answer?.bytes[Int.random(in: 0..<count, using: &generator)] = 0xff
      }
    case 3: records[index].data = nil
    default: records[index].error = .inputOutput
    }
    let replayed = ReplayedKernel(records)
    _ = try? use(replayed, Self.names[0])
    #expect(replayed.position <= records.count)
  }
}
