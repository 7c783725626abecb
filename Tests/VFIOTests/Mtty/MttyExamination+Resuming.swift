import ByteIO
import Devices
import MigrationStream
import TestSupport
import Testing

extension MttyExamination {
  /// Writes state that is right, cut in every way, and state that is wrong in every way.
  func resume() throws {
    let whole = try image()
    var other = whole
    // Another device's: nothing but what a FIFO and registers may hold.
    for port in 0..<serial.portCount {
      for index in 0..<24 { other[24 + 36 * port + index] = UInt8(index + 0x60 * port) }
    }
    for cut in 0...whole.count {
      try write("cut at \(cut)", [other[..<cut], other[cut...]], expecting: other)
      try load(whole)
    }
    for first in 0...25 {
      for second in first...25 where second > first {
        try write(
          "cut at \(first) and \(second)",
          [other[..<first], other[first..<second], other[second...]], expecting: other)
        try load(whole)
      }
    }
    for size in [1, 5, 24, 36] {
      let pieces = stride(from: 0, to: other.count, by: size).map {
        other[$0..<min($0 + size, other.count)]
      }
      try write("pieces of \(size)", pieces, expecting: other)
      try load(whole)
    }
    for offset in 0..<24 {
      for bit in [0, 7] {
        var wrong = other
        wrong[offset] ^= 1 << UInt8(bit)
        // In one, and in two behind the header: it is looked at once.
        try write("bit \(bit) of byte \(offset)", [wrong[...]], expecting: other)
        try load(whole)
        try write(
          "bit \(bit) of byte \(offset), cut", [wrong[..<24], wrong[24...]], expecting: other)
        try load(whole)
      }
    }
    for count in 0..<whole.count {
      try write("\(count) bytes", [other[..<count]], expecting: whole)
    }
    let longer = other + [1]
    for pieces in [
      [longer[...]], [other[...], [1]], [other[...], []], [longer[..<60], longer[60...]],
      [longer[..<24], longer[24...], other[24...]], [longer[...], other[...]],
    ] {
      try write("pieces of \(pieces.map(\.count))", pieces, expecting: other)
      try load(whole)
    }
    try writeAtRandom(whole)
  }

  /// What ports hold is taken as it is, whatever it is.
  private func writeAtRandom(_ whole: [UInt8]) throws {
    for seed in 0..<8 as Range<UInt64> {
      var random = SplitMix64(seed: seed)
      let image = whole[..<24] + random.bytes(whole.count - 24)
      try write("any state, seed \(seed)", [image], expecting: Array(image))
    }
    try restart()
    try load(whole)
  }

  /// Writes `pieces` in RESUMING, and tells what each was answered, where the device went from
  /// there, and what it holds.
  private func write(
    _ name: String, _ pieces: [ArraySlice<UInt8>], expecting image: [UInt8]
  ) throws {
    try restart()
    let channel = try #require(try device.transition(to: .resuming))
    var parts = pieces.map { piece in
      answer { () throws(DeviceError) in "\(try channel.give(Array(piece)))" }
    }
    let result = answer { () throws(DeviceError) in
      try device.transition(to: .running) == nil ? "taken" : "a channel"
    }
    parts.append("\(result), in \(try device.state())")
    parts.append("then \(answer { () throws(DeviceError) in "\(try channel.give([1]))" })")
    try restart()
    let held = try self.image()
    parts.append(held == image ? "holds it" : "holds \(hex(held))")
    note(name, parts.joined(separator: ", "))
  }
}
