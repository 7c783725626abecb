import Devices

extension Check {
  static let abilities = Check(
    "abilities", "the flags of MIGRATION have STOP_COPY, in every state",
    .header(
      "VFIO_DEVICE_FEATURE_MIGRATION",
      "The flags say which states there are, and STOP_COPY is always among them.")
  ) { (session) throws(DeviceError) in
    for state in session.states where state != .resuming {
      session.trial("the flags of MIGRATION in \(state)") { () throws(DeviceError) in
        try session.reach(state)
        let flags = try session.asking("FEATURE MIGRATION") {
          (device) throws(DeviceError) in try device.abilities()
        }
        session.expect(
          flags == session.abilities, "the flags of MIGRATION in \(state)",
          "\(session.abilities)", found: "\(flags)")
      }
    }
  }

  static let features = Check(
    "features", "a PROBE of each feature of migration says what its use does",
    .header(
      "VFIO_DEVICE_FEATURE_PROBE",
      "A probe succeeds if the feature can be read or set as the other flags say."),
    needs: [.features]
  ) { (session) throws(DeviceError) in
    guard let device = session.device as? any FeatureDevice else { return }
    let hasPreCopy = session.abilities.contains(.preCopy)
    let expected: [(DeviceFeature, DeviceFeature.Access, Bool)] = [
      (.migration, .get, true), (.migration, .set, false),
      (.migrationState, .get, true), (.migrationState, .set, true),
    ]
    for (feature, access, isThere) in expected {
      session.expectFeature(device, feature, access, isThere, "the abilities ask for that")
    }
    if !hasPreCopy {
      session.expectFeature(
        device, .preCopyInformation2, .set, false, "the driver has no PRE_COPY")
    }
    let hasSize = (try? session.stopCopyByteCount()) != nil
    session.expectFeature(
      device, .migrationDataSize, .get, hasSize,
      hasSize ? "reading it works" : "reading it does not work")
    let logging = device.has(.startDMALogging, for: .set)
    for (feature, access) in [
      (DeviceFeature.stopDMALogging, DeviceFeature.Access.set), (.reportDMALogging, .get),
    ] {
      session.expectFeature(
        device, feature, access, logging,
        "DMA_LOGGING_START is \(logging ? "" : "not ")there")
    }
  }

  static let arcs = Check(
    "arcs",
    "the device goes along each arc, says so, and hands out a data_fd where the arc has one",
    .header(
      "enum vfio_device_mig_state",
      "The driver implements each arc of its states and is in the new one when the call returns.")
  ) { (session) throws(DeviceError) in
    session.go(session.ways.filter { $0.path.count == 1 && !$0.touchesResuming })
  }

  static let paths = Check(
    "paths", "the device goes any way of several arcs, or of none, and ends where it should",
    .header(
      "enum vfio_device_mig_state",
      "Any other transition is a combination of arcs by the shortest path.")
  ) { (session) throws(DeviceError) in
    session.go(session.ways.filter { $0.path.count != 1 && !$0.touchesResuming })
  }

  static let resumingArcs = Check(
    "resuming-arcs", "the device goes into RESUMING from each state, and with its own state out",
    .header(
      "enum vfio_device_mig_state, STOP -> RESUMING",
      "Entering RESUMING gives a data_fd; leaving it takes in what was written."),
    needs: [.savedState]
  ) { (session) throws(DeviceError) in session.go(session.ways.filter(\.touchesResuming)) }

  static let refusedArcs = Check(
    "refused-arcs", "the device refuses states that it has no way to, and stays where it is",
    .header(
      "enum vfio_device_mig_state",
      "ERROR cannot be asked for, optional states only if the driver has them, and no arc leads "
        + "from STOP_COPY back to PRE_COPY.")
  ) { (session) throws(DeviceError) in
    let machine = session.machine
    // From RESUMING the device comes back without a reset only with its own state.
    for from in session.states where from != .resuming || session.saved != nil {
      for target in MigrationState.allCases where machine.path(from: from, to: target) == nil {
        let asked = "SET MIG_DEVICE_STATE \(target) in \(from)"
        session.trial(asked) { () throws(DeviceError) in
          _ = try session.set(from)
          let answer = try session.refusal { () throws(DeviceError) in
            _ = try session.set(target)
          }
          session.expect(answer != nil, asked, "an error", found: "success")
          let state = try session.state()
          session.expect(
            state == from, "the state after a refused \(target)", "\(from)", found: "\(state)")
        }
      }
    }
  }

  static let peerToPeer = Check(
    "p2p", "the P2P states are states of their own, and a data_fd goes on in them",
    .header(
      "enum vfio_device_mig_state",
      "Going between PRE_COPY and PRE_COPY_P2P neither ends nor replaces the data_fd."),
    needs: [.peerToPeer]
  ) { (session) throws(DeviceError) in
    session.trial("RUNNING_P2P and STOP, there and back") { () throws(DeviceError) in
      for target in [MigrationState.runningP2P, .stop, .runningP2P, .running] {
        try session.leave(to: target)
        let state = try session.state()
        session.expect(state == target, "SET \(target)", "\(target)", found: "\(state)")
      }
    }
    guard session.abilities.contains(.preCopy) else { return }
    session.trial("a data_fd of PRE_COPY in PRE_COPY_P2P") { () throws(DeviceError) in
      let channel = try session.entering(.preCopy)
      for target in [MigrationState.preCopyP2P, .preCopy] {
        let other = try session.set(target)
        session.expect(other == nil, "SET \(target)", "no new data_fd", found: "one")
        let answer = try session.refusal(allowing: .noMessage) { () throws(DeviceError) in
          _ = try session.read(1, from: channel)
        }
        session.expect(
          answer == nil, "a read in \(target)", "bytes, 0 or ENOMSG", found: "\(answer ?? .invalid)"
        )
      }
    }
  }

  static let cancelledSaving = Check(
    "cancel-saving", "a device whose save is given up runs, and can be saved again",
    .header(
      "enum vfio_device_mig_state",
      "The states of saving can be left at any time, for any state that there is a way to.")
  ) { (session) throws(DeviceError) in
    for state in session.states where state != .resuming && state != .running {
      session.trial("RUNNING from \(state)") { () throws(DeviceError) in
        if let channel = try session.set(state) {
          _ = try session.refusal(allowing: .noMessage) { () throws(DeviceError) in
            _ = try session.read(16, from: channel)
          }
        }
        try session.leave(to: .running)
        let now = try session.state()
        session.expect(now == .running, "RUNNING from \(state)", "RUNNING", found: "\(now)")
        let channel = try session.entering(.stopCopy)
        let bytes = try session.read(1, from: channel)
        session.expect(
          !bytes.isEmpty || session.saved?.isEmpty ?? true,
          "a save after the one that was given up in \(state)", "state", found: "none")
      }
    }
  }

  static let cancelledResuming = Check(
    "cancel-resuming", "a reset ends RESUMING, with nothing, some and all of a state written",
    .header(
      "enum vfio_device_mig_state, RESUMING -> STOP",
      "To give up RESUMING the device must be reset."),
    isDestructive: true, needs: [.savedState]
  ) { (session) throws(DeviceError) in
    guard let saved = session.saved else { return }
    for count in [0, saved.count / 2, saved.count] {
      session.trial("a reset in RESUMING behind \(count) bytes") { () throws(DeviceError) in
        try session.write(Array(saved.prefix(count)), to: try session.entering(.resuming))
        try session.reset()
        let state = try session.state()
        session.expect(
          state == .running, "the state after a reset behind \(count) bytes", "RUNNING",
          found: "\(state)")
      }
    }
  }

  static let reset = Check(
    "reset", "a reset in each state brings the device to RUNNING and ends its data_fd",
    .header(
      "enum vfio_device_mig_state, any -> ERROR",
      "VFIO_DEVICE_RESET brings a device back to RUNNING."),
    isDestructive: true
  ) { (session) throws(DeviceError) in
    for state in session.states {
      session.trial("a reset in \(state)") { () throws(DeviceError) in
        let channel = try session.set(state)
        try session.reset()
        let now = try session.state()
        session.expect(now == .running, "a reset in \(state)", "RUNNING", found: "\(now)")
        guard let channel else { return }
        session.expectEnded(channel, after: "a reset in \(state)", isWritable: state == .resuming)
      }
    }
  }

  static let arcTime = Check(
    "arc-time", "no way of the run took longer than a second",
    .practice("A device that takes long for an arc is down for that long."), .advised
  ) { (session) throws(DeviceError) in
    let limit = session.options.arcTimeLimit
    for (arc, time) in session.arcTimes.sorted(by: { "\($0.key)" < "\($1.key)" }) {
      session.expect(
        time <= limit, "\(arc)", "at most \(limit / .milliseconds(1)) ms",
        found: "\(Int(time / .milliseconds(1))) ms")
    }
  }
}

/// A way from a state to another, by its arcs.
struct Way {
  let from: MigrationState
  let to: MigrationState
  let path: [MigrationArc]

  var touchesResuming: Bool { from == .resuming || to == .resuming }
}

extension CheckSession {
  /// All ways that the kernel's table has for the driver.
  var ways: [Way] {
    states.flatMap { from in
      states.compactMap { to in
        machine.path(from: from, to: to).map { Way(from: from, to: to, path: $0) }
      }
    }
  }

  func go(_ ways: [Way]) {
    for way in ways {
      let name = "\(way.from) -> \(way.to)"
      trial(name) { () throws(DeviceError) in
        if way.from != .running { try reach(way.from) }
        let channel = try set(way.to)
        let isOpened = way.path.last?.opensChannel ?? false
        expect(
          (channel != nil) == isOpened, name, isOpened ? "a data_fd" : "no data_fd",
          found: channel == nil ? "none" : "one")
        let state = try state()
        expect(state == way.to, "the state after \(name)", "\(way.to)", found: "\(state)")
      }
    }
  }

  /// The error that `body` ends with; nil if it succeeds, or with the one allowed.
  func refusal(
    allowing allowed: LinuxErrno? = nil, _ body: () throws(DeviceError) -> Void
  ) throws(DeviceError) -> LinuxErrno? {
    do throws(DeviceError) {
      try body()
      return nil
    } catch {
      return error.errno == allowed ? nil : error.errno
    }
  }

  fileprivate func expectFeature(
    _ device: any FeatureDevice, _ feature: DeviceFeature, _ access: DeviceFeature.Access,
    _ isThere: Bool, _ reason: String
  ) {
    let isFound = device.has(feature, for: access)
    expect(
      isFound == isThere, "PROBE of \(access) \(feature)",
      "\(isThere ? "success" : "an error"), for \(reason)", found: isFound ? "success" : "an error")
  }
}
