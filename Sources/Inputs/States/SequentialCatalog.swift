import ByteIO
public import MigrationStream
public import StateLayout
public import StreamIO

/// What a stream holds that is read once, such as one of a pipe.
public struct SequentialCatalog {
  /// The stream without its state; its defect is what ended the reading early.
  public private(set) var catalog: StreamCatalog
  /// Whether the stream was read to its end, and every digest held against its state.
  public private(set) var isVerified = false
  // By device, all of a small state, or the first bytes of a large one.
  private var states: [UInt16: [UInt8]] = [:]
  private var cut: Set<UInt16> = []
  private var keptByteCount = 0

  // A state of which no more is read than this is looked at whole.
  private static let wholeByteCount = 1 << 16
  // More than the first record of every shipped layout has.
  private static let prefixByteCount = 1024
  // Of many devices, only the first are looked at whole.
  private static let totalByteCount = 4 << 20

  /// Reads all of `input`, which is closed afterwards. What has no stream's header is an error.
  public init(
    of input: consuming InputFile, limits: DecodingLimits
  ) throws(StreamIOError) {
    let name = input.name
    var reader = StreamReader(input, limits: limits)
    var record: Record?
    var failure: StreamIOError?
    do throws(StreamIOError) {
      record = try reader.next()
    } catch {
      failure = error
    }
    guard let header = reader.header else {
      throw failure ?? StreamIOError(name, .content("expected a stream, found none"))
    }
    catalog = StreamCatalog(header: header, origin: .sequence)
    do throws(StreamIOError) {
      if let failure { throw failure }
      while let current = record {
        note(current, from: &reader)
        record = try reader.next()
      }
    } catch {
      guard case .stream(let defect) = error.cause else { throw error }
      catalog.defect = defect
    }
    isVerified =
      reader.isContentComplete
      && catalog.devices.indices.allSatisfy { reader.isVerified(device: UInt16($0)) }
  }

  /// The layouts of each device's driver, by its number, if its state shows none of them; else
  /// none.
  public var unshownLayouts: [[Layout]] {
    catalog.devices.enumerated().map { number, device in
      Layout.unshown(
        prefix: states[UInt16(number)] ?? [], byteCount: device.state.byteCount,
        driver: device.identity.driver)
    }
  }

  /// What the state of each device is, by its number; nil if nothing tells.
  public var previews: [StatePreview?] {
    catalog.devices.enumerated().map { number, device in
      StatePreview(
        prefix: states[UInt16(number)] ?? [], byteCount: device.state.byteCount,
        driver: device.identity.driver)
    }
  }

  /// Keeps what is wanted of a record that the reader has just given.
  private mutating func note(_ record: Record, from reader: inout StreamReader) {
    guard let header = reader.recordHeader else { return }
    catalog.note(record, header, at: reader.recordOffset)
    guard case .chunk(let chunk) = record, !cut.contains(chunk.device) else { return }
    let known = states[chunk.device, default: []]
    guard known.count + Int(chunk.byteCount) <= Self.wholeByteCount,
      keptByteCount + Int(chunk.byteCount) <= Self.totalByteCount,
      let state = try? [UInt8](reader.chunkBytes())
    else {
      cut.insert(chunk.device)
      if known.isEmpty, let state = try? reader.chunkBytes() {
        let count = min(state.byteCount, Self.prefixByteCount)
        states[chunk.device] = [UInt8](state.extracting(first: count))
      }
      return
    }
    states[chunk.device] = known + state
    keptByteCount += state.count
  }
}
