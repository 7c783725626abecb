import ByteIO
import StreamIO

/// The VFIO devices in the `state.json` of a Cloud Hypervisor snapshot, or in what its migration
/// sends as the state (cloud-hypervisor, `vm-migration/src/lib.rs`, `pci/src/vfio.rs`).
///
/// A snapshot does not hold what a device is: no ids, no driver, no configuration space but what
/// the guest wrote into it. The state of a device stays in the file: memory does not grow with it.
public struct CloudHypervisorSnapshot {
  /// A VFIO device of a snapshot.
  public struct Device: Sendable, Hashable {
    /// The device's id in the machine, such as `_vfio0`.
    public let id: String
    /// Where it sat in the guest, as the tree of devices has it.
    public internal(set) var address: String?
    /// The sizes of its BARs in bytes, by number; of a 64-bit one its first.
    public internal(set) var barByteCounts: [Int: UInt64] = [:]
    /// The number of MSI-X vectors; nil without MSI-X.
    public internal(set) var vectorCount: Int?
    /// Whether it has MSI.
    public internal(set) var hasMSI = false
    /// The place in the file of its state, in base64; nil if it has none.
    public internal(set) var stateRange: Range<UInt64>?
    /// The number of bytes of its state.
    public internal(set) var stateByteCount: UInt64 = 0

    init(id: String) { self.id = id }
  }

  /// The file of the state.
  public let path: String
  /// The devices, in the order of the file.
  public private(set) var devices: [Device] = []

  /// The content of the file.
  let file: FileState

  /// Whether `name` is the folder of a snapshot.
  public static func isFolder(_ name: String) -> Bool { RecognizedFile.isSnapshotFolder(name) }

  /// Reads the snapshot that `name` stands for: its `state.json`, or its folder.
  ///
  /// - Throws: `InputError` with cause `kind` if it is something else, or `file` with the offset of
  ///   what is wrong in it.
  public init(_ name: String) throws(InputError) {
    let path = Self.isFolder(name) ? name + "/state.json" : name
    try self.init(RecognizedFile(path))
  }

  /// Reads a file from start to end; a pipe is copied into one without a name.
  ///
  /// - Throws: as for a name.
  public init(_ recognized: consuming RecognizedFile) throws(InputError) {
    path = recognized.name
    file = FileState(try recognized.file(for: .snapshot).seekable(path))
    do throws(JSONError) {
      try read(JSONScan(FileJSONBytes(file)))
    } catch {
      throw InputError(path, .file(error.fileError(path)))
    }
    for index in devices.indices where devices[index].stateRange != nil {
      devices[index].stateByteCount = try state(of: devices[index]).byteCount
    }
  }

  /// The number of the device that `selector` means, by its id or number.
  public func device(_ selector: DeviceSelector) throws(InputError) -> Device {
    devices[Int(try selector.number(among: devices.map(\.id), in: path))]
  }

  /// The state of a device, which stays in the file.
  ///
  /// - Throws: `InputError` with cause `absent` if the snapshot has none of it.
  public func state(of device: Device) throws(InputError) -> CloudHypervisorState {
    guard let range = device.stateRange else {
      throw InputError(
        path, .absent(expected: "state of device '\(device.id)'", found: "none"))
    }
    do throws(StreamIOError) {
      return try CloudHypervisorState(file, range, in: path)
    } catch {
      throw InputError(path, .file(error))
    }
  }

  // MARK: Reading

  private static let deviceLimit = 4096

  private mutating func read(_ scan: consuming JSONScan) throws(JSONError) {
    var scan = scan
    try scan.object { (key, scan) throws(JSONError) in
      guard key == "snapshots" else { return try scan.skip() }
      try scan.object { (id, scan) throws(JSONError) in
        guard id == "device-manager" else { return try scan.skip() }
        try readManager(&scan)
      }
    }
    try scan.finish()
  }

  private mutating func readManager(_ scan: inout JSONScan) throws(JSONError) {
    var places: [String: (address: String?, bars: [Int: UInt64])] = [:]
    try scan.object { (key, scan) throws(JSONError) in
      switch key {
      case "snapshots":
        try scan.object { (id, scan) throws(JSONError) in try readDevice(id, &scan) }
      case "snapshot_data":
        try Self.readState(&scan) { (key, scan) throws(JSONError) in
          guard key == "device_tree" else { return try scan.skip() }
          try scan.object { (id, scan) throws(JSONError) in
            places[id] = try Self.readPlace(&scan)
          }
        }
      default: try scan.skip()
      }
    }
    for index in devices.indices {
      guard let place = places[devices[index].id] else { continue }
      devices[index].address = place.address
      // The tree's sizes are those of the regions; the space has them too.
      if devices[index].barByteCounts.isEmpty { devices[index].barByteCounts = place.bars }
    }
  }

  private mutating func readDevice(
    _ id: String, _ scan: inout JSONScan
  ) throws(JSONError) {
    var device = Device(id: id)
    var isVFIO = false
    try Self.readNode("", &device, &isVFIO, &scan)
    guard isVFIO else { return }
    guard devices.count < Self.deviceLimit else {
      throw .malformed(
        at: scan.offset, expected: "at most \(Self.deviceLimit) VFIO devices", found: "more")
    }
    devices.append(device)
  }

  /// Reads a node of the tree below a device, of which `name` tells what its state is.
  private static func readNode(
    _ name: String, _ device: inout Device, _ isVFIO: inout Bool, _ scan: inout JSONScan
  ) throws(JSONError) {
    if name == "vfio_common" || name == "vfio_migration" { isVFIO = true }
    try scan.object { (key, scan) throws(JSONError) in
      switch key {
      case "snapshots":
        try scan.object { (id, scan) throws(JSONError) in
          try readNode(id, &device, &isVFIO, &scan)
        }
      case "snapshot_data":
        try readState(&scan) { (key, scan) throws(JSONError) in
          switch (name, key) {
          case ("vfio_migration", "blob"): try readBlob(&device, &scan)
          case ("pci_configuration", "bars"): try readBARs(&device, &scan)
          case ("msix_config", "table_entries"):
            var count = 0
            try scan.array { (scan) throws(JSONError) in
              count += 1
              try scan.skip()
            }
            device.vectorCount = count
          case ("msi_config", _):
            device.hasMSI = true
            try scan.skip()
          default: try scan.skip()
          }
        }
      default: try scan.skip()
      }
    }
  }

  /// Reads the object in a node's `state`, which is JSON in a string.
  private static func readState(
    _ scan: inout JSONScan, _ member: (String, inout JSONScan) throws(JSONError) -> Void
  ) throws(JSONError) {
    try scan.object { (key, scan) throws(JSONError) in
      guard key == "state", try scan.peek() == UInt8(ascii: "\"") else { return try scan.skip() }
      try scan.nested { (scan) throws(JSONError) in try scan.object(member) }
    }
  }

  private static func readBlob(_ device: inout Device, _ scan: inout JSONScan) throws(JSONError) {
    let range = try scan.plainString()
    device.stateRange = range
    guard (range.upperBound - range.lowerBound) % 4 == 0 else {
      throw .malformed(
        at: range.lowerBound, expected: "base64 of a multiple of 4 characters",
        found: "\(range.upperBound - range.lowerBound)")
    }
  }

  private static func readBARs(_ device: inout Device, _ scan: inout JSONScan) throws(JSONError) {
    var number = 0
    var counts: [Int: UInt64] = [:]
    try scan.array { (scan) throws(JSONError) in
      var byteCount: UInt64?
      try scan.object { (key, scan) throws(JSONError) in
        if key == "size" { byteCount = try scan.number() } else { try scan.skip() }
      }
      if let byteCount, byteCount > 0 { counts[number] = byteCount }
      number += 1
    }
    device.barByteCounts = counts
  }

  private static func readPlace(
    _ scan: inout JSONScan
  ) throws(JSONError) -> (address: String?, bars: [Int: UInt64]) {
    var place: (address: String?, bars: [Int: UInt64]) = (nil, [:])
    try scan.object { (key, scan) throws(JSONError) in
      switch key {
      case "pci_bdf": place.address = try scan.optionalText()
      case "resources":
        try scan.array { (scan) throws(JSONError) in
          // Some kinds are a text of their own.
          guard try scan.peek() == UInt8(ascii: "{") else { return try scan.skip() }
          try scan.object { (kind, scan) throws(JSONError) in
            guard kind == "PciBar" else { return try scan.skip() }
            var (number, byteCount): (UInt64?, UInt64?) = (nil, nil)
            try scan.object { (key, scan) throws(JSONError) in
              switch key {
              case "index": number = try scan.number()
              case "size": byteCount = try scan.number()
              default: try scan.skip()
              }
            }
            if let number, number < 6, let byteCount { place.bars[Int(number)] = byteCount }
          }
        }
      default: try scan.skip()
      }
    }
    return place
  }
}

extension JSONError {
  /// The same as an error of the file at `path`.
  fileprivate func fileError(_ path: String) -> StreamIOError {
    switch self {
    case .file(let error): error
    case .malformed(let offset, let expected, let found):
      StreamIOError(path, .content("offset \(offset): expected \(expected), found \(found)"))
    }
  }
}
