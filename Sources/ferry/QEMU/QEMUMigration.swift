import ByteIO
import QEMUStream
import StreamIO

/// The files of one migration: its main channel and, where state went over them, its multifd channels.
struct QEMUMigration {
  /// All files, in the order of the command line.
  let files: [QEMUFile]
  let main: QEMUFile
  private let mainNumber: Int
  let description: VMDescription?

  /// Opens the files, and tells by their first bytes which one is the main channel.
  ///
  /// - Parameter isReadTwice: whether a pipe has to be copied, so that it can be read more than once.
  init(_ paths: [String], isReadTwice: Bool) throws {
    let files = try paths.map { path in
      let file = try InputFile(path: path)
      return QEMUFile(isReadTwice || paths.count > 1 ? try file.seekable() : file)
    }
    let mains = try files.indices.filter { try files.count == 1 || !files[$0].isChannel() }
    guard let number = mains.first, mains.count == 1 else {
      throw CommandError.damaged(
        "\(paths.joined(separator: ", ")): expected one main channel ('QEVM') and the multifd "
          + "channels of the same migration, found \(mains.count) that are no channel")
    }
    self.files = files
    mainNumber = number
    main = files[number]
    description = try main.findDescription()
  }

  /// A reader of the main channel from its start.
  func reader(_ progress: Progress? = nil) -> QEMUStreamReader<QEMUFile.Source> {
    QEMUStreamReader(main.source(progress), description: description)
  }

  /// The size of all files in bytes; nil where one is a pipe.
  var byteCount: UInt64? {
    files.reduce(0 as UInt64?) { sum, file in
      file.byteCount.flatMap { count in sum.map { $0 + count } }
    }
  }

  /// Reads everything but memory and state; `observe` sees every part of the main channel.
  func read(
    _ progress: Progress? = nil,
    observing observe: (QEMUStreamEvent) throws(StreamIOError) -> Void = { _ in }
  ) throws -> QEMUMigrationContent {
    var reader = reader(progress)
    let catalog = try QEMUStreamCatalog(reading: &reader, observing: observe)
    var content = QEMUMigrationContent(catalog, in: main.path)
    try readChannels(into: &content, progress)
    return content
  }

  // MARK: Channels

  private func readChannels(into content: inout QEMUMigrationContent, _ progress: Progress?) throws
  {
    var before = main.byteCount ?? 0
    var packets = DeviceStatePackets()
    var heads: [MultifdHead] = []
    for (number, file) in files.enumerated() where number != mainNumber {
      do throws(QEMUReadError<StreamIOError>) {
        try Self.read(
          file.source(progress, before: before), number, into: &content.catalog, &packets, &heads)
      } catch {
        switch error {
        case .stream(let cause): content.defect = content.defect ?? (file.path, cause)
        case .source(let cause): throw cause
        }
      }
      before += file.byteCount ?? 0
    }
    for device in packets.devices {
      do throws(QEMUStreamError) {
        let index = content.catalog.vfioDevices.firstIndex {
          $0.id == device.name && $0.instance == device.instance
        }
        guard let index else {
          throw QEMUStreamError(
            .differentMigration, at: 0, section: device.name,
            expected: "packets of the devices of the main channel",
            found: "packets of '\(device.name)', instance \(device.instance)")
        }
        content.packets[index] = try packets.sequence(
          of: device.name, instance: device.instance)
      } catch {
        content.defect = content.defect ?? (main.path, error)
      }
    }
    for (index, sequence) in content.packets.enumerated() {
      guard let sequence else { continue }
      let piece = sequence.configuration
      let configuration = try files[piece.file].bytes(
        at: piece.offset, count: min(Int(piece.byteCount), 1 << 20))
      let prefix = try prefix(of: sequence)
      do throws(QEMUStreamError) {
        try content.catalog.add(
          sequence, configuration: configuration, prefix: prefix, toDevice: index)
      } catch {
        content.packets[index] = nil
        content.defect = content.defect ?? (files[piece.file].path, error)
      }
    }
  }

  private typealias MultifdHead = MultifdChannelReader<QEMUFile.Source>.Head

  private static func read(
    _ source: QEMUFile.Source, _ number: Int, into catalog: inout QEMUStreamCatalog,
    _ packets: inout DeviceStatePackets, _ heads: inout [MultifdHead]
  ) throws(QEMUReadError<StreamIOError>) {
    var reader = MultifdChannelReader(
      source, pageBits: catalog.configuration?.pageBits ?? 12)
    let head = try reader.readHead()
    if let uuid = catalog.configuration?.uuid ?? heads.first?.uuid, uuid != head.uuid {
      throw .stream(
        QEMUStreamError(
          .differentMigration, at: 8, expected: "a channel of the machine \(hex(uuid))",
          found: "one of \(hex(head.uuid))"))
    }
    guard heads.allSatisfy({ $0.channel != head.channel }) else {
      throw .stream(
        QEMUStreamError(
          .differentMigration, at: 24, expected: "every channel once",
          found: "channel \(head.channel) again"))
    }
    heads.append(head)
    while let packet = try reader.next() {
      switch packet {
      case .pages(let pages, let block): catalog.add(pages, of: block)
      case .deviceState(let state):
        do throws(QEMUStreamError) {
          try packets.add(state, file: number)
        } catch {
          throw .stream(error)
        }
      }
    }
  }

  private func prefix(of sequence: DeviceStatePackets.Sequence) throws -> [UInt8] {
    var prefix: [UInt8] = []
    for piece in sequence.state where prefix.count < VFIODeviceSummary.longestPrefix {
      let room = VFIODeviceSummary.longestPrefix - prefix.count
      prefix += try files[piece.file].bytes(
        at: piece.offset, count: min(Int(piece.byteCount), room))
    }
    return prefix
  }
}

extension QEMUFile {
  /// Whether the file begins like a multifd channel.
  fileprivate func isChannel() throws -> Bool {
    try bytes(at: 0, count: 4) == [0x11, 0x22, 0x33, 0x44]
  }

  /// What the end of the file says of the stream; nil for a pipe, and where it says nothing that can be read.
  fileprivate func findDescription() throws -> VMDescription? {
    guard let byteCount, let length = try lastControlCharacter(before: byteCount) else {
      return nil
    }
    // The length stands behind two bytes, and its own last bytes may be no control characters.
    let start = length - min(length, 8)
    let tail = try bytes(at: start, count: Int(byteCount - start))
    guard let position = VMDescription.find(inTail: tail.span.raw) else { return nil }
    return try? VMDescription(
      parsing: tail.span.raw.extracting(droppingFirst: position + 5),
      at: start + UInt64(position) + 5)
  }

  /// Where the last byte below a space stands, no further from `end` than a description goes.
  private func lastControlCharacter(before end: UInt64) throws -> UInt64? {
    var position = end
    while position > 0, end - position <= UInt64(VMDescription.longestByteCount) {
      let start = position - min(position, 64 << 10)
      let block = try bytes(at: start, count: Int(position - start))
      if let index = block.lastIndex(where: { $0 < 0x20 }) { return start + UInt64(index) }
      position = start
    }
    return nil
  }
}
