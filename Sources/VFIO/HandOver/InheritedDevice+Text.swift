import SystemPackage

extension InheritedDevice {
  /// Why a text names no descriptors.
  public struct Malformed: Error, Sendable, Hashable, CustomStringConvertible {
    /// The part of the text that was not understood.
    public let part: String
    /// The form that was expected of it.
    public let expected: String
    public var description: String { "expected \(expected), found '\(part)'" }
  }

  private static let form =
    "device=FD[,iommufd=FD,devid=N][,ioas=N][,hwpt=N][,group=FD,container=FD]"
    + "[,domain.N=HWPT[:IOAS]][,fault.N=FD]"

  /// Devices in the form of `FERRY_FDS`: `device=5,iommufd=6,devid=1,ioas=2`, with a semicolon
  /// between two.
  public static func devices(
    parsing text: String
  ) throws(Malformed) -> [InheritedDevice] {
    var devices: [InheritedDevice] = []
    for part in text.split(separator: ";", omittingEmptySubsequences: false) {
      devices.append(try InheritedDevice(parsing: part))
    }
    return devices
  }

  /// Devices in the form that `devices(parsing:)` reads.
  public static func text(of devices: [InheritedDevice]) -> String {
    devices.map(\.description).joined(separator: ";")
  }

  private init(parsing text: some StringProtocol) throws(Malformed) {
    var numbers: [String: UInt32] = [:]
    var domains: [Domain] = []
    var faults: [UInt32: UInt32] = [:]
    let malformed = Malformed(part: String(text), expected: Self.form)
    for field in text.split(separator: ",", omittingEmptySubsequences: false) {
      let sides = field.split(separator: "=", omittingEmptySubsequences: false)
      guard sides.count == 2 else { throw malformed }
      let key = sides[0].split(separator: ".", omittingEmptySubsequences: false)
      let values = sides[1].split(separator: ":", omittingEmptySubsequences: false)
        .map { UInt32($0) }
      guard let value = values[0] else { throw malformed }
      switch (key[0], key.count, values.count) {
      case ("device", 1, 1), ("iommufd", 1, 1), ("devid", 1, 1), ("ioas", 1, 1), ("hwpt", 1, 1),
        ("group", 1, 1), ("container", 1, 1):
        guard numbers.updateValue(value, forKey: String(key[0])) == nil else { throw malformed }
      case ("domain", 2, 1...2):
        guard let id = UInt32(key[1]), !domains.contains(where: { $0.id == id }),
          values.count == 1 || values[1] != nil
        else { throw malformed }
        domains.append(
          Domain(id: id, pageTable: value, addressSpace: values.count == 2 ? values[1] : nil))
      case ("fault", 2, 1):
        guard let id = UInt32(key[1]), faults.updateValue(value, forKey: id) == nil else {
          throw malformed
        }
      default: throw malformed
      }
    }
    func descriptor(_ number: UInt32?) throws(Malformed) -> FileDescriptor? {
      guard let number else { return nil }
      guard let value = Int32(exactly: number) else { throw malformed }
      return FileDescriptor(rawValue: value)
    }
    guard let device = try descriptor(numbers["device"]),
      (numbers["iommufd"] == nil) == (numbers["devid"] == nil),
      (numbers["group"] == nil) == (numbers["container"] == nil),
      numbers["iommufd"] != nil || (numbers["ioas"] ?? numbers["hwpt"] == nil && domains.isEmpty)
    else { throw malformed }
    self.init(
      device: device, iommufd: try descriptor(numbers["iommufd"]), deviceID: numbers["devid"],
      addressSpace: numbers["ioas"])
    pageTable = numbers["hwpt"]
    group = try descriptor(numbers["group"])
    container = try descriptor(numbers["container"])
    for (id, number) in faults {
      guard let index = domains.firstIndex(where: { $0.id == id }) else { throw malformed }
      domains[index].faultQueue = try descriptor(number)
    }
    self.domains = domains
  }

  /// The same with other numbers for its descriptors.
  func renumbering(
    _ number: (FileDescriptor) throws -> FileDescriptor
  ) rethrows -> InheritedDevice {
    var result = self
    result.device = try number(device)
    result.iommufd = try iommufd.map(number)
    result.group = try group.map(number)
    result.container = try container.map(number)
    for index in domains.indices {
      result.domains[index].faultQueue = try domains[index].faultQueue.map(number)
    }
    return result
  }
}

extension InheritedDevice: CustomStringConvertible {
  /// `device=5,iommufd=6,devid=1,ioas=2`.
  public var description: String {
    var fields = ["device=\(device.rawValue)"]
    if let iommufd { fields.append("iommufd=\(iommufd.rawValue)") }
    if let deviceID { fields.append("devid=\(deviceID)") }
    if let addressSpace { fields.append("ioas=\(addressSpace)") }
    if let pageTable { fields.append("hwpt=\(pageTable)") }
    if let group { fields.append("group=\(group.rawValue)") }
    if let container { fields.append("container=\(container.rawValue)") }
    for domain in domains {
      let space = domain.addressSpace.map { ":\($0)" } ?? ""
      fields.append("domain.\(domain.id)=\(domain.pageTable)\(space)")
    }
    for domain in domains {
      if let queue = domain.faultQueue { fields.append("fault.\(domain.id)=\(queue.rawValue)") }
    }
    return fields.joined(separator: ",")
  }
}
