package import Devices
package import EmulatedDevices
package import Migration
package import TestSupport

/// Emulated devices by their names.
package func device(_ uri: String) throws -> EmulatedDevice {
  try EmulatedDevice(DeviceURI(parsing: uri))
}

extension EmulatedDevice {
  package var serial: MttyModel? { model as? MttyModel }
  package var synthetic: SyntheticModel? { model as? SyntheticModel }
  package var now: MigrationState? { try? state() }

  /// A digest of what the device holds.
  package var content: String { synthetic?.digest ?? "\(serial?.image ?? [])" }
}

/// Captures into memory.
package func capture(
  _ devices: [EmulatedDevice], options: CaptureOptions = CaptureOptions(),
  clock: ManualClock = ManualClock(), into box: StreamBox = StreamBox(),
  configure: (inout CaptureEngine<EmulatedDevice, ManualClock>) -> Void = { _ in }
) throws -> CaptureSummary {
  var engine = CaptureEngine(devices.map { CaptureSource($0) }, options: options, clock: clock)
  configure(&engine)
  return try engine.run(into: MemorySink(box))
}

/// The stream of devices that can be captured.
package func stream(of uris: String..., options: CaptureOptions = CaptureOptions()) throws
  -> [UInt8]
{
  let box = StreamBox()
  _ = try capture(try uris.map(device), options: options, into: box)
  return box.bytes
}

/// Replays from memory onto targets, in the order of the stream's devices.
package func replay(
  _ bytes: [UInt8], onto devices: [EmulatedDevice], options: ReplayOptions = ReplayOptions(),
  clock: ManualClock = ManualClock(),
  configure: (inout ReplayEngine<EmulatedDevice, ManualClock>) -> Void = { _ in }
) throws -> ReplaySummary {
  var engine = ReplayEngine(
    zip(devices, (0 as UInt16)...).map { ReplayTarget($0, number: $1) }, options: options,
    clock: clock)
  configure(&engine)
  var source = MemorySource(bytes)
  return try engine.run(&source)
}
