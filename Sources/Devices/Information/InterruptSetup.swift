/// What shall happen with interrupts (`struct vfio_irq_set`, include/uapi/linux/vfio.h). Eventfds
/// come beside it: one for each vector, or none to let go of them.
public struct InterruptSetup: Sendable, Hashable {
  /// What comes with the action.
  public var data: Data
  /// What happens.
  public var action: Action
  /// The kind of interrupt: for PCI 0 INTx, 1 MSI, 2 MSI-X, 3 error, 4 request.
  public var index: UInt32
  /// The first vector.
  public var start: UInt32
  /// How many vectors; 0 of `none` turns the kind off.
  public var count: UInt32

  /// `VFIO_IRQ_SET_DATA_…`.
  public enum Data: Sendable, Hashable {
    case none
    /// One for each vector: whether the action is meant for it.
    case booleans([Bool])
    case eventfds
  }

  /// `VFIO_IRQ_SET_ACTION_…`.
  public enum Action: UInt32, Sendable, Hashable, CaseIterable {
    case mask = 0x08
    case unmask = 0x10
    case trigger = 0x20
  }

  /// An action on vectors.
  public init(_ action: Action, _ data: Data, index: UInt32, start: UInt32 = 0, count: UInt32) {
    self.data = data
    self.action = action
    self.index = index
    self.start = start
    self.count = count
  }
}
