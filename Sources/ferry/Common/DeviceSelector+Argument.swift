import ArgumentParser
import Inputs

extension DeviceSelector: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}
