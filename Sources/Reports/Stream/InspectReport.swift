public import ByteIO
public import MigrationStream
public import StateLayout
public import StreamIO

/// What a stream holds (`ferry inspect`); the JSON is `schemas/inspect.schema.json`.
public struct InspectReport: Report {
  /// The stream's name, the title of the text.
  public let path: String
  /// The stream without its state.
  public let catalog: StreamCatalog
  /// What the state of each device is, by its number; empty if nobody looked.
  public let previews: [StatePreview?]
  /// The layouts of each device's driver, by its number, if its state shows none of them.
  public let unshownLayouts: [[Layout]]
  /// By device, the damage that was met on the way to what its state is.
  public let stateDefects: [UInt16: StreamError]
  /// Whether all of the stream was read and every digest held against its state.
  public let isVerified: Bool
  /// What was lost, if the stream was searched for what is intact.
  public let salvage: SalvageReport?
  /// Why the stream was scanned though it is a file.
  public let indexDefect: StreamError?

  /// A report on the stream of `catalog`.
  public init(
    _ catalog: StreamCatalog, path: String, previews: [StatePreview?] = [],
    unshownLayouts: [[Layout]] = [],
    stateDefects: [UInt16: StreamError] = [:], isVerified: Bool = false,
    salvage: SalvageReport? = nil, indexDefect: StreamError? = nil
  ) {
    self.path = path
    self.catalog = catalog
    self.previews = previews
    self.unshownLayouts = unshownLayouts
    self.stateDefects = stateDefects
    self.isVerified = isVerified
    self.salvage = salvage
    self.indexDefect = indexDefect
  }

  /// The first thing that is wrong with the stream, as far as it was read.
  public var defect: StreamError? {
    catalog.defect ?? stateDefects.min { $0.key < $1.key }?.value ?? indexDefect
  }

  /// What is known of the stream as a whole.
  enum Verdict: String {
    /// Everything was read, and is good.
    case whole
    /// Every record is there; nobody looked at all of the state.
    case unverified
    case damaged, torn
    /// This version cannot read all of it, or will not.
    case unread
    /// What there is, is good, but not all is there: of a stream that was searched, or of one
    /// channel of several.
    case incomplete
  }

  var verdict: Verdict {
    switch salvage?.condition {
    case .whole: return .whole
    case .damaged: return .damaged
    case .incomplete: return .incomplete
    case nil: break
    }
    if let defect, !defect.code.isDamage { return .unread }
    let isTorn = !catalog.isComplete && (catalog.defect.map { $0.code == .torn } ?? true)
    if isTorn { return .torn }
    if defect != nil { return .damaged }
    if catalog.header.channelCount > 1 { return .incomplete }
    return isVerified ? .whole : .unverified
  }

  /// Whether damage was found; nil if not all was read.
  private var isDamaged: Bool? {
    switch verdict {
    case .whole, .incomplete: false
    case .unverified, .unread: nil
    case .damaged: true
    case .torn: defect.map { $0.code != .torn } ?? false
    }
  }

  func preview(_ number: Int) -> StatePreview? {
    number < previews.count ? previews[number] : nil
  }

  /// The layouts of a device's driver, if its state shows none of them.
  func unshown(_ number: Int) -> [String] {
    number < unshownLayouts.count ? unshownLayouts[number].map(\.name) : []
  }

  func loss(_ number: Int) -> SalvageReport.Loss? {
    salvage.flatMap { number < $0.losses.count ? $0.losses[number] : nil }
  }

  /// The stream, and each of its devices. Absent are what belongs to a feature that the stream does
  /// not use, to salvage, or to a defect that there is not; else what is not known is null.
  public var json: JSONValue {
    let window = catalog.header.limits.windowByteCount
    let information = catalog.information
    return [
      "format": catalog.header.formatJSON,
      "channel": catalog.header.channelJSON,
      "uuid": .string("\(catalog.header.uuid)"),
      "verdict": .string(verdict.rawValue),
      "producer": .optional(information.producer),
      "time": .optional(information.time),
      "kernel": .optional(information.kernelRelease),
      "machine": .optional(information.machine),
      "windowBytes": window > 0 ? .number(window) : nil,
      "complete": .bool(catalog.isComplete),
      "damaged": isDamaged.map { .bool($0) } ?? .null,
      "source": .string(catalog.origin.rawValue),
      "indexDefect": indexDefect?.json(in: path),
      "rawBytes": .number(catalog.stateByteCount),
      "storedBytes": .number(catalog.storedByteCount),
      "devices": .array(catalog.devices.enumerated().map { json(of: $1, number: $0) }),
      "unknownRecords": .number(catalog.unknownRecordCount),
      "damage": salvage?.damage.json,
      "missingRecords": salvage.flatMap {
        $0.missingRecordCount > 0 ? .number($0.missingRecordCount) : nil
      },
      "defect": salvage?.defect.map { .string("\($0)") },
    ]
  }

  /// What was lost, for a stream that was searched; nil if nothing was.
  public var lossDetail: ErrorDetail? {
    guard let salvage, !salvage.isWhole else { return nil }
    var detail = ErrorDetail(verdict.rawValue, file: path)
    detail.offset = salvage.damage.ranges.first?.lowerBound
    return detail
  }

  private func json(of device: StreamCatalog.Device, number: Int) -> JSONValue {
    let identity = device.identity
    let configuration = device.configuration
    let loss = loss(number)
    return [
      "index": .number(number),
      "name": .optional(identity.name),
      "driver": .optional(identity.driver),
      "vendorID": .optional(identity.pci?.vendorID),
      "deviceID": .optional(identity.pci?.deviceID),
      "subsystemVendorID": .optional(identity.pci?.subsystemVendorID),
      "subsystemID": .optional(identity.pci?.subsystemID),
      "classCode": .optional(identity.pci?.classCode),
      "revisionID": .optional(identity.pci?.revisionID),
      "migrates": identity.migrationFlags.map { .strings(Self.abilities($0)) } ?? .null,
      "guestRan": identity.circumstances?.contains(.guestRan) == true ? .bool(true) : nil,
      "stateBytes": .number(device.state.byteCount),
      "storedBytes": .number(device.state.storedByteCount),
      "chunks": .number(device.state.chunkCount),
      "precopyBytes": .number(device.state.share(of: .preCopy).byteCount),
      "precopyChunks": .number(device.state.share(of: .preCopy).chunkCount),
      "iterations": .number(device.state.iterationCount),
      "stopcopyBytes": .number(device.state.share(of: .stopCopy).byteCount),
      "stopcopyChunks": .number(device.state.share(of: .stopCopy).chunkCount),
      "encodings": .object(
        Self.encodings(device.state).map { .init("\($0.encoding)", .number($0.count)) }),
      "configBytes": .number(
        configuration.map { $0.physicalByteCount ?? $0.synthesizedByteCount ?? 0 } ?? 0),
      "physicalConfigBytes": .optional(configuration?.physicalByteCount),
      "synthesizedConfigBytes": .optional(configuration?.synthesizedByteCount),
      "interruptVectors": .optional(device.interruptVectorCount),
      "pasidBindings": .number(device.pasids?.bindingCount ?? 0),
      "pasidDomains": .optional(device.pasids?.domainCount),
      "profile": .optional(configuration?.profileName),
      "digest": .optional(device.summary?.digest.map { "\($0)" }),
      "dictionary": identity.dictionary.map { .string("\($0)") },
      "dictionaryKnown": identity.dictionary.map { .bool(StateDictionary.named($0) != nil) },
      "content": preview(number)?.json ?? .null,
      "layoutsOfDriver": unshown(number).isEmpty ? nil : .strings(unshown(number)),
      "contentError": stateDefects[UInt16(number)]?.json(in: path),
      "missing": loss.flatMap { $0.isEmpty ? nil : $0.json },
    ]
  }

  /// The abilities of VFIO_DEVICE_FEATURE_MIGRATION that are set.
  static func abilities(_ flags: UInt64) -> [String] {
    [(1 as UInt64, "stop-copy"), (2, "P2P"), (4, "pre-copy")].filter { flags & $0.0 != 0 }.map(\.1)
  }

  /// How many chunks have each encoding that occurs.
  static func encodings(
    _ state: StateStatistics
  ) -> [(encoding: ChunkEncoding, count: UInt64)] {
    ChunkEncoding.known.compactMap { encoding in
      let count = state.share(of: encoding).chunkCount
      return count == 0 ? nil : (encoding, count)
    }
  }
}

extension StatePreview {
  var json: JSONValue {
    [
      "layout": .string(layout.name), "certainty": .string("\(certainty)"),
      "guess": .bool(isGuess), "byDriverAlone": .bool(isByDriverAlone),
      "complete": isComplete.map { .bool($0) }, "sound": isSound.map { .bool($0) },
      "problem": problem.map { _ in .string(problemText) },
    ]
  }
}
