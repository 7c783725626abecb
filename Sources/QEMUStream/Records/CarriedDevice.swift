public import MigrationStream

/// What a `.dms` stream, or another sequence of records, carries of a device besides its state.
public struct CarriedDevice: Sendable {
  /// What the records say of the device before its state.
  public private(set) var introduction: DeviceIntroduction
  private var collected = QEMUFraming()
  private var isFramingGood = true

  /// Nothing yet, of the device with this number.
  public init(number: UInt16) { introduction = DeviceIntroduction(number: number) }

  /// How a QEMU stream divided the state; nil unless it came from one.
  public var framing: QEMUFraming? {
    isFramingGood && !collected.bytes.isEmpty ? collected : nil
  }

  /// Keeps `record` if it concerns the device; state and all other records are passed over.
  public mutating func add(_ record: Record) {
    guard case .optional(let value) = record, value.type == .qemuFraming else {
      _ = introduction.add(record)
      return
    }
    guard value.device == introduction.number else { return }
    isFramingGood = isFramingGood && collected.append(payload: value.payload)
  }
}
