import ByteIO
import Devices
import MigrationStream
import Testing

extension MttyExamination {
  private static var reachable: [MigrationState] { MigrationState.allCases.filter { $0 != .error } }

  /// Goes from every state to every state, and asks everything of the channels in each.
  func changeStates() throws {
    let whole = try image()
    for from in Self.reachable {
      for target in MigrationState.allCases { try change(from, target, loading: []) }
      try leave(from)
    }
    // A device that has its state can leave RESUMING.
    for target in MigrationState.allCases { try change(.resuming, target, loading: whole) }
    for first in Self.reachable {
      for second in Self.reachable { try walk(first, second) }
    }
  }

  private func change(
    _ from: MigrationState, _ target: MigrationState, loading image: [UInt8]
  ) throws {
    try restart()
    let old = try device.transition(to: from)
    if !image.isEmpty { _ = try old?.give(image) }
    var new: (any MigrationChannel)?
    var text = answer { () throws(DeviceError) in
      new = try device.transition(to: target)
      return new == nil ? "taken" : "a channel"
    }
    text += ", in \(try device.state()), size \(size)"
    if let old { text += "; before: \(examined(old))" }
    if let new { text += "; new: \(examined(new))" }
    note("\(from) to \(target)\(image.isEmpty ? "" : " with state")", text)
  }

  /// A reset in the state, and what becomes of its channel.
  private func leave(_ from: MigrationState) throws {
    try restart()
    let channel = try device.transition(to: from)
    try device.reset()
    let rest = channel.map { "; before: \(examined($0))" } ?? ""
    note("reset in \(from)", "in \(try device.state())\(rest)")
  }

  /// Two states in a row and back to RUNNING: where the device is after each.
  private func walk(_ first: MigrationState, _ second: MigrationState) throws {
    try restart()
    var places: [String] = []
    for target in [first, second, .stopCopy, .running, first] {
      let result = answer { () throws(DeviceError) in
        try device.transition(to: target) == nil ? "" : "+"
      }
      places.append("\(try device.state())\(result.count > 1 ? " \(result)" : result)")
    }
    note("\(first), \(second), STOP_COPY, RUNNING, \(first)", places.joined(separator: ", "))
  }

  /// What a channel answers to one call of each kind.
  private func examined(_ channel: any MigrationChannel) -> String {
    let answers = [
      "information " + information(of: channel),
      "read 0 " + answer { () throws(DeviceError) in hex(try channel.take(0)) },
      "read 8 " + answer { () throws(DeviceError) in hex(try channel.take(8)) },
      "write 0 " + answer { () throws(DeviceError) in "\(try channel.give([]))" },
      "write 8 "
        + answer { () throws(DeviceError) in "\(try channel.give([1, 2, 3, 4, 5, 6, 7, 8]))" },
      "write 97 "
        + answer { () throws(DeviceError) in
          "\(try channel.give([UInt8](repeating: 0, count: 97)))"
        },
    ]
    return answers.joined(separator: ", ")
  }

  func information(of channel: any MigrationChannel) -> String {
    answer { () throws(DeviceError) in
      let information = try channel.preCopyInformation()
      return "\(information.initialByteCount)+\(information.dirtyByteCount)"
    }
  }
}
