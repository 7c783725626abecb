public import ByteIO
import MigrationStream

/// How a QEMU stream divides a device's state: its sections, their records, and the sizes of those
/// with state.
///
/// The device does not need it, but only with it can a stream be restored byte by byte. It is kept
/// as numbers in LEB128, a few bytes a record. A `.dms` stream carries it in optional records of
/// type `RecordType.qemuFraming`.
public struct QEMUFraming: Sendable, Hashable {
  /// One step of the division.
  public enum Event: Sendable, Hashable {
    /// A section begins.
    case section(QEMUSection.Kind)
    /// The multifd packets, each as a record of data.
    case packets
    /// A record with `byteCount` bytes of state.
    case record(VFIORecord.Kind, byteCount: UInt64)
  }

  /// The most bytes that are read of a device's framing: millions of records.
  public static let longestByteCount = 8 << 20

  /// The events, coded.
  public private(set) var bytes: [UInt8] = []

  /// No events yet.
  public init() {}

  private static var sectionBase: UInt64 { 16 }
  private static var packets: UInt64 { 21 }

  /// Appends an event.
  public mutating func append(_ event: Event) {
    var writer = ByteWriter()
    switch event {
    case .section(let kind): writer.leb128(Self.sectionBase + UInt64(kind.rawValue))
    case .packets: writer.leb128(Self.packets)
    case .record(let kind, let byteCount):
      writer.leb128(UInt64(kind.rawValue))
      if kind == .data { writer.leb128(byteCount) }
    }
    bytes += writer.bytes
  }

  /// The events in their order.
  public struct Events: Sendable {
    private let bytes: [UInt8]
    private var position = 0

    fileprivate init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The next event, or nil at the end; throws `malformedInteger` for bytes that are no event.
    public mutating func next() throws(ByteError) -> Event? {
      var reader = ByteReader(bytes.span.raw.extracting(droppingFirst: position))
      guard !reader.isAtEnd else { return nil }
      let code = try reader.leb128()
      let event: Event
      if let kind = UInt16(exactly: code).flatMap(VFIORecord.Kind.init) {
        event = .record(kind, byteCount: kind == .data ? try reader.leb128() : 0)
      } else if code == QEMUFraming.packets {
        event = .packets
      } else if code >= QEMUFraming.sectionBase,
        let kind = UInt8(exactly: code - QEMUFraming.sectionBase).flatMap(QEMUSection.Kind.init)
      {
        event = .section(kind)
      } else {
        throw ByteError(.malformedInteger, at: UInt64(position))
      }
      position += reader.position
      return event
    }
  }

  /// The events from the first.
  public var events: Events { Events(bytes) }
}

// MARK: In a .dms stream

extension QEMUFraming {
  private static var eventsKey: UInt64 { 1 << 1 }

  /// The record's payload: field 1, the events.
  private var payload: [UInt8] {
    var writer = ByteWriter()
    writer.leb128(Self.eventsKey)
    writer.leb128(UInt64(bytes.count))
    writer.append(bytes)
    return writer.bytes
  }

  /// Moves the events into a record for `device`; nil if they are too few for one, and not `last`.
  mutating func releaseRecord(device: UInt16, last: Bool = false) -> Record? {
    guard last ? !bytes.isEmpty : bytes.count >= 32 << 10 else { return nil }
    let record = OptionalRecord(type: .qemuFraming, device: device, payload: payload)
    self = QEMUFraming()
    return .optional(record)
  }

  /// Appends the events of a record's payload; false if they are malformed or too many.
  public mutating func append(payload: [UInt8]) -> Bool {
    var reader = ByteReader(payload.span.raw)
    do throws(ByteError) {
      while !reader.isAtEnd {
        let key = try reader.leb128()
        let value = try reader.take(Int(clamping: try reader.leb128()))
        guard key & ~1 == Self.eventsKey else { continue }
        guard bytes.count + value.byteCount <= Self.longestByteCount else { return false }
        bytes += [UInt8](value)
      }
      return true
    } catch {
      return false
    }
  }
}
