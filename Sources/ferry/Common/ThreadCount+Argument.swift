public import ArgumentParser
public import StreamIO

extension ThreadCount: ExpressibleByArgument {
  public init?(argument: String) {
    guard let count = Int(argument) else { return nil }
    self.init(count)
  }
}
