import Devices

extension Check {
  static let newChannel = Check(
    "data-fd-is-new", "each entry into a session has a data_fd of its own",
    .header(
      "VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE",
      "A state that begins a session comes with the file of that session.")
  ) { (session) throws(DeviceError) in
    for state in session.sessionStates {
      session.trial("\(state) twice") { () throws(DeviceError) in
        let first = try session.entering(state)
        try session.leave(to: .running)
        let second = try session.entering(state)
        session.expect(
          first !== second, "the data_fd of a second \(state)", "another than the first",
          found: "the same")
        let answer = try session.refusal(allowing: .noMessage) { () throws(DeviceError) in
          _ = try session.read(1, from: second)
        }
        session.expect(
          answer == nil, "a read from the second data_fd of \(state)", "bytes, 0 or ENOMSG",
          found: "\(answer ?? .invalid)")
        session.expectEnded(first, after: "a second \(state)", isWritable: false)
      }
    }
  }

  static let endedChannel = Check(
    "data-fd-ends", "a data_fd hands out nothing more once its session is over",
    .header(
      "enum vfio_device_mig_state",
      "Leaving STOP_COPY, PRE_COPY or PRE_COPY_P2P for a state outside of saving ends the session.")
  ) { (session) throws(DeviceError) in
    for state in session.sessionStates {
      session.trial("a data_fd after \(state)") { () throws(DeviceError) in
        let channel = try session.entering(state)
        try session.leave(to: .running)
        session.expectEnded(channel, after: "\(state)", isWritable: false)
      }
    }
  }

  static let endedResumingChannel = Check(
    "resuming-fd-ends", "a data_fd takes nothing more once RESUMING is left",
    .header("enum vfio_device_mig_state, RESUMING -> STOP", "Leaving RESUMING ends the session."),
    needs: [.savedState]
  ) { (session) throws(DeviceError) in
    session.trial("a data_fd after RESUMING") { () throws(DeviceError) in
      try session.reach(.resuming)
      let channel = session.channel
      try session.leave(to: .stop)
      guard let channel else { return }
      session.expectEnded(channel, after: "RESUMING", isWritable: true)
    }
  }

  static let endOfStream = Check(
    "end-of-stream", "behind the last byte in STOP_COPY each read gives 0",
    .header(
      "VFIO_MIG_GET_PRECOPY_INFO",
      "In STOP_COPY the end is for good: read gives 0 always, and never ENOMSG."),
    needs: [.savedState]
  ) { (session) throws(DeviceError) in
    session.trial("the end of the state") { () throws(DeviceError) in
      let channel = try session.entering(.stopCopy)
      _ = try session.drain(channel, limit: session.options.stateByteLimit)
      for _ in 0..<4 {
        let more = try session.read(4096, from: channel)
        session.expect(
          more.isEmpty, "a read behind the end", "0", found: "\(more.count) bytes")
      }
    }
  }

  static let readSizes = Check(
    "read-sizes", "reads of 1 byte, of 1 MiB and of random sizes give the same state",
    .header(
      "VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE",
      "The state is a stream of bytes whose order counts, and not how it was divided."),
    needs: [.savedState]
  ) { (session) throws(DeviceError) in
    var whole: [UInt8] = []
    var isRepeatable = false
    session.trial("reads of 1 MiB") { () throws(DeviceError) in
      try session.leave(to: .stop)
      whole = try session.save()
      isRepeatable = try session.save() == whole
    }
    let limit = session.finePieceLimit
    var random = session.random
    let steps: [(String, (Int) -> Int)] = [
      ("1 byte", { $0 < limit ? 1 : 1 << 20 }),
      (
        "random sizes", { _ in Int.random(in: 1...max(2, min(whole.count, 65536)), using: &random) }
      ),
    ]
    for (name, step) in steps {
      session.trial("reads of \(name)") { () throws(DeviceError) in
        try session.leave(to: .stop)
        let bytes = try session.save(step: step)
        session.expect(
          bytes.count == whole.count, "reads of \(name)", "\(whole.count) bytes",
          found: "\(bytes.count)")
        // A driver that hands out another state each time is told so by another check.
        guard isRepeatable, bytes.count == whole.count else { return }
        let difference = StateComparison(whole, bytes, driver: session.driver).difference
        session.expect(
          difference == nil, "reads of \(name)", "the state that reads of 1 MiB give",
          found: difference ?? "")
      }
    }
  }

  static let poll = Check(
    "poll", "poll says that a data_fd of STOP_COPY can be read, at its end too",
    .header(
      "VFIO_MIG_GET_PRECOPY_INFO", "In STOP_COPY poll says readable always, at the end too."),
    needs: [.savedState, .poll]
  ) { (session) throws(DeviceError) in
    session.trial("poll in STOP_COPY") { () throws(DeviceError) in
      guard let channel = try session.entering(.stopCopy) as? any PolledChannel else { return }
      for place in ["before a read", "at the end"] {
        let isReadable = try session.logged("poll") { () throws(DeviceError) in
          try channel.isReadable()
        }
        session.expect(isReadable, "poll \(place)", "readable", found: "not readable")
        _ = try session.drain(channel, limit: session.options.stateByteLimit)
      }
    }
  }

  static let direction = Check(
    "direction", "a data_fd of saving takes no bytes, and one of RESUMING gives none",
    .practice("Every driver of the kernel opens its data_fd for one direction."), .advised,
    needs: [.savedState]
  ) { (session) throws(DeviceError) in
    session.trial("a write in STOP_COPY") { () throws(DeviceError) in
      let channel = try session.entering(.stopCopy)
      let answer = try session.refusal { () throws(DeviceError) in
        try session.write([0], to: channel)
      }
      session.expect(answer != nil, "a write in STOP_COPY", "an error", found: "success")
    }
    session.trial("a read in RESUMING") { () throws(DeviceError) in
      try session.reach(.resuming)
      guard let channel = session.channel else { return }
      let answer = try session.refusal { () throws(DeviceError) in
        _ = try session.read(1, from: channel)
      }
      session.expect(answer != nil, "a read in RESUMING", "an error", found: "success")
    }
  }
}

extension CheckSession {
  /// The states of saving that begin a session.
  var sessionStates: [MigrationState] {
    ([.stopCopy, .preCopy, .preCopyP2P] as [MigrationState]).filter(machine.supports)
  }

  /// How many bytes of a state are moved one by one.
  var finePieceLimit: Int { 4096 }

  /// A finding unless the data channel of a session that is over gives no byte, or takes none.
  func expectEnded(_ channel: any MigrationChannel, after: String, isWritable: Bool) {
    do throws(DeviceError) {
      if isWritable {
        try write([0], to: channel)
        expect(false, "a write after \(after)", "an error", found: "success")
      } else {
        let bytes = try read(16, from: channel)
        expect(
          bytes.isEmpty, "a read after \(after)", "an error, or 0", found: "\(bytes.count) bytes")
      }
    } catch {
      // ENODEV of the kernel's drivers, or another.
    }
  }
}
