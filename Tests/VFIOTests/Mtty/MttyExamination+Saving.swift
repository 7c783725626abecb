import ByteIO
import Devices
import MigrationStream
import Testing

extension MttyExamination {
  /// Reads state in pieces of every size, with every part of it read while the device runs.
  func save() throws {
    for size in [1, 7, 23, 24, 25, 59, 60, 61, 95, 96, 97, 4096] {
      for entry in [MigrationState.preCopy, .preCopyP2P, .stopCopy] {
        try read(entry, inPiecesOf: size)
      }
    }
    for count in 0...25 { try stop(afterReading: count) }
  }

  private func read(_ entry: MigrationState, inPiecesOf size: Int) throws {
    try restart()
    let channel = try #require(try device.transition(to: entry))
    var parts: [String] = []
    func drain() {
      // One read more than there is something for.
      for _ in 0...100 {
        let part = answer { () throws(DeviceError) in hex(try channel.take(size)) }
        let left = information(of: channel)
        parts.append("\(part) (\(left))")
        if part.isEmpty { return }
      }
    }
    drain()
    if entry != .stopCopy {
      for state in [MigrationState.preCopyP2P, .preCopy, .stopCopy] {
        _ = try device.transition(to: state)
        parts.append("\(state):")
        drain()
      }
    }
    note("\(entry) in pieces of \(size)", parts.joined(separator: " "))
  }

  private func stop(afterReading count: Int) throws {
    try restart()
    let channel = try #require(try device.transition(to: .preCopy))
    let before = try channel.take(count)
    _ = try device.transition(to: .stopCopy)
    note("\(count) bytes before STOP_COPY", "\(hex(before)) \(hex(try channel.take(4096)))")
    _ = try device.transition(to: .running)
    note(
      "the channel afterwards", answer { () throws(DeviceError) in hex(try channel.take(1)) })
  }
}
