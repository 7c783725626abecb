/// One device of a dump.
public struct DumpedDevice: Sendable {
  /// Where it sat on the machine that was dumped; raw bytes do not say.
  public let address: PCIAddress?
  /// The rest of the head line: class and names, or whatever the dump has there; empty if nothing.
  public let title: String
  /// The line of its head, counted from 1; nil in raw bytes.
  public let line: Int?
  public let space: ConfigSpace

  public init(address: PCIAddress?, title: String, line: Int?, space: ConfigSpace) {
    self.address = address
    self.title = title
    self.line = line
    self.space = space
  }
}
