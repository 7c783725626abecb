import ByteIO
import DeviceServer
import Devices
import EmulatedDevices
import Glibc
import StreamIO
import SystemPackage
import Testing
import VFIO
import VFIOUser

/// A device at a server's socket, as this process's own client has it.
@Suite struct ServedDeviceTests {
  // The server goes to one thread, which alone touches it.
  private final class Work: @unchecked Sendable {
    let server: FunctionServer
    let stop: FileDescriptor

    init(_ server: FunctionServer, until stop: FileDescriptor) {
      self.server = server
      self.stop = stop
    }
  }

  /// Has a server of a device, which ends with its first client.
  private static func serving(
    _ name: String, _ body: (String) throws -> Void
  ) throws {
    let path = "/tmp/ferry-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
    let stop = try FileDescriptor.pipe()
    defer {
      try? stop.readEnd.close()
      try? stop.writeEnd.close()
    }
    var options = FunctionServer.Options()
    options.servesOnce = true
    let server = try FunctionServer(
      ServedFunction(EmulatedDevice(DeviceURI(parsing: name))), at: path, options: options
    ) { _ in }
    let work = Work(server, until: stop.readEnd)
    let thread = try #require(WorkerThread { work.server.run(until: work.stop) })
    defer { thread.join() }
    try body(path)
  }

  /// Its user keeps from touching a device that it has stopped; the server would refuse it too, and
  /// is not asked.
  @Test func registersAreLeftAloneWhileTheDeviceIsStopped() throws {
    try Self.serving("emulated:igb") { path in
      let device = try VFIOUserDevice(path: path)
      var byte: [UInt8] = [1]
      for state in [MigrationState.stop, .stopCopy] {
        _ = try device.transition(to: state)
        let error = #expect(throws: DeviceError.self) {
          try device.write(byte.span.raw, to: 0, at: 64)
        }
        #expect(error?.errno == .busy && error?.detail?.contains("\(state)") == true)
        var span = byte.mutableSpan
        var bytes = span.mutableBytes
        #expect(throws: DeviceError.self) { try device.read(into: &bytes, from: 0, at: 64) }
        if state == .stop {
          #expect(try device.configurationSpace().count >= 256)
        } else {
          #expect(throws: DeviceError.self) { try device.configurationSpace() }
        }
      }
      _ = try device.transition(to: .running)
      #expect(try device.write(byte.span.raw, to: 0, at: 64) == 1)
    }
  }
}
