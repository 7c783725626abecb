import ByteIO

/// Puts devices together from the lines of a text: heads and rows of dumps, and QEMU's trace, among
/// lines of any other kind.
///
/// A row counts if it stands directly under a head or the row before it, or continues those before
/// exactly; what only looks like a row is other text.
struct DumpTextReader {
  /// More functions than a domain can have, so that a hostile file cannot ask for unlimited memory.
  private static let deviceLimit = 65536
  /// What all of them may take together: 4096 whole spaces.
  private static let byteLimit = 16 << 20
  /// As much as a trace of one takes: two bytes for each of a space.
  private static let traceLimit = 1024
  /// Fewer bytes on a line are words and numbers, not the first line of a space.
  private static let bareByteCount = 8
  /// Bytes that can be a row of which others are repetitions.
  private static let starredByteCount = 16
  /// How many lines may stand in the place of a row that is spoilt.
  private static let spoiltLineCount = 3
  /// How far below a command its output may begin.
  private static let commandDistance = 3

  /// The blocks that were read to their end, and what they are if nothing else is found.
  private var blocks: [FinishedBlock] = []
  private var byteCount = 0
  private var open: DumpBlock?
  /// The last line that is not blank.
  private var lastContent = 0
  private var traces: [TracedSpace] = []
  private var traceNumbers: [String: Int] = [:]
  private var command: (address: PCIAddress, line: Int)?
  /// The functions that are listed without bytes: the first one, and how many.
  private var listed: (address: PCIAddress, line: Int, count: Int)?
  /// The first line that has the look of a row and is none.
  private var flaw: PCIConfigError?
  /// The first rows that do not make a header.
  private var fragment: PCIConfigError?

  init() {}

  mutating func read(_ text: ArraySlice<UInt8>, number: Int) throws(PCIConfigError) {
    let line = DumpLine(text, number: number)
    if line.content.isEmpty {
      open?.hasBlank = true
      return
    }
    defer { lastContent = number }
    if let access = ConfigAccess(line.content) {
      try add(access, line: number)
    } else if let head = line.listedFunction {
      try begin(head.address, head.title, at: number)
    } else if let address = line.earlyDumpFunction {
      try begin(address, "", at: number)
    } else if try !readRow(line) {
      try passOver(line)
    }
  }

  /// The devices, after the last line, in the order of their lines.
  consuming func finish() throws(PCIConfigError) -> [DumpedDevice] {
    try close()
    var found = blocks.filter(\.isSpace)
    // Bytes that are nothing else in the text are a space, however strange; of digits alone there
    // must be as many as a space has.
    if found.isEmpty, traces.isEmpty {
      found = blocks
    }
    var devices: [DumpedDevice] = []
    for block in found { devices.append(try block.device.get()) }
    for trace in traces where trace.isKnown {
      let address = PCIAddress(trace.name)
      devices.append(
        DumpedDevice(
          address: address, title: address == nil ? trace.name : "", line: trace.line,
          space: try trace.space))
    }
    guard devices.isEmpty else { return devices.sorted { ($0.line ?? 0) < ($1.line ?? 0) } }
    if let flaw { throw flaw }
    guard let listed else {
      if let fragment { throw fragment }
      return []
    }
    throw PCIConfigError(
      .dump, at: .text(line: listed.line, column: nil),
      "expected the bytes of a configuration space, found "
        + (listed.count == 1
          ? "\(listed.address) listed"
          : "\(listed.count) functions listed, \(listed.address) first,")
        + " without them; `\(ConfigSpaceDump.wholeSpaceCommand(for: listed.address))` as root "
        + "prints them")
  }
}

/// A block that has all its rows.
private struct FinishedBlock {
  /// Whether it is taken for a space whatever else the text has.
  let isSpace: Bool
  let device: Result<DumpedDevice, PCIConfigError>

  init(_ block: DumpBlock) {
    isSpace = block.isHeaded || block.isPlausible
    device = Result { () throws(PCIConfigError) in try block.device }
  }

  /// What it takes, about.
  var byteCount: Int {
    guard case .success(let device) = device else { return 512 }
    return device.space.byteCount + device.title.utf8.count
      + device.space.unknownRanges.count * MemoryLayout<Range<Int>>.size + 256
  }
}

extension DumpTextReader {
  private mutating func begin(
    _ address: PCIAddress, _ title: String, at line: Int
  ) throws(PCIConfigError) {
    try close()
    open = DumpBlock(address: address, title: title, line: line, isHeaded: true)
  }

  private mutating func close() throws(PCIConfigError) {
    defer { open = nil }
    guard let block = open else { return }
    if block.form == nil {
      // A head without rows is a device that was listed, not dumped.
      guard let address = block.address else { return }
      listed = (listed?.address ?? address, listed?.line ?? block.line, (listed?.count ?? 0) &+ 1)
      return
    }
    guard block.isHeaded || block.bytes.count >= ConfigSpace.byteCounts.lowerBound else {
      if let line = block.starLine {
        flaw = flaw ?? DumpBlock.uncounted(line)
      } else if block.form != .bare {
        note(fragment: "bytes up to 0x\(hex(block.bytes.count &- 1, digits: 2))", line: block.line)
      }
      return
    }
    guard blocks.count &+ traces.count < Self.deviceLimit else {
      throw PCIConfigError(.limit, "expected at most \(Self.deviceLimit) devices")
    }
    // Digits alone behind a line of such digits that is spoilt are the rest of a space.
    if block.form == .bare, case .text(block.line &- 1, _)? = flaw?.place { return }
    let finished = FinishedBlock(block)
    guard finished.isSpace || block.form != .bare || (block.isWhole && !block.isNarrow) else {
      return
    }
    byteCount &+= finished.byteCount
    guard byteCount <= Self.byteLimit else {
      throw PCIConfigError(
        .limit, at: .text(line: block.line, column: nil),
        "expected dumps of at most \(Self.byteLimit >> 20) MiB together, found more")
    }
    blocks.append(finished)
  }

  private mutating func add(_ access: ConfigAccess, line: Int) throws(PCIConfigError) {
    if let number = traceNumbers[access.name] { return traces[number].add(access) }
    guard traces.count < Self.traceLimit else {
      throw PCIConfigError(.limit, "expected a trace of at most \(Self.traceLimit) devices")
    }
    var trace = TracedSpace(access, line: line)
    trace.add(access)
    traceNumbers[access.name] = traces.count
    traces.append(trace)
  }

  /// A line that is no part of a dump. One that is not indented, behind a blank one, ends what a
  /// head lists; one that names a function may be the command that prints the next rows.
  private mutating func passOver(_ line: DumpLine) throws(PCIConfigError) {
    open?.addRegion(line.content)
    if let block = open, block.form == nil, block.hasBlank, line.indent == 0 { try close() }
    if line.content == [UInt8(ascii: "*")], let form = open?.form,
      open?.lastLine == lastContent
    {
      if form == .bare {
        guard open?.lastLine == line.number &- 1 else { return }
        // A star behind a few digits is part of other text, unless more of them follow.
        if let block = open, block.starLine == nil, block.bytes.count >= Self.starredByteCount {
          open?.starLine = line.number
        }
        open?.lastLine = line.number
        return
      }
      open?.repeats = true
      open?.lastLine = line.number
    } else if let address = line.commandFunction {
      // What a head listed ends before the output of another command.
      if open?.form == nil { try close() }
      command = (address, line.number)
    }
  }

  /// Takes a row; false if the line is none, or does not belong to a dump.
  private mutating func readRow(_ line: DumpLine) throws(PCIConfigError) -> Bool {
    let isNext = open?.lastLine == line.number &- 1
    var form = open?.form
    // Rows with offsets may have other lines between them.
    if !isNext, form == .bare || form == .binary { form = nil }
    let row = DumpRow(line.content, continuing: form)
    if let row, let offset = try continuation(row, line, isNext: isNext) {
      try open?.add(row, at: offset, number: line.number)
      return true
    }
    if let error = spoilt(line, row, isNext: isNext) { throw error }
    guard let row else {
      if open?.form == nil, let letter = misread(line, as: nil, at: 0) {
        flaw = flaw ?? letter
      }
      return false
    }
    return try start(with: row, line, isNext: isNext)
  }

  /// Why rows end at a line that should be one of them, or before it; nil if it is other text.
  private func spoilt(_ line: DumpLine, _ row: DumpRow?, isNext: Bool) -> PCIConfigError? {
    guard let block = open else { return nil }
    if isNext {
      if let error = misread(line, as: block.form, at: block.bytes.count) { return error }
      guard let row, block.isCompleted(by: row) else { return nil }
      return PCIConfigError(
        .dump, at: .text(line: line.number, column: nil),
        "expected a row that begins with its offset, found \(row.bytes.count) "
          + "\(row.bytes.count == 1 ? "byte" : "bytes") of the row before: what was wrapped has to "
          + "be one line again")
    }
    guard let row, let offset = block.offsetBehindGap(of: row),
      line.number &- block.lastLine <= Self.spoiltLineCount
    else { return nil }
    return PCIConfigError(
      .dump, at: .text(line: block.lastLine &+ 1, column: nil),
      "expected a row at 0x\(hex(block.bytes.count, digits: 2)), found a line that is none, and the "
        + "row at 0x\(hex(offset, digits: 2)) behind it")
  }

  /// The error of a row that has letters in the place of digits that look like them; nil if the
  /// line would be no row at `offset` with the digits either.
  private func misread(_ line: DumpLine, as form: DumpRow.Form?, at offset: Int) -> PCIConfigError?
  {
    guard line.content.count <= Self.rowByteLimit,
      let index = line.content.firstIndex(where: { Self.lookalikes[$0] != nil })
    else { return nil }
    let digits = line.content.map { Self.lookalikes[$0] ?? $0 }
    guard let row = DumpRow(digits[...], continuing: form), row.flaw == nil,
      row.bytes.count >= Self.bareByteCount, form == nil || row.form == form,
      row.form == .bare
        ? form == .bare || row.bytes.count >= Self.starredByteCount
        : row.offsets.contains(where: { $0.value == offset })
    else { return nil }
    let letter = String(decoding: CollectionOfOne(line.content[index]), as: UTF8.self)
    return PCIConfigError(
      .dump, at: .text(line: line.number, column: line.column(of: index)),
      "expected a hexadecimal digit, found the letter \(letter)")
  }

  /// No row of a dump is longer, but for joined digits.
  private static let rowByteLimit = 256
  private static let lookalikes: [UInt8: UInt8] = [
    UInt8(ascii: "O"): UInt8(ascii: "0"), UInt8(ascii: "o"): UInt8(ascii: "0"),
    UInt8(ascii: "I"): UInt8(ascii: "1"), UInt8(ascii: "l"): UInt8(ascii: "1"),
  ]

  /// Notes rows that have no whole header.
  private mutating func note(fragment: String, line: Int) {
    self.fragment =
      self.fragment
      ?? PCIConfigError(
        .dump, at: .text(line: line, column: nil),
        "expected the 64 bytes of a header, from offset 0 on, found \(fragment) alone")
  }

  /// The offset at which the row continues the open dump; nil if it does not.
  private func continuation(
    _ row: DumpRow, _ line: DumpLine, isNext: Bool
  ) throws(PCIConfigError) -> Int? {
    guard let block = open, let offset = block.continuation(of: row, isNext: isNext) else {
      return nil
    }
    if block.form == nil {
      // A head's rows stand under it, or begin at 0 behind what `lspci -v` says of the function.
      guard isNext || (offset == 0 && row.flaw == nil) else { return nil }
      // Rows of another tool behind a blank line are not what the head lists.
      if block.hasBlank, row.form != .colon { return nil }
      if row.form == .bare, row.bytes.count < Self.bareByteCount { return nil }
    } else {
      if offset == 0, !block.mayBegin { return nil }
      let continues = offset == block.bytes.count || block.repeats || block.isEnd(row)
      guard continues || (isNext && offset < ConfigSpace.byteCounts.upperBound) else { return nil }
      // Without two sound bytes it is more likely something else behind other lines, or behind a
      // space's last byte.
      let isMeant = row.bytes.count >= 2 || (isNext && !block.isFull)
      if row.flaw != nil, !continues || !isMeant { return nil }
    }
    if let column = row.flaw { throw Self.error(line, column) }
    return offset
  }

  /// Begins a space whose head is missing with a row at offset 0.
  private mutating func start(
    with row: DumpRow, _ line: DumpLine, isNext: Bool
  ) throws(PCIConfigError) -> Bool {
    if row.form == .bare {
      // A line of digits between two rows does not end their dump.
      // Words alone may be anything, and end nothing.
      let mayBegin = row.isWordAlone ? open?.isFull ?? true : row.bytes.count >= Self.bareByteCount
      if !mayBegin || (isNext && open?.form != nil) { return false }
    } else if let offset = row.offsets.first?.value, offset != 0 {
      if row.flaw == nil, offset < ConfigSpace.byteCounts.upperBound {
        note(fragment: "rows from 0x\(hex(offset, digits: 2)) on", line: line.number)
      }
      return false
    }
    if let column = row.flaw {
      flaw = flaw ?? Self.error(line, column)
      return false
    }
    if row.bytes.isEmpty { return false }
    try close()
    var block = DumpBlock(address: nil, title: "", line: line.number, isHeaded: false)
    if let command, line.number &- command.line <= Self.commandDistance {
      block.address = command.address
    }
    command = nil
    try block.add(row, at: 0, number: line.number)
    open = block
    return true
  }

  private static func error(_ line: DumpLine, _ index: Int) -> PCIConfigError {
    PCIConfigError(
      .dump, at: .text(line: line.number, column: line.column(of: index)),
      "expected bytes of two hexadecimal digits with a space between them, found \(line.unit(at: index))"
    )
  }
}
