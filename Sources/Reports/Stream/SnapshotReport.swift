public import ByteIO
public import Inputs
public import StateLayout

/// The VFIO devices of a Cloud Hypervisor snapshot (`ferry inspect`); the JSON is
/// `schemas/inspect-snapshot.schema.json`.
public struct SnapshotReport: Report {
  /// The file of the state, the title of the text.
  public let path: String
  /// The devices.
  public let devices: [CloudHypervisorSnapshot.Device]
  /// What the state of each is; nil if nothing tells.
  public let previews: [StatePreview?]

  /// What a snapshot does not have of a device.
  public static let notStored = ["driver", "ids", "configuration space"]

  /// A report on a snapshot, of whose devices as much is read as tells what their states are.
  public init(_ snapshot: CloudHypervisorSnapshot) throws(InputError) {
    path = snapshot.path
    devices = snapshot.devices
    var previews: [StatePreview?] = []
    for device in snapshot.devices { previews.append(try snapshot.preview(of: device)) }
    self.previews = previews
  }

  /// A page: the snapshot, and below it each device.
  public var text: String {
    var lines = [
      "\(TerminalText.text(path)): Cloud Hypervisor snapshot, "
        + QuantityText.count(devices.count, "VFIO device")
    ]
    if !devices.isEmpty {
      lines.append("  not in it \(Self.notStored.joined(separator: ", ")) of the devices")
    }
    for (number, device) in devices.enumerated() {
      lines += [""] + self.lines(number, device)
    }
    return lines.joined(separator: "\n")
  }

  private func lines(_ number: Int, _ device: CloudHypervisorSnapshot.Device) -> [String] {
    let place = device.address.map { ", at \(TerminalText.text($0))" } ?? ""
    var lines = ["device \(number): \(TerminalText.text(device.id))\(place)"]
    guard device.stateRange != nil else {
      return lines + ["  state     none: the device does not migrate"]
    }
    lines.append("  state     \(QuantityText.bytes(device.stateByteCount))")
    if let preview = previews[number] { lines.append("  content   \(preview.text)") }
    if !device.barByteCounts.isEmpty {
      let bars = device.barByteCounts.sorted { $0.key < $1.key }.map { number, count in
        "BAR \(number) of \(QuantityText.bytes(count))"
      }
      lines.append("  regions   \(bars.joined(separator: ", "))")
    }
    let interrupts = [
      device.hasMSI ? "MSI" : nil,
      device.vectorCount.map { QuantityText.count($0, "MSI-X vector") },
    ].compactMap(\.self)
    if !interrupts.isEmpty {
      lines.append("  interrupt \(interrupts.joined(separator: ", "))")
    }
    return lines
  }

  /// The devices; what is not known is null.
  public var json: JSONValue {
    [
      "kind": .string("cloud-hypervisor"), "notStored": .strings(Self.notStored),
      "devices": .array(
        zip(devices, previews).enumerated().map { number, device in
          json(number, device.0, device.1)
        }),
    ]
  }

  private func json(
    _ number: Int, _ device: CloudHypervisorSnapshot.Device, _ preview: StatePreview?
  ) -> JSONValue {
    [
      "index": .number(number), "id": .string(device.id), "address": .optional(device.address),
      "stateBytes": .optional(device.stateRange.map { _ in device.stateByteCount }),
      "content": preview?.json ?? .null,
      "regions": .array(
        device.barByteCounts.sorted { $0.key < $1.key }.map { number, count in
          ["bar": .number(number), "bytes": .number(count)]
        }),
      "msi": .bool(device.hasMSI), "msixVectors": .optional(device.vectorCount),
    ]
  }
}
