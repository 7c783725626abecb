/// How a migration's channels are relayed: what is held against the destination, and who is told.
public struct RelayRules: Sendable {
  /// Whether nothing is changed and nothing held back, whatever is found.
  public var isObserving: Bool
  /// Whether ends of sections that only footers told are taken as they are.
  public var trustsFooters = false
  /// The only device that is judged and translated, by the name of its sections; nil is every one.
  public var device: String?
  /// Judges the record of a device of the machine, if that has a destination; nil where no device
  /// has one.
  public var judge:
    (
      @Sendable (RelayedDevice, VFIOConfiguration, QEMUMachineVersion?) throws(QEMUStreamError) ->
        RecordJudgement?
    )?
  /// Translates the whole state of a device, which then stands in the stream in its place; nil
  /// where all keep theirs.
  public var translate: (@Sendable (RelayedDevice, [UInt8]) throws(QEMUStreamError) -> [UInt8])?
  /// The most bytes of state that are kept to be translated, of all devices together.
  public var spoolByteCount = 256 << 20
  /// Is told what passes, on the threads of all channels.
  public var note: @Sendable (RelayEvent) -> Void

  /// Rules by which nothing is judged.
  public init(note: @escaping @Sendable (RelayEvent) -> Void) {
    isObserving = true
    self.note = note
  }

  private var concernsAny: Bool { judge != nil || translate != nil }

  /// Whether bytes go on only when they were read to be what they seem.
  var isGuarding: Bool { concernsAny && !isObserving }

  func concerns(_ device: String) -> Bool { self.device == nil || self.device == device }

  /// Takes an objection, and throws it unless nothing is judged or all is only observed.
  public func object(_ error: QEMUStreamError) throws(QEMUStreamError) {
    guard concernsAny else { return }
    note(.objection(error))
    if isGuarding { throw error }
  }
}

/// A VFIO device as all channels call it.
public struct RelayedDevice: Sendable, Hashable {
  /// The name of its sections, such as `0000:00:01.0/vfio`.
  public let name: String
  /// Tells devices of one name apart.
  public let instance: UInt32

  /// The device with this name and instance.
  public init(_ name: String, instance: UInt32) {
    self.name = name
    self.instance = instance
  }

  /// The device that a section is of.
  init(_ section: QEMUSection) { self.init(section.name, instance: section.instance) }
}

/// Something that passes a relay, or that it does.
public enum RelayEvent: Sendable, Hashable {
  /// The machine whose migration it is.
  case machine(QEMUConfiguration)
  /// The source has opened the return path.
  case returnPath
  /// The migration has a form that changes what a relay can follow.
  case form(RelayForm)
  /// Sections of a device, or its packets, begin.
  case device(RelayedDevice)
  /// State of a device.
  case state(RelayedDevice, byteCount: UInt64, isStopCopy: Bool)
  /// The machine stands still at the source.
  case stopped
  /// From now on the end is kept back.
  case held
  /// The description says of every section what its footer said, or something else.
  case described(isConfirmed: Bool)
  /// The end of the machine's state went on to the destination.
  case ended
  /// The migration would be ended here, or is, if a device of it is to be held against one.
  case objection(QEMUStreamError)
  /// What passes cannot be followed any further; it goes on as it comes.
  case lost(QEMUStreamError)
}

/// A form of migration by which a relay, or its user, may have to go.
public enum RelayForm: String, Sendable, Hashable, CaseIterable {
  /// Memory, and perhaps device state, goes over channels of its own.
  case multifd
  /// Pages of those channels are compressed.
  case multifdCompression = "multifd-compression"
  /// Changes of pages that were sent before.
  case xbzrle
  /// Pages that were compressed one by one.
  case compression
  /// The destination may run before it has all memory.
  case postcopy
  /// QEMU's own TLS.
  case tls
  /// A channel of no kind that is known.
  case unknown
}
