import DeviceTestSupport
import Devices
import Migration
import MigrationStream
import StateTranslation
import TestSupport
import Testing
import VFIO

/// The engines on devices of a real kernel, for which traces of it stand in (corpora/traces).
@Suite struct RecordedKernelTests {
  private func kernel(_ name: String) throws -> ReplayedKernel {
    let lines = try Corpus.bytes("traces/\(name).trace").split(separator: UInt8(ascii: "\n"))
    return ReplayedKernel(try lines.map { try TraceRecord(parsing: Array($0)) })
  }

  /// The device, opened; what the commands ask it before an engine gets it, the tests ask too.
  private func device(_ number: Int, in kernel: ReplayedKernel) throws -> KernelDevice {
    let name = "vfio:83b8f4f2-509f-382f-3c1e-e6bfe0fa100\(number)"
    return try KernelDevice.open(DeviceURI(parsing: name), in: kernel)
  }

  private func capture(_ kernel: ReplayedKernel, options: CaptureOptions = CaptureOptions()) throws
    -> [UInt8]
  {
    let device = try device(1, in: kernel)
    #expect(try device.abilities() == [.stopCopy, .peerToPeer, .preCopy])
    // The command sizes its window by what may be sent more than once.
    #expect(try device.state() == .running)
    #expect(try device.stopCopyByteCount() == 96)
    let box = StreamBox()
    let engine = CaptureEngine(
      [CaptureSource(device)], options: options, clock: ManualClock())
    let summary = try engine.run(into: MemorySink(box, limits: .standard))
    #expect(summary.devices.map(\.preCopyByteCount) == [24])
    #expect(summary.devices.map(\.stopCopyByteCount) == [72])
    return box.bytes
  }

  @Test func captureGivesTheStreamThatWasRecorded() throws {
    let kernel = try kernel("mtty-capture")
    let found = try DecodedStream(try capture(kernel))
    #expect(kernel.isDone, "\(kernel.divergence ?? "calls are left")")
    let recorded = try DecodedStream(try Corpus.bytes("traces/mtty.dms"))
    #expect(found.states == recorded.states)
    #expect(found.states[0]?.count == 96)
    #expect(described(found) == described(recorded))
  }

  /// What is said of the device, and where its state was cut.
  private func described(_ stream: DecodedStream) -> [String] {
    stream.records.compactMap { record in
      switch record {
      case .identity(let identity, let device): "\(device): \(identity)"
      case .configuration(let configuration, let device): "\(device): \(configuration)"
      case .chunk(let chunk): "\(chunk.device): \(chunk.context)"
      default: nil
      }
    }
  }

  @Test func replayRestoresTheDeviceAsRecorded() throws {
    let kernel = try kernel("mtty-replay")
    try { () throws in
      let device = try device(2, in: kernel)
      // The command judges the state of a file before an engine gets the device.
      _ = try device.knownFacts()
      let engine = ReplayEngine([ReplayTarget(device, number: 0)], clock: ManualClock())
      var source = MemorySource(try Corpus.bytes("traces/mtty.dms"))
      let summary = try engine.run(&source)
      #expect(summary.devices.map(\.outcome) == [.restored])
    }()
    #expect(kernel.isDone, "\(kernel.divergence ?? "calls are left")")
  }

  @Test func anotherWayThanTheRecordedOneIsSeen() throws {
    let kernel = try kernel("mtty-capture")
    var options = CaptureOptions()
    options.usesPreCopy = false
    #expect(throws: CaptureError<SinkFull>.self) { try capture(kernel, options: options) }
    #expect(kernel.divergence?.contains("VFIO_DEVICE_FEATURE") == true)
  }
}
