import ByteIO
import FuzzSupport
import Inputs
import Reports
import StateLayout
import VFIO

/// Parsed once, to tell what a file is; their expressions are what LeakSanitizer does not see.
private let layouts = keptToTheEnd { Layout.shipped }

/// The entry point of libFuzzer.
///
/// An input describes a tree in lines, as `TreeEntry` reads them: a host's `/sys`, `/dev` and
/// `/proc`. What must hold: no crash, and no waiting for what never comes; each device is there
/// once, and found again by its name; the report has words, none of which reach the terminal raw;
/// configuration spaces in the tree are read or refused.
@c(LLVMFuzzerTestOneInput)
public func fuzzHostTree(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 0 else { return -1 }
  let entries = TreeEntry.entries(in: UnsafeBufferPointer(start: bytes, count: count))
  guard !entries.isEmpty, !layouts.isEmpty else { return -1 }
  let tree = FileTree(entries)
  defer { tree.remove() }
  let host = HostTree(in: LinuxKernel(), root: tree.root)
  let devices = host.devices()
  require(Set(devices.map(\.name)).count == devices.count, "each device is there once")
  for device in devices {
    if let path = device.devicePath, let again = try? host.device(named: path) {
      require("\(again)".utf8.count < 1 << 16, "a device is described within bounds")
    }
  }
  let probed = devices.prefix(8).map { DevicesReport.Device($0, host.probe($0)) }
  for report in [
    DevicesReport(devices.map { DevicesReport.Device($0, nil) }, isProbed: false),
    DevicesReport(probed, isProbed: true),
  ] {
    require(!report.json.line.isEmpty, "a report is a document")
    require(
      report.text.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && $0.value != 0x7f },
      "a report's text moves no cursor")
  }
  // A pipe whose name is given is waited for.
  for path in tree.regularFiles where path.hasSuffix("/config") {
    _ = try? ConfigSpaceInput.dump(path)
  }
  return 0
}
