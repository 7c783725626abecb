import ByteIO

extension EmulatedDevice {
  /// The device that `uri` names, of the scheme `emulated`:
  ///
  ///     emulated:mtty?ports=1|2&text=TEXT
  ///     emulated:synthetic?size=SIZE&precopy=SIZE&dirty=N%&seed=N&p2p=yes|no
  ///                       &idle=ENOMSG|0&reinit=N&pasid-width=N&migration=yes|no
  ///
  /// Either takes `fail=ARC|BYTE|CALL:ERRNO[:ERROR]` (as `FaultPlan.Fault` reads it, any number of times) and `step=SIZE`,
  /// the most bytes that a read or write moves. `ignoring` names parameters that are the caller's own.
  public convenience init(
    _ uri: DeviceURI, ignoring: Set<String> = []
  ) throws(DeviceURI.Malformed) {
    guard uri.scheme == "emulated" else {
      throw DeviceURI.Malformed(uri.text, "expected an emulated device")
    }
    var values = ParameterReader(uri, ignoring: ignoring)
    var faults: [FaultPlan.Fault] = []
    for value in values.all("fail") {
      guard let fault = FaultPlan.Fault(value) else {
        throw DeviceURI.Malformed(
          uri.text,
          "expected fail=FROM-TO:ERRNO, fail=BYTE:ERRNO or fail=CALL:ERRNO, found '\(value)'")
      }
      faults.append(fault)
    }
    let step = try values.byteCount("step") ?? UInt64(Int.max)
    let model: any DeviceModel
    switch uri.path {
    case "mtty": model = try values.serialModel()
    case "synthetic": model = try values.syntheticModel()
    default:
      throw DeviceURI.Malformed(uri.text, "expected emulated:mtty or emulated:synthetic")
    }
    try values.finish()
    self.init(
      "\(uri.scheme):\(uri.path)", model: model, faults: FaultPlan(faults),
      stepLimit: Int(clamping: step))
  }
}

/// Takes the parameters of a device's name one by one, so that what is left over is an error.
private struct ParameterReader {
  private let uri: DeviceURI
  private var left: [DeviceURI.Parameter]

  init(_ uri: DeviceURI, ignoring: Set<String>) {
    self.uri = uri
    left = uri.parameters.filter { !ignoring.contains($0.key) }
  }

  mutating func all(_ key: String) -> [String] {
    let values = left.filter { $0.key == key }.map(\.value)
    left.removeAll { $0.key == key }
    return values
  }

  private func expected(_ what: String, _ key: String, _ value: String) -> DeviceURI.Malformed {
    DeviceURI.Malformed(uri.text, "expected \(what) in \(key)=, found '\(value)'")
  }

  mutating func one<Value>(
    _ key: String, _ what: String, _ parse: (String) -> Value?
  ) throws(DeviceURI.Malformed) -> Value? {
    let values = all(key)
    guard values.count <= 1 else {
      throw DeviceURI.Malformed(uri.text, "expected \(key)= once, found it \(values.count) times")
    }
    guard let text = values.first else { return nil }
    guard let value = parse(text) else { throw expected(what, key, text) }
    return value
  }

  mutating func byteCount(_ key: String) throws(DeviceURI.Malformed) -> UInt64? {
    try one(key, "a size such as 64MiB") { UInt64(byteCount: $0) }
  }

  mutating func truth(_ key: String) throws(DeviceURI.Malformed) -> Bool? {
    try one(key, "yes or no") { ["yes": true, "no": false][$0] }
  }

  func finish() throws(DeviceURI.Malformed) {
    guard let parameter = left.first else { return }
    throw DeviceURI.Malformed(uri.text, "\(uri.path) has no parameter '\(parameter.key)'")
  }

  mutating func serialModel() throws(DeviceURI.Malformed) -> SerialDeviceModel {
    let ports = try one("ports", "1 or 2") { ["1": 1, "2": 2][$0] }
    let text = try one("text", "at most 16 bytes") { (text) -> [UInt8]? in
      text.utf8.count <= 16 ? [UInt8](text.utf8) : nil
    }
    return SerialDeviceModel(portCount: ports ?? 1, text: text ?? [])
  }

  mutating func syntheticModel() throws(DeviceURI.Malformed) -> SyntheticModel {
    var settings = SyntheticSettings()
    settings.byteCount = try byteCount("size") ?? settings.byteCount
    settings.preCopyByteCount = try byteCount("precopy") ?? 0
    settings.dirtyPercentage =
      try one("dirty", "a percentage such as 5%") { (text) -> Int? in
        text.hasSuffix("%") ? Int(text.dropLast()) : nil
      } ?? 0
    settings.seed = try one("seed", "a number") { UInt64($0) } ?? 0
    settings.hasP2P = try truth("p2p") ?? true
    settings.canMigrate = try truth("migration") ?? true
    settings.isIdleZero =
      try one("idle", "ENOMSG or 0") { ["ENOMSG": false, "0": true][$0] } ?? false
    settings.reinitializationCount = try one("reinit", "a number") { Int($0) } ?? 0
    settings.pasidWidth = try one("pasid-width", "0 to 20") { Int($0) } ?? settings.pasidWidth
    if let defect = settings.defect { throw DeviceURI.Malformed(uri.text, defect) }
    return SyntheticModel(settings)
  }
}
