import Devices

extension Check {
  static let preCopyInformation = Check(
    "pre-copy-information", "initial bytes go down to zero as they are read, and stay there",
    .header(
      "VFIO_MIG_GET_PRECOPY_INFO",
      "initial_bytes falls as data is read, and goes up only with REINIT; dirty_bytes begins at "
        + "zero."),
    needs: [.preCopy, .stateSizes]
  ) { (session) throws(DeviceError) in
    session.trial("pre-copy information") { () throws(DeviceError) in
      let channel = try session.entering(.preCopy)
      var last = try session.information(channel)
      session.expect(
        last.dirtyByteCount == 0, "dirty_bytes before a read", "0", found: "\(last.dirtyByteCount)")
      var budget = session.options.stateByteLimit
      // A round behind the initial bytes as well, in which they may not come again.
      var isLate = false
      while budget > 0 {
        var part: [UInt8] = []
        let answer = try session.refusal(allowing: .noMessage) { () throws(DeviceError) in
          part = try session.read(session.preCopyStep, from: channel)
        }
        if let answer { throw DeviceError(.readData(at: 0), answer) }
        let next = try session.information(channel)
        budget -= max(1, part.count)
        guard !next.isReinitialized else {
          last = next
          isLate = false
          continue
        }
        let asked = "initial_bytes after a read of \(part.count) bytes"
        if last.initialByteCount > 0 {
          guard
            session.expect(
              next.initialByteCount < last.initialByteCount, asked,
              "fewer than \(last.initialByteCount)", found: "\(next.initialByteCount)")
          else { return }
        } else {
          session.expect(
            next.initialByteCount == 0, asked, "0, as before", found: "\(next.initialByteCount)")
          if isLate { return }
          isLate = true
        }
        last = next
      }
    }
  }

  static let initialBytes = Check(
    "initial-bytes", "there are initial bytes when PRE_COPY is entered",
    .header("VFIO_MIG_GET_PRECOPY_INFO", "initial_bytes begins at more than zero."), .advised,
    needs: [.preCopy, .stateSizes]
  ) { (session) throws(DeviceError) in
    session.trial("initial_bytes") { () throws(DeviceError) in
      let first = try session.information(try session.entering(.preCopy))
      session.expect(
        first.initialByteCount > 0, "initial_bytes when PRE_COPY is entered", "more than 0",
        found: "0")
    }
  }

  static let preCopyInformationElsewhere = Check(
    "pre-copy-information-elsewhere", "pre-copy information is EINVAL outside of PRE_COPY",
    .header(
      "VFIO_MIG_GET_PRECOPY_INFO",
      "It is valid in the states of PRE_COPY only, and EINVAL in any other."),
    needs: [.preCopy, .stateSizes]
  ) { (session) throws(DeviceError) in
    for start in [MigrationState.preCopy, .stop] {
      session.trial("pre-copy information in STOP_COPY") { () throws(DeviceError) in
        let first = try session.set(start)
        let channel = try session.set(.stopCopy) ?? first
        guard let channel else { return }
        let answer = try session.refusal { () throws(DeviceError) in
          _ = try session.information(channel)
        }
        session.expect(
          answer == .invalid, "pre-copy information in STOP_COPY, come from \(start)", "EINVAL",
          found: answer?.symbol ?? "success")
      }
    }
  }

  static let preCopyEnd = Check(
    "pre-copy-end", "a read in PRE_COPY with nothing to read is ENOMSG",
    .header(
      "VFIO_MIG_GET_PRECOPY_INFO",
      "With nothing initial and nothing dirty a read gives ENOMSG: the end is not for good."),
    needs: [.preCopy, .stateSizes]
  ) { (session) throws(DeviceError) in
    session.trial("a read in PRE_COPY with nothing to read") { () throws(DeviceError) in
      let channel = try session.entering(.preCopy)
      var budget = session.options.stateByteLimit
      while budget > 0 {
        let now = try session.information(channel)
        let isIdle =
          now.initialByteCount == 0 && now.dirtyByteCount == 0 && !now.isReinitialized
        do throws(DeviceError) {
          let part = try session.read(session.preCopyStep, from: channel)
          budget -= max(1, part.count)
          guard isIdle || part.isEmpty else { continue }
          session.expect(
            false,
            "a read with initial_bytes \(now.initialByteCount), dirty_bytes "
              + "\(now.dirtyByteCount)", isIdle ? "ENOMSG" : "bytes", found: "\(part.count) bytes")
          return
        } catch {
          guard error.errno == .noMessage else { throw error }
          if isIdle { return }
          budget -= 1
        }
      }
    }
  }

  static let preCopySession = Check(
    "pre-copy-session", "PRE_COPY and STOP_COPY share a data_fd, and what it gave can be loaded",
    .header(
      "enum vfio_device_mig_state",
      "The states of saving share a session; going between them leaves its file as it is."),
    needs: [.preCopy, .savedState, .stateSizes]
  ) { (session) throws(DeviceError) in
    session.trial("a save that begins in PRE_COPY") { () throws(DeviceError) in
      let channel = try session.entering(.preCopy)
      // What changes while the device runs may never end.
      let limit = session.options.stateByteLimit
      let initial = try session.information(channel).initialByteCount
      var bytes: [UInt8] = []
      while bytes.count < Int(clamping: initial), bytes.count < limit {
        let part = try session.read(session.preCopyStep, from: channel)
        if part.isEmpty { break }
        bytes += part
      }
      let other = try session.set(.stopCopy)
      session.expect(
        other == nil, "PRE_COPY -> STOP_COPY", "no new data_fd", found: "one")
      guard let rest = try session.drain(other ?? channel, limit: limit) else { return }
      try session.leave(to: .stop)
      try session.load(bytes + rest)
    }
  }

  static let reinitialization = Check(
    "reinit", "REINIT comes with new initial bytes, nothing dirty, and a way to zero",
    .header(
      "VFIO_MIG_GET_PRECOPY_INFO",
      "REINIT says that there are new initial data, which are read down to zero; dirty_bytes is "
        + "zero with it."),
    needs: [.preCopy, .stateSizes]
  ) { (session) throws(DeviceError) in
    session.trial("REINIT") { () throws(DeviceError) in
      let channel = try session.entering(.preCopy)
      var budget = session.options.stateByteLimit
      var count = 0
      while budget > 0 {
        let now = try session.information(channel)
        if now.isReinitialized {
          count += 1
          session.expect(
            now.initialByteCount > 0 && now.dirtyByteCount == 0, "REINIT",
            "initial_bytes above 0 and dirty_bytes 0",
            found: "\(now.initialByteCount) and \(now.dirtyByteCount)")
          let optsIn = (session.device as? any FeatureDevice)?.has(.preCopyInformation2, for: .set)
          session.expect(
            optsIn ?? true, "REINIT", "none from a kernel without MIG_PRECOPY_INFOv2", found: "one")
          guard count < 64 else {
            session.expect(false, "REINIT", "an end of it", found: "\(count) times")
            return
          }
        } else if now.initialByteCount == 0 {
          return
        }
        var part: [UInt8] = []
        _ = try session.refusal(allowing: .noMessage) { () throws(DeviceError) in
          part = try session.read(session.preCopyStep, from: channel)
        }
        budget -= max(1, part.count)
        if part.isEmpty { return }
      }
    }
  }
}

extension CheckSession {
  /// The bytes of a read whose effect on the information is looked at.
  var preCopyStep: Int { 65536 }
}
