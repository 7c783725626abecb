public import ArgumentParser
public import Inputs
public import PCIConfig
public import QEMUStream
public import StreamIO

extension BARSize: ExpressibleByArgument {
  /// `--bar`: `INDEX=SIZE`.
  public init?(argument: String) { self.init(argument) }
}

extension CodingPolicy: ExpressibleByArgument {
  /// `--compression`: `raw`, `zstd`, `zstd:LEVEL` or `auto`.
  public init?(argument: String) { self.init(argument) }
}

extension DeviceSelector: ExpressibleByArgument {
  /// `--device`: any text that is not empty.
  public init?(argument: String) { self.init(argument) }
}

extension PartDescription: ExpressibleByArgument {
  /// `--part`: `state=F` and what belongs to it.
  public init?(argument: String) { self.init(argument) }
}

extension QEMUMachineVersion: ExpressibleByArgument {
  /// `--machine`: `MAJOR.MINOR`.
  public init?(argument: String) { self.init(argument) }
}

extension QEMUFunction: ExpressibleByArgument {
  /// `--function`: `vfio-pci` or `emulated`.
  public init?(argument: String) { self.init(rawValue: argument) }
}

extension ThreadCount: ExpressibleByArgument {
  /// `--threads`: a number.
  public init?(argument: String) {
    guard let count = Int(argument) else { return nil }
    self.init(count)
  }
}
