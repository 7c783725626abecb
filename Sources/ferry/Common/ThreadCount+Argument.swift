public import ArgumentParser
public import StreamIO

extension ThreadCount: ExpressibleByArgument {
  /// A count as `--threads` has it: decimal digits of a count that is allowed.
  public init?(argument: String) {
    guard let count = Int(argument) else { return nil }
    self.init(count)
  }
}
