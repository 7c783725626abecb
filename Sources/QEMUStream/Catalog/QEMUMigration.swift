public import ByteIO

/// The files of one migration: its main channel and, if state went over them, its multifd channels.
public struct QEMUMigration<Input: ByteSource & RandomAccessBytes & ~Copyable> {
  /// Why a file cannot be read.
  public typealias Failure = Input.Failure

  /// All files, in the order in which they were given.
  public let files: [QEMUFile<Input>]
  /// The main channel.
  public let main: QEMUFile<Input>
  private let mainNumber: Int
  /// The description at the end of the main channel; nil for a pipe.
  public let description: VMDescription?

  /// Tells by their first bytes which of `files` is the main channel; a single pipe is.
  ///
  /// Throws `noMainChannel` unless exactly one is. Of several files none may be a pipe.
  public init(_ files: [QEMUFile<Input>]) throws(QEMUReadError<Failure>) {
    var mains: [Int] = []
    var description: VMDescription?
    do throws(Failure) {
      for index in files.indices {
        let isPipe = files.count == 1 && files[index].byteCount == nil
        let isChannel = isPipe ? false : try files[index].isChannel()
        if !isChannel { mains.append(index) }
      }
      if mains.count == 1 { description = try files[mains[0]].description() }
    } catch {
      throw .source(error)
    }
    guard mains.count == 1 else {
      throw .stream(
        QEMUStreamError(
          .noMainChannel, at: 0,
          expected: "one main channel ('QEVM') and the multifd channels of the same migration",
          found: mains.isEmpty ? "multifd channels alone" : "\(mains.count) main channels"))
    }
    self.files = files
    self.description = description
    mainNumber = mains[0]
    main = files[mainNumber]
  }

  /// A reader of the main channel from its start.
  public func reader(
    _ progress: @escaping (UInt64) -> Void = { _ in }
  ) -> QEMUStreamReader<QEMUFile<Input>.Reader> {
    QEMUStreamReader(
      main.reader(progress), description: description, startingAt: main.startOffset)
  }

  /// The size of all files in bytes; nil if one is a pipe.
  public var byteCount: UInt64? {
    files.reduce(0 as UInt64?) { sum, file in
      file.byteCount.flatMap { count in sum.map { $0 + count } }
    }
  }

  /// Reads everything except memory and state.
  ///
  /// Throws errors of the files and of `observe`; one of the streams becomes the content's defect.
  ///
  /// - Parameters:
  ///   - isFramingKept: whether a VFIO device, told by its number and name, shall have its framing.
  ///   - progress: is told how many bytes of all files were read or passed over.
  ///   - observe: is given every part of the main channel.
  public func content(
    framingOf isFramingKept: (_ number: Int, _ name: String) -> Bool = { _, _ in false },
    progress: @escaping (UInt64) -> Void = { _ in },
    observing observe: (QEMUStreamEvent) throws(Failure) -> Void = { _ in }
  ) throws(Failure) -> QEMUMigrationContent {
    var reader = reader(progress)
    let catalog = try QEMUStreamCatalog(
      reading: &reader, framingOf: isFramingKept, observing: observe)
    var content = QEMUMigrationContent(catalog, in: main.name)
    var channels = MultifdChannels()
    var before = main.byteCount ?? 0
    for (number, file) in files.enumerated() where number != mainNumber {
      do throws(QEMUReadError<Failure>) {
        let source = file.reader { [before] position in progress(before + position) }
        try channels.read(source, number, into: &content.catalog)
      } catch {
        switch error {
        case .stream(let cause): content.add(cause, in: file.name)
        case .source(let cause): throw cause
        }
      }
      before += file.byteCount ?? 0
    }
    assign(channels.packets, to: &content)
    try addPackets(to: &content)
    return content
  }

  // MARK: Packets

  /// Assigns the packets to the devices of the main channel.
  private func assign(_ packets: DeviceStatePackets, to content: inout QEMUMigrationContent) {
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
        content.add(error, in: main.name)
      }
    }
  }

  /// Adds what the packets hold to the devices of the catalog.
  private func addPackets(to content: inout QEMUMigrationContent) throws(Failure) {
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
        content.add(error, in: files[piece.file].name)
      }
    }
  }

  private func prefix(of sequence: DeviceStatePackets.Sequence) throws(Failure) -> [UInt8] {
    var prefix: [UInt8] = []
    for piece in sequence.state where prefix.count < VFIODeviceSummary.longestPrefix {
      let room = VFIODeviceSummary.longestPrefix - prefix.count
      prefix += try files[piece.file].bytes(
        at: piece.offset, count: min(Int(piece.byteCount), room))
    }
    return prefix
  }
}

/// The multifd channels of a migration as far as they were read.
private struct MultifdChannels {
  private(set) var packets = DeviceStatePackets()
  private var heads: [(uuid: [UInt8], channel: UInt8)] = []

  /// Reads a channel to its end; its pages are added to `catalog`.
  mutating func read<Source: ByteSource>(
    _ source: Source, _ number: Int, into catalog: inout QEMUStreamCatalog
  ) throws(QEMUReadError<Source.Failure>) {
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
    heads.append((head.uuid, head.channel))
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
}

extension QEMUFile where Input: ~Copyable {
  /// Whether the file begins like a multifd channel.
  fileprivate func isChannel() throws(Failure) -> Bool {
    try bytes(at: startOffset, count: 4) == [0x11, 0x22, 0x33, 0x44]
  }

  /// The description at the end of the file; nil for a pipe, and if there is none that can be read.
  fileprivate func description() throws(Failure) -> VMDescription? {
    guard let byteCount, let length = try lastControlCharacter(before: byteCount) else {
      return nil
    }
    // The length stands behind two bytes, and its own last bytes may be no control characters.
    let start = length - min(length, 8)
    let tail = try bytes(at: start, count: Int(byteCount - start))
    return VMDescription(inTail: tail.span.raw, at: start)
  }

  /// The offset of the last byte below a space, if a description from there is not too long.
  private func lastControlCharacter(before end: UInt64) throws(Failure) -> UInt64? {
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
