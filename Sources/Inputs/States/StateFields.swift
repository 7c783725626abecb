import ByteIO
import MigrationStream
public import StateLayout
public import StreamIO

/// What layouts tell of the difference between two states.
public enum StateFields: Sendable {
  /// The fields that differ; whether nothing in the states speaks for their layout.
  case compared(FieldComparison, isGuess: Bool)
  /// No layout tells the fields; the reason.
  case unknown(String)

  /// Compares two states field by field, by `layout` or by the one that both have.
  ///
  /// - Parameters:
  ///   - left: the first state.
  ///   - right: the second.
  ///   - drivers: the kernel drivers that handed them out, if they are known.
  ///   - layout: the layout of both; nil to tell it by content and driver.
  public init(
    _ left: some StateInputSource, _ right: some StateInputSource,
    drivers: (left: String?, right: String?), layout: Layout? = nil
  ) throws(StreamIOError) {
    var isGuess = false
    let chosen: Layout
    if let layout {
      chosen = layout
    } else {
      let bests = (
        try Self.candidate(of: left, driver: drivers.left),
        try Self.candidate(of: right, driver: drivers.right)
      )
      guard let best = bests.0, let other = bests.1 else {
        self = .unknown("the content does not tell what state it is")
        return
      }
      guard best.layout.name == other.layout.name else {
        self = .unknown("the layouts are \(best.layout.name) | \(other.layout.name)")
        return
      }
      chosen = best.layout
      isGuess = best.isGuess && other.isGuess
    }
    let comparison = try chosen.dissect(left).differences(
      from: try chosen.dissect(right), source: left, otherSource: right)
    self =
      comparison.count > 0
      ? .compared(comparison, isGuess: isGuess)
      : .unknown("no field of the layout \(chosen.name) has them")
  }

  private static func candidate(
    of state: some StateInputSource, driver: String?
  ) throws(StreamIOError) -> LayoutDetection.Candidate? {
    try Layout.detect(state, driver: driver).completed(byDriver: driver).best
  }
}

/// The fields that differ in the states of two streams' devices.
public struct StreamFields {
  private let left: ArchivedState
  private let right: ArchivedState
  private let layout: Layout?

  /// Both streams are walked for the places of their chunks; `layout` is that of all states.
  public init(
    _ left: consuming StreamArchive, _ right: consuming StreamArchive, layout: Layout? = nil
  ) throws(StreamIOError) {
    self.left = try ArchivedState(left)
    self.right = try ArchivedState(right)
    self.layout = layout
  }

  /// The fields of `device`, which both streams have.
  public func fields(of device: UInt16) throws(StreamIOError) -> StateFields {
    let drivers = (
      left.catalog.devices[Int(device)].identity.driver,
      right.catalog.devices[Int(device)].identity.driver
    )
    return try StateFields(
      DeviceState(of: device, in: left), DeviceState(of: device, in: right), drivers: drivers,
      layout: layout)
  }
}
