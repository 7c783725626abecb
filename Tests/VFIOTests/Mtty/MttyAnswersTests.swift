import Devices
import EmulatedDevices
import TestSupport
import Testing
import VFIO

#if canImport(Glibc)
  import Glibc
#endif

/// The emulated mtty and the kernel's answer the same to the same calls.
///
/// corpora/mtty has what a kernel's devices answered. The devices of this kernel are held against
/// it, too, where FERRY_TEST_SERIAL_DEVICES names some (with spaces between them); they must be as
/// new. With FERRY_TEST_RECORD=FOLDER their answers are written there.
@Suite(.serialized) struct MttyAnswersTests {
  private static let names =
    ["emulated:mtty?ports=1", "emulated:mtty?ports=2"]
    + variable("FERRY_TEST_SERIAL_DEVICES").split(separator: " ").map(String.init)

  private static func variable(_ name: String) -> String {
    getenv(name).map { String(cString: $0) } ?? ""
  }

  @Test(arguments: names)
  func theKernelsAnswersAreGiven(name: String) throws {
    let uri = try DeviceURI(parsing: name)
    if uri.scheme == "emulated" {
      try check(#require(MttyDevice(EmulatedDevice(uri))))
    } else {
      let kernel = LinuxKernel()
      try check(MttyDevice(KernelDevice.open(uri, in: kernel), in: kernel), isKernel: true)
    }
  }

  /// The emulated device once more, through all that lies between a kernel and `MigratableDevice`.
  @Test func theKernelsAnswersAreGivenThroughItsInterface() throws {
    let kernel = try Fixture.serial(.init(isMediated: true), text: "")
    let name = "vfio:\(Fixture.uuid)"
    try check(MttyDevice(Fixture.open(name, in: kernel), in: kernel))
  }

  private func check(_ serial: MttyDevice, isKernel: Bool = false) throws {
    let examination = MttyExamination(serial)
    try examination.run()
    let path = "mtty/answers-\(serial.portCount).txt"
    let folder = Self.variable("FERRY_TEST_RECORD")
    if isKernel, !folder.isEmpty {
      try write(examination.answers, to: "\(folder)/answers-\(serial.portCount).txt")
    }
    let known = String(decoding: try Corpus.bytes(path), as: UTF8.self)
      .split(separator: "\n").map(String.init)
    for (found, expected) in zip(examination.answers, known) where found != expected {
      Issue.record("\(serial.device.name): expected\n\(expected)\nand found\n\(found)")
      return
    }
    #expect(examination.answers.count == known.count)
  }

  private func write(_ lines: [String], to path: String) throws {
    let file = try #require(fopen(path, "wb"), "\(path) can be written")
    defer { fclose(file) }
    for line in lines { fputs(line + "\n", file) }
  }
}
