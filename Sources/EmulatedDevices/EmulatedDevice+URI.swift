import ByteIO
public import Devices

extension EmulatedFamily {
  /// All of them, in the order of help texts.
  public static let all: [EmulatedFamily] = [
    mtty, hisiAcc, virtioNet, qat, mlx5, xe, nvme, pds, igb, synthetic,
  ]
}

extension EmulatedDevice {
  /// The device that `uri` names, of the scheme `emulated` and one of the families of
  /// ``EmulatedFamily``.
  ///
  /// Besides its family's parameters each takes `fail=ARC|BYTE|CALL:ERRNO[:ERROR]` (as
  /// `FaultPlan.Fault` reads it, any number of times) and `step=SIZE`, the most bytes that a read
  /// or write moves. If `mayBeKept`, `mtty` takes `file=PATH` as well, which becomes `keptPath`.
  public convenience init(
    _ uri: DeviceURI, mayBeKept: Bool = false
  ) throws(DeviceURI.Malformed) {
    guard uri.scheme == "emulated" else {
      throw DeviceURI.Malformed(uri.text, "expected an emulated device")
    }
    var values = ParameterReader(uri)
    let isKept = mayBeKept && uri.path == EmulatedFamily.mtty.name
    let paths = isKept ? values.all("file") : []
    guard paths.count <= 1 else {
      throw DeviceURI.Malformed(paths[0], "expected one device to be kept in it")
    }
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
    guard let family = EmulatedFamily.all.first(where: { $0.name == uri.path }) else {
      let names = EmulatedFamily.all.map { "emulated:\($0.name)" }
      throw values.malformed("expected one of \(names.joined(separator: ", "))")
    }
    let model = try family.make(&values)
    try values.finish()
    self.init(
      "\(uri.scheme):\(uri.path)", model: model, faults: FaultPlan(faults),
      stepLimit: Int(clamping: step),
      makeTwin: {
        // Faults and the file are this device's own.
        var values = ParameterReader(uri, ignoring: ["fail", "step", "file"])
        return try? family.make(&values)
      })
    keptPath = paths.first
  }
}
