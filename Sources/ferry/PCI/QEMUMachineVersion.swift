import ArgumentParser

/// The version of a machine of QEMU's: `9.2`.
struct QEMUMachineVersion: ExpressibleByArgument {
  let major: Int
  let minor: Int

  init?(argument: String) {
    let parts = argument.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let major = parts[0], let minor = parts[1] else { return nil }
    self.major = major
    self.minor = minor
  }

  /// The version at the end of a machine's name, such as `pc-q35-9.2`.
  init?(of machine: String) {
    guard let version = machine.split(separator: "-").last else { return nil }
    self.init(argument: String(version))
  }

  /// Machines up to 9.0 keep the check of vendor-specific bytes (QEMU hw/core/machine.c, `hw_compat_9_0`).
  var skipsVendorBytes: Bool { (major, minor) > (9, 0) }
}
