import Devices

extension Check {
  private static func damage(
    _ name: String, _ summary: String,
    _ sentence: String = "State that is incomplete or "
      + "inconsistent fails RESUMING -> STOP; the device then still answers, after a reset.",
    _ states: @escaping @Sendable (CheckSession, [UInt8]) -> [DamagedState]
  ) -> Check {
    Check(
      name, summary + ", is refused or loads to a state that saves again",
      .header("enum vfio_device_mig_state, RESUMING -> STOP", sentence), .advised,
      isDestructive: true, needs: [.savedState]
    ) { (session) throws(DeviceError) in
      guard let saved = session.saved else { return }
      for state in states(session, saved) { session.load(state) }
    }
  }

  static let truncation = damage("cut-state", "a state that ends early") { session, saved in
    session.sample(saved.count, each: saved.count / 2).map { count in
      DamagedState("the state cut to \(count) of \(saved.count) bytes", Array(saved.prefix(count)))
    }
  }

  static let flippedBits = damage("flipped-bits", "a state with a bit that is another") {
    session, saved in
    session.sample(8 * saved.count, each: saved.count).map { bit in
      var bytes = saved
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      return DamagedState("the state with bit \(bit % 8) of byte \(bit / 8) flipped", bytes)
    }
  }

  static let insertedBytes = damage("inserted-bytes", "a state with bytes between its own") {
    session, saved in
    session.sample(saved.count, each: saved.count).map { place in
      let count = Int.random(in: 1...16, using: &session.random)
      let more = (0..<count).map { _ in UInt8.random(in: 0...255, using: &session.random) }
      return DamagedState(
        "the state with \(count) bytes put in at \(place): "
          + more.map { String($0, radix: 16) }.joined(separator: " "),
        saved[..<place] + more + saved[place...])
    }
  }

  static let doubledBytes = damage("doubled-bytes", "a state with a part that comes twice") {
    session, saved in
    session.sample(saved.count, each: saved.count).map { place in
      let end = min(
        saved.count, place + Int.random(in: 1...max(1, saved.count / 4), using: &session.random))
      return DamagedState(
        "the state with bytes \(place) to \(end - 1) twice",
        saved[..<end] + saved[place..<end] + saved[end...])
    }
  }

  static let otherSize = damage(
    "other-size", "a state of a device of another size",
    "State of a device that is not compatible is inconsistent, and fails RESUMING -> STOP."
  ) { session, saved in
    [
      DamagedState("half of the state", Array(saved.prefix(saved.count / 2))),
      DamagedState("the state and a zero behind it", saved + [0]),
      DamagedState(
        "the state and 4096 zeros behind it", saved + [UInt8](repeating: 0, count: 4096)),
      DamagedState("the state twice", saved + saved),
    ] + session.options.otherStates.map { DamagedState($0.name, $0.bytes) }
  }

  static let noState = damage(
    "no-state", "nothing at all between RESUMING and STOP",
    "State that is incomplete fails RESUMING -> STOP."
  ) { session, saved in [DamagedState("no bytes", [])] }
}

/// A state that came to harm, and how.
struct DamagedState {
  let name: String
  let bytes: [UInt8]

  init(_ name: String, _ bytes: some Sequence<UInt8>) {
    self.name = name
    self.bytes = Array(bytes)
  }
}

extension CheckSession {
  /// Numbers below `count`, in order: all of them, or as many drawn as the bounds of the run allow
  /// for `byteCount` bytes each, with those at both ends among them.
  func sample(_ count: Int, each byteCount: Int) -> [Int] {
    let affordable = options.writeByteLimit / UInt64(max(1, byteCount))
    let limit = max(1, min(options.trialLimit, Int(clamping: affordable)))
    guard count > limit else { return Array(0..<count) }
    var chosen: Set<Int> = [0, count - 1]
    while chosen.count < limit { chosen.insert(Int.random(in: 0..<count, using: &random)) }
    return chosen.sorted()
  }

  /// Loads a damaged state: refused, it leaves a device that a reset brings back; taken, one that
  /// saves.
  func load(_ state: DamagedState) {
    trial("\(state.name), in RESUMING") { () throws(DeviceError) in
      let channel = try entering(.resuming)
      do throws(DeviceError) {
        try write(state.bytes, to: channel)
        try leave(to: .stop)
      } catch {
        // What is refused need not be anything more than that.
        _ = try self.state()
        return
      }
      _ = try save()
    }
  }
}
