import ByteIO
import PCIConfig
import TestSupport
import Testing
import VirtualPCI
import YAMLReader

@Suite struct SpaceVectorTests {
  @Test(arguments: Vector.all("profiles", "load"))
  func profilesAreLaidOut(vector: Vector) throws {
    try vector.check {
      let layout = try Self.layout(vector)
      let result = try vector.node.value("result")
      #expect(layout.profile.name == (try result.text("name")))
      #expect(layout.digest == (try result.text("digest")))
      #expect(layout.synthesized == (try result.value("bytes").rows()))
    } _: {
      FoundError($0)
    }
  }

  @Test(arguments: Vector.all("profiles", "check"))
  func devicesAreChecked(vector: Vector) throws {
    guard !["check: a flag that is not known", "check: a PASID of 21 bits"].contains(vector.name)
    else { return }  // of C alone
    try vector.check {
      let host = try Self.host(vector)
      let report = try Self.layout(vector).check(host.function, iommu: host.iommu)
      let result = try vector.node.value("result")
      let verdict = [.can, .cannot, .unknown].firstIndex(of: report.verdict)
      #expect(verdict == (try result.value("verdict").integer()))
      #expect(report.json.text + "\n" == (try result.text("report")))
    } _: {
      FoundError($0)
    }
  }

  @Test(arguments: Vector.all("config-space", "space"))
  func guestsReadAndWrite(vector: Vector) throws {
    let layout = try Self.layout(vector)
    let host = try Self.host(vector)
    let bytes = host.function.space.bytes
    let device = FailingDevice(bytes + [UInt8](repeating: 0, count: 4096 - bytes.count))
    var space = try VirtualConfigSpace(
      layout, at: PhysicalOffsets(of: layout, on: host.function), on: device)
    var saved: ConfigSpaceState?
    let result = try vector.node.value("result")
    for step in try result.value("steps").items() {
      let (offset, size): (Int, Int) = (try step.number("offset"), try step.number("size"))
      // The sizes that PCI has not are refused before they come to a space.
      let call = try step.value("call").string()
      if ["read", "write"].contains(call), ![1, 2, 4].contains(size) { continue }
      do {
        switch call {
        case "read":
          let value = try space.read(offset, byteCount: size) & .max >> UInt64(64 - 8 * size)
          #expect(value == (try step.value("value").integer()), "\(step.mark)")
        case "read_all":
          var read: [UInt8] = []
          for offset in stride(from: 0, to: try step.value("end").integer(), by: size) {
            let value = try space.read(offset, byteCount: size)
            for index in 0..<size { read.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
          }
          #expect(read == (try step.value("bytes").rows()))
        case "write":
          let effects = try space.write(
            offset, byteCount: size, value: try step.value("value").integer())
          #expect(Int(effects.rawValue) == (try step.value("effects").integer()), "\(step.mark)")
        case "reset": space.reset()
        case "fail": device.errno = try step.value("errno").integer()
        case "save":
          let state = try space.save()
          #expect(state.synthesized == (try step.value("shown").rows()))
          #expect(state.emulatedBits == (try step.value("emulated_bits").rows()))
          #expect(state.profileName == (try step.text("profile_name")))
          #expect(state.profileDigest == (try step.text("profile_digest")))
          saved = state
        case "restore":
          var state = try #require(saved)
          if let digest = try step.text("profile_digest") { state.profileDigest = digest }
          try space.restore(state)
        default: Issue.record("no step \(call)")
        }
        #expect(step.member("error") == nil)
      } catch let error as FailingDevice.Failure {
        #expect(try step.value("error").value("system").integer() == error.errno)
      } catch let error as ConfigRestoreError<FailingDevice.Failure> {
        #expect(try step.value("error").text("message") == "\(error)")
      }
    }
    let writes: [[Int]] = try result.value("device_writes").items().map { try $0.numbers() }
    #expect(device.writes == writes)
  }

  // MARK: What a case gives

  private static func layout(_ vector: Vector) throws -> ProfileLayout {
    let text = try vector.node.text("text").map { [UInt8]($0.utf8) }
    return try ProfileLayout(
      Profile(parsing: text ?? Corpus.bytes(vector.node.value("profile").string())))
  }

  private static func host(_ vector: Vector) throws -> (function: HostFunction, iommu: IOMMUFacts?)
  {
    let node = try vector.node.value("host")
    let flags: Int = try node.number("flags")
    let spaces = try #require(vector.spaces)
    let bytes = try spaces.value(try node.value("space").string()).rows()
    let count: Int = try node.member("space_size")?.integer() ?? 4096
    var bars: [Int: UInt64] = [:]
    for pair in try node.member("bar_sizes")?.items() ?? [] {
      let numbers: [UInt64] = try pair.numbers()
      bars[Int(numbers[0])] = numbers[1]
    }
    let function = HostFunction(
      try ConfigSpace([UInt8](bytes.prefix(count)), isWhole: flags & 4 == 0),
      label: try node.text("label") ?? "device",
      identity: flags & 1 == 0 ? nil : (try node.number("vendor_id"), try node.number("device_id")),
      barSizes: bars)
    let iommu =
      flags & 8 == 0
      ? nil
      : IOMMUFacts(
        pasidWidth: try node.number("pasid_width"), allowsExecute: flags & 16 != 0,
        allowsPrivileged: flags & 32 != 0)
    return (function, iommu)
  }
}

extension FoundError {
  /// What the vPCI group throws.
  fileprivate init?(_ error: any Error) {
    self.init("\(error)")
    switch error {
    case let error as ProfileError:
      (line, column) = (error.problems.first?.mark?.line, error.problems.first?.mark?.column)
    case let error as PCIConfigError:
      if case .offset(let place) = error.place { offset = UInt64(place) }
    default: return nil
    }
  }
}

/// A device of bytes, which fails if it is told to.
private final class FailingDevice: PhysicalConfigAccess {
  struct Failure: Error { let errno: Int }

  var bytes: [UInt8]
  var errno = 0
  var writes: [[Int]] = []

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func read(_ offset: Int, byteCount: Int) throws(Failure) -> UInt32 {
    if errno != 0 { throw Failure(errno: errno) }
    return (0..<byteCount).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
  }

  func write(_ offset: Int, byteCount: Int, value: UInt32) throws(Failure) {
    writes.append([offset, byteCount, Int(value)])
    if errno != 0 { throw Failure(errno: errno) }
    for index in 0..<byteCount {
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index))
    }
  }
}
