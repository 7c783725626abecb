public import Devices

/// The faults that an emulated device shows, and when.
public struct FaultPlan: Sendable, Hashable {
  /// One thing to fail.
  public struct Fault: Sendable, Hashable {
    /// The arc, byte or call that fails.
    public var trigger: Trigger
    /// The errno that it fails with.
    public var number: LinuxErrno
    /// Whether the device falls into ERROR with it.
    public var entersError: Bool

    /// A fault with the errno `number`.
    public init(at trigger: Trigger, _ number: LinuxErrno, entersError: Bool = false) {
      self.trigger = trigger
      self.number = number
      self.entersError = entersError
    }
  }

  /// When a fault shows.
  public enum Trigger: Sendable, Hashable {
    /// The device does not take the arc.
    case arc(MigrationArc)
    /// The data channel gives or takes no byte from this one on.
    case byte(UInt64)
    /// A call of this kind fails.
    case call(Call)
  }

  /// The calls that can fail otherwise.
  public enum Call: String, Sendable, Hashable, CaseIterable {
    case abilities, state, reset, size, information, configuration, allocate, attach
  }

  /// The faults, of which the first at a trigger counts.
  public var faults: [Fault]

  /// A plan of `faults`; an empty one fails at nothing.
  public init(_ faults: [Fault] = []) { self.faults = faults }

  func fault(at trigger: Trigger) -> Fault? { faults.first { $0.trigger == trigger } }

  /// The fault that stops the channel soonest at or behind `position`.
  func nextByteFault(from position: UInt64) -> (offset: UInt64, fault: Fault)? {
    var next: (offset: UInt64, fault: Fault)?
    for fault in faults {
      guard case .byte(let offset) = fault.trigger, offset >= position else { continue }
      if let known = next, known.offset <= offset { continue }
      next = (offset, fault)
    }
    return next
  }
}

extension FaultPlan.Fault {
  /// A fault from `STOP-RESUMING:EIO`, `4096:EIO` or `reset:EIO`; a further `:ERROR` takes the
  /// device to that state. Nil if the text is no fault.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2 || parts.count == 3 && parts[2] == "ERROR",
      let number = LinuxErrno(parts[1])
    else { return nil }
    let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
    if let call = FaultPlan.Call(rawValue: String(parts[0])) {
      trigger = .call(call)
    } else if let offset = UInt64(parts[0]) {
      trigger = .byte(offset)
    } else if ends.count == 2, let from = MigrationState(ends[0]), let to = MigrationState(ends[1])
    {
      trigger = .arc(MigrationArc(from, to))
    } else {
      return nil
    }
    self.number = number
    entersError = parts.count == 3
  }
}
