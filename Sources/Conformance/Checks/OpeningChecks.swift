import Devices

extension Check {
  static let secondOpening = Check(
    "two-opens", "a second user is refused, or sees the same device",
    .practice("A device has one state, whoever asks for it."), .advised, needs: [.reopening]
  ) { (session) throws(DeviceError) in
    session.trial("a second open") { () throws(DeviceError) in
      let second: any MigratableDevice
      do throws(DeviceError) {
        second = try session.logged("open \(session.opener.name)") { () throws(DeviceError) in
          try session.opener.open()
        }
      } catch {
        // EBUSY for a group, EINVAL for a second bind.
        let state = try session.state()
        session.expect(
          state == .running, "the state after a second open was refused", "RUNNING",
          found: "\(state)")
        return
      }
      try session.leave(to: .stop)
      let state = try session.logged("GET MIG_DEVICE_STATE of the second") {
        () throws(DeviceError) in try second.state()
      }
      session.expect(
        state == .stop, "the state by a second open of a device in STOP", "STOP", found: "\(state)")
    }
  }

  static let reopening = Check(
    "reopen", "a device that was let go in any state answers, and a reset has it run",
    .header(
      "enum vfio_device_mig_state, any -> ERROR",
      "VFIO_DEVICE_RESET brings a device back to RUNNING."),
    isDestructive: true, needs: [.reopening]
  ) { (session) throws(DeviceError) in
    for state in session.states where state != .running {
      session.trial("a device that was let go in \(state)") { () throws(DeviceError) in
        try session.leave(to: state)
        session.close()
        try session.open()
        if try session.state() != .running { try session.reset() }
        let now = try session.state()
        session.expect(
          now == .running, "the state of a device that was let go in \(state)", "RUNNING",
          found: "\(now)")
        _ = try session.save()
      }
    }
  }

  static let reopenedWithoutReset = Check(
    "reopen-without-reset", "a device that was let go in any state survives being asked to run",
    .header(
      "VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE",
      "If a transition fails the user may reset, or ask for another state."),
    isDestructive: true, needs: [.reopening]
  ) { (session) throws(DeviceError) in
    for state in session.states where state != .running {
      session.trial("RUNNING of a device that was let go in \(state)") { () throws(DeviceError) in
        try session.leave(to: state)
        session.close()
        try session.open()
        _ = try session.refusal { () throws(DeviceError) in try session.leave(to: .running) }
        _ = try session.state()
      }
    }
  }
}
