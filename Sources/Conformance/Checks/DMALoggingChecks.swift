import Devices

extension Check {
  static let dmaLogging = Check(
    "dma-logging", "logging begins once, reports a bit for each page, and ends",
    .header(
      "VFIO_DEVICE_FEATURE_DMA_LOGGING_START",
      "One start and one stop; no second start meanwhile; a report without logging is an error."),
    needs: [.dmaLogging]
  ) { (session) throws(DeviceError) in
    session.logDMA("DMA logging") { (device) throws(DeviceError) in
      let range = session.loggedRange
      func report() throws(DeviceError) -> LinuxErrno? {
        try session.refusal { () throws(DeviceError) in
          _ = try session.report(device, range, 4096)
        }
      }
      session.expect(
        try report() != nil, "a report before the start", "an error", found: "success")
      // What the first round finds, the second would only repeat.
      for round in ["first", "second"] where round == "first" || session.findings.isEmpty {
        try session.start(device, [range], 4096)
        let answer = try session.refusal { () throws(DeviceError) in
          try session.start(device, [range], 4096)
        }
        session.expect(answer != nil, "a start while logging", "an error", found: "success")
        let bits = try session.report(device, range, 4096)
        session.expect(
          bits.count == Int(range.byteCount / 4096 / 8), "a report of the \(round) round",
          "\(range.byteCount / 4096) bits", found: "\(8 * bits.count)")
        try session.stop(device)
        session.expect(
          try report() != nil, "a report after the stop", "an error", found: "success")
      }
    }
  }

  static let dmaLoggingPages = Check(
    "dma-logging-pages", "a report may have pages of any power of two",
    .header(
      "VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT",
      "The page size of a report is any power of two, whatever logging began with."),
    needs: [.dmaLogging]
  ) { (session) throws(DeviceError) in
    for page in [4096, 65536, 2 << 20] as [UInt64] {
      session.logDMA("reports with pages of \(page) bytes") { (device) throws(DeviceError) in
        let range = session.loggedRange
        try session.start(device, [range], page)
        for other in [4096, 65536, 2 << 20] as [UInt64] {
          _ = try session.report(device, range, other)
        }
        try session.stop(device)
      }
    }
  }

  static let dmaLoggingRanges = Check(
    "dma-logging-ranges", "several ranges are logged, and none or overlapping ones refused",
    .practice("The kernel's core takes ranges apart, and refuses none and such as overlap."),
    .advised, needs: [.dmaLogging]
  ) { (session) throws(DeviceError) in
    let range = session.loggedRange
    let other = AddressRange(start: 4 << 30, byteCount: range.byteCount)
    session.logDMA("two ranges") { (device) throws(DeviceError) in
      try session.start(device, [range, other], 4096)
      _ = try session.report(device, other, 4096)
      try session.stop(device)
    }
    for (name, ranges) in [("no range", []), ("a range twice", [range, range])] {
      session.logDMA(name) { (device) throws(DeviceError) in
        let answer = try session.refusal { () throws(DeviceError) in
          try session.start(device, ranges, 4096)
        }
        session.expect(answer != nil, "a start with \(name)", "an error", found: "success")
      }
    }
  }
}

extension CheckSession {
  fileprivate var loggedRange: AddressRange { AddressRange(start: 1 << 30, byteCount: 64 << 20) }

  /// A trial that leaves no logging behind.
  fileprivate func logDMA(
    _ asked: String, _ body: (any DMADevice) throws(DeviceError) -> Void
  ) {
    trial(asked) { () throws(DeviceError) in
      guard let device = device as? any DMADevice else { return }
      defer { try? device.stopDMALogging() }
      try body(device)
    }
  }

  fileprivate func start(
    _ device: any DMADevice, _ ranges: [AddressRange], _ page: UInt64
  ) throws(DeviceError) {
    try logged("SET DMA_LOGGING_START, \(ranges.count) ranges, pages of \(page)") {
      () throws(DeviceError) in try device.startDMALogging(ranges, pageByteCount: page)
    }
  }

  fileprivate func stop(_ device: any DMADevice) throws(DeviceError) {
    try logged("SET DMA_LOGGING_STOP") { () throws(DeviceError) in try device.stopDMALogging() }
  }

  fileprivate func report(
    _ device: any DMADevice, _ range: AddressRange, _ page: UInt64
  ) throws(DeviceError) -> [UInt8] {
    try logged("GET DMA_LOGGING_REPORT, pages of \(page)") {
      () throws(DeviceError) in try device.dirtyPages(in: range, pageByteCount: page)
    }
  }
}
