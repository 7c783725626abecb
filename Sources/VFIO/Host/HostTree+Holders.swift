/// A process that has a device open.
public struct DeviceHolder: Sendable, Hashable {
  /// Its number.
  public let process: Int
  /// The name of its program, as the kernel cuts it; nil if it cannot be read.
  public let program: String?
}

extension HostTree {
  /// The processes that have each of `devices` open, or its group, as far as /proc shows them to
  /// this user.
  ///
  /// A descriptor that came through a group has no file of its own; from Linux 7.1 on the kernel
  /// tells its device all the same.
  public func holders(of devices: [HostDevice]) -> [[DeviceHolder]] {
    var found = [[DeviceHolder]](repeating: [], count: devices.count)
    guard !devices.isEmpty else { return found }
    for process in entries("/proc").compactMap(Int.init).sorted() {
      let held = held(by: process, among: devices)
      guard !held.isEmpty else { continue }
      let holder = DeviceHolder(process: process, program: text("/proc/\(process)/comm"))
      for number in held { found[number].append(holder) }
    }
    return found
  }

  /// The numbers of those of `devices` that a process has open.
  private func held(by process: Int, among devices: [HostDevice]) -> Set<Int> {
    var numbers: Set<Int> = []
    for descriptor in entries("/proc/\(process)/fd") {
      guard let path = link("/proc/\(process)/fd/\(descriptor)") else { continue }
      if Self.isAnonymousDevice(path) {
        guard let name = deviceName(process: "\(process)", descriptor: descriptor) else { continue }
        numbers.formUnion(devices.indices.filter { devices[$0].name == name })
      } else if path.hasPrefix("/dev/vfio/") {
        numbers.formUnion(
          devices.indices.filter { [devices[$0].devicePath, devices[$0].groupPath].contains(path) })
      }
    }
    return numbers
  }

  /// Whether a link of /proc/PID/fd is of a device that came through its group.
  static func isAnonymousDevice(_ link: String) -> Bool { link == "anon_inode:[vfio-device]" }

  /// The name of the device behind a descriptor (`vfio_device_show_fdinfo`, drivers/vfio/
  /// vfio_main.c); nil if the kernel does not tell it.
  func deviceName(process: String, descriptor: String) -> String? {
    let label = "vfio-device-syspath:"
    return text("/proc/\(process)/fdinfo/\(descriptor)")?.split(separator: "\n")
      .first { $0.hasPrefix(label) }
      .map { Self.lastPart($0.dropFirst(label.utf8.count).filter { $0 != " " && $0 != "\t" }) }
  }
}
