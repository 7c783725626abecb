import Devices
import StateLayout

extension Check {
  static let sizeInEachState = Check(
    "size-in-each-state", "MIG_DATA_SIZE can be read in each state",
    .header("VFIO_DEVICE_FEATURE_MIG_DATA_SIZE", "It can be called in each state."),
    needs: [.savedState, .stateSizes]
  ) { (session) throws(DeviceError) in
    for state in session.states {
      session.trial("MIG_DATA_SIZE in \(state)") { () throws(DeviceError) in
        try session.reach(state)
        _ = try session.stopCopyByteCount()
      }
    }
  }

  static let sizeEstimate = Check(
    "size-estimate", "MIG_DATA_SIZE is not much less than what STOP_COPY then hands out",
    .header(
      "VFIO_DEVICE_FEATURE_MIG_DATA_SIZE",
      "It is an estimate of the data that completes a stop copy."), .advised,
    needs: [.savedState, .stateSizes]
  ) { (session) throws(DeviceError) in
    session.trial("MIG_DATA_SIZE") { () throws(DeviceError) in
      try session.leave(to: .stop)
      let estimate = try session.stopCopyByteCount()
      let count = UInt64(try session.save().count)
      // Headers, and a tenth, are what an estimate may leave out.
      session.expect(
        count <= 64 || (count - 64) / 11 <= estimate / 10, "MIG_DATA_SIZE",
        "about the \(count) bytes that came, or more",
        found: "\(estimate)")
    }
  }

  static let savedTwice = Check(
    "save-twice", "two saves of a stopped device are equal",
    .header(
      "enum vfio_device_mig_state, STOP", "In STOP the device does not change its state."),
    .advised, needs: [.savedState]
  ) { (session) throws(DeviceError) in
    session.trial("two saves in STOP") { () throws(DeviceError) in
      try session.leave(to: .stop)
      let first = try session.save()
      session.expectEqual(first, try session.save(), "two saves in STOP", "the same state")
    }
  }

  static let ownState = Check(
    "loads-own-state", "the device takes the state that it handed out, and runs",
    .header(
      "enum vfio_device_mig_state, STOP -> RESUMING",
      "RESUMING takes what one data_fd of a compatible device gave while it was saved."),
    needs: [.savedState]
  ) { (session) throws(DeviceError) in
    session.trial("a load of its own state") { () throws(DeviceError) in
      try session.leave(to: .stop)
      try session.load(try session.save())
      try session.leave(to: .running)
    }
  }

  static let savedLoadedSaved = Check(
    "save-load-save", "what was loaded comes out again",
    .practice("A device that migrates twice arrives with what it left with."), .advised,
    needs: [.savedState]
  ) { (session) throws(DeviceError) in
    session.trial("a save after a load") { () throws(DeviceError) in
      try session.leave(to: .stop)
      let first = try session.save()
      try session.load(first)
      session.expectEqual(first, try session.save(), "a save after a load", "the state loaded")
    }
  }

  static let pieces = Check(
    "pieces", "a state can be written in pieces of any size",
    .header(
      "VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE",
      "Whoever writes the stream in RESUMING need not divide it as it was read."),
    needs: [.savedState]
  ) { (session) throws(DeviceError) in
    guard let saved = session.saved else { return }
    var whole: [UInt8] = []
    session.trial("a state written at once") { () throws(DeviceError) in
      try session.load(saved, step: { _ in saved.count })
      whole = try session.save()
    }
    let limit = session.finePieceLimit
    var random = session.random
    let steps: [(String, (Int) -> Int)] = [
      ("of 1 byte", { $0 < limit || $0 + limit >= saved.count ? 1 : saved.count - limit - $0 }),
      ("of random sizes", { _ in Int.random(in: 1...max(2, saved.count / 4), using: &random) }),
      ("of 64 bytes and less", { _ in Int.random(in: 1...64, using: &random) }),
    ]
    for (name, step) in steps where name != "of 64 bytes and less" || saved.count <= 1 << 20 {
      session.trial("a state written in pieces \(name)") { () throws(DeviceError) in
        try session.load(saved, step: step)
        session.expectEqual(
          whole, try session.save(), "a save after a load in pieces \(name)",
          "that after a load at once")
      }
    }
  }

  static let soundness = Check(
    "soundness", "the state has no errors by its layout",
    .practice("Ferry's layouts say what a driver's structures hold, from the driver's source."),
    .advised, needs: [.savedState, .layout]
  ) { (session) throws(DeviceError) in
    guard let saved = session.saved, let layout = session.layout else { return }
    for finding in layout.dissect(saved).findings where finding.severity == .error {
      session.expect(
        false, "\(finding.path.isEmpty ? "the state" : finding.path) by \(layout.name)",
        "no error", found: finding.message)
    }
  }
}

extension CheckSession {
  /// The layout of the device's state, if one is sure to be it.
  var layout: Layout? {
    saved.flatMap {
      Layout.detect(
        prefix: Array($0.prefix(1024)), byteCount: UInt64($0.count), driver: driver
      ).best?.layout
    }
  }

  func expectEqual(_ one: [UInt8], _ other: [UInt8], _ asked: String, _ expected: String) {
    let difference = StateComparison(one, other, driver: driver).difference
    expect(difference == nil, asked, expected, found: difference ?? "")
  }
}
