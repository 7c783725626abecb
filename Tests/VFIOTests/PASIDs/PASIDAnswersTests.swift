import Devices
import TestSupport
import Testing
import VFIO

#if canImport(Glibc)
  import Glibc
#endif

/// The emulated kernel and Linux answer the same to the same calls about PASIDs.
///
/// corpora/pasids has what kernels answered, by release and width. The functions of this kernel are
/// held against it, too, where FERRY_TEST_PASID_FUNCTIONS names some (with spaces between them).
/// With FERRY_TEST_RECORD=FOLDER their answers are written there.
@Suite(.serialized) struct PASIDAnswersTests {
  static let platforms: [(file: String, platform: EmulatedKernel.Platform)] = {
    var new = EmulatedKernel.Platform()
    new.release = "7.2.12"
    new.pasidWidth = 16
    new.isNesting = false
    new.capabilities = 0
    new.isZeroWidthRefused = false
    var flat = new
    flat.pasidWidth = 0
    var old = flat
    old.release = "6.12.117"
    old.hasPASIDAttach = false
    old.isZeroWidthRefused = true
    var oldWide = old
    oldWide.pasidWidth = 16
    return [
      ("linux-7.2-width-16", new), ("linux-7.2-width-0", flat), ("linux-6.12-width-16", oldWide),
      ("linux-6.12-width-0", old),
    ]
  }()

  @Test(arguments: platforms)
  func theEmulatedKernelAnswersAsLinux(file: String, platform: EmulatedKernel.Platform) throws {
    // Without page requests, as the functions that were asked.
    let kernel = try Fixture.function(platform, model: "nvme")
    try check("/dev/vfio/devices/vfio0", in: kernel, name: file)
    #expect(kernel.files.isEmpty)
  }

  @Test(arguments: variable("FERRY_TEST_PASID_FUNCTIONS").split(separator: " ").map(String.init))
  func thisKernelAnswersAsItsRelease(slot: String) throws {
    let kernel = LinuxKernel()
    let folder = "/sys/bus/pci/devices/\(slot)/vfio-dev"
    let node = try #require(try kernel.entries(of: folder).first)
    let release = kernel.release().split(separator: ".").prefix(2).joined(separator: ".")
    try check(
      "/dev/vfio/devices/\(node)", in: kernel, name: "linux-\(release)", isWidthKnown: false)
  }

  private func check(
    _ path: String, in kernel: any KernelInterface, name: String, isWidthKnown: Bool = true
  ) throws {
    let examination = try PASIDExamination(path, in: kernel)
    try examination.run()
    var name = name
    if !isWidthKnown {
      let line = try #require(examination.answers.first { $0.hasPrefix("width of PASIDs: ") })
      name += "-width-" + line.dropFirst("width of PASIDs: ".count)
    }
    let folder = Self.variable("FERRY_TEST_RECORD")
    if !isWidthKnown, !folder.isEmpty {
      let file = try #require(fopen("\(folder)/\(name).txt", "wb"))
      defer { fclose(file) }
      for line in examination.answers { fputs(line + "\n", file) }
    }
    let known = String(decoding: try Corpus.bytes("pasids/\(name).txt"), as: UTF8.self)
      .split(separator: "\n").map(String.init)
    for (found, expected) in zip(examination.answers, known) where found != expected {
      Issue.record("\(name): expected\n\(expected)\nand found\n\(found)")
      return
    }
    #expect(examination.answers.count == known.count)
  }

  private static func variable(_ name: String) -> String {
    getenv(name).map { String(cString: $0) } ?? ""
  }
}
