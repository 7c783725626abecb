import CFerry
import FerryC
import FuzzSupport

/// A caller of libferry, which knows what is live.
final class Session {
  enum Kind: CaseIterable { case profile, space, writer, reader, state }

  var input: Input
  private(set) var callCount = 0
  private var handles: [(number: UInt64, kind: Kind)] = []
  private var live: Set<UInt64> = []
  var error = ferry_error()
  private var savedSpace = ferry_space_state()
  /// What sinks got: a stream, a report. Read by sources.
  var written: [UInt8] = []
  var readPosition = 0
  /// The device behind every space, and the space that is in a call.
  var device = [UInt8](repeating: 0, count: 4096)
  var inCall: UInt64 = 0

  init(_ bytes: [UInt8]) { input = Input(bytes) }

  /// The questions after which a migration is cancelled.
  var questionsToCancellation = 0

  var context: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }
  var sink: ferry_sink { ferry_sink(write: takeOutput, context: context) }
  var source: ferry_source { ferry_source(read: giveInput, context: context) }

  // MARK: Handles

  /// A handle that was given, or a number that never was.
  func handle() -> UInt64 {
    let choice = input.byte()
    if choice == 0xff { return UInt64(input.word()) << 32 | UInt64(input.word()) }
    guard !handles.isEmpty else { return UInt64(choice) }
    let number = handles[Int(choice & 0x7f) % handles.count].number
    return choice & 0x80 == 0 ? number : number ^ 1 << UInt64(input.number(below: 64))
  }

  func given(_ status: ferry_status, _ number: UInt64, _ kind: Kind) {
    check(status)
    guard status == FERRY_OK else { return }
    require(number != 0, "no handle is 0")
    require(!handles.contains { $0.number == number }, "no number is given twice")
    handles.append((number, kind))
    live.insert(number)
  }

  func check(_ status: ferry_status) {
    require(ferry_status_name(status) != nil, "status \(status) has a name")
    require(status != FERRY_ERROR_BUSY, "no object is in a call")
  }

  /// Holds the status of a call with a handle against what is live.
  func check(_ status: ferry_status, _ number: UInt64, _ kind: Kind) {
    check(status)
    let isLive =
      live.contains(number) && handles.contains { $0.number == number && $0.kind == kind }
    require((status != FERRY_ERROR_HANDLE) == isLive, "a handle is live or is refused")
  }

  private func close(_ number: UInt64) {
    let status = ferry_close(number, &error)
    require((status == FERRY_OK) == live.contains(number), "what is live can be closed")
    live.remove(number)
  }

  func closeAll() {
    for number in live { close(number) }
  }

  // MARK: Calls

  /// Makes one call.
  func call() {
    callCount += 1
    switch input.number(below: 26) {
    case 0 where live.count < 40: loadProfile()
    case 1: nameProfile()
    case 2: synthesize()
    case 3: checkProfile()
    case 4 where live.count < 40: openSpace()
    case 5, 6: readSpace()
    case 7: writeSpace()
    case 8: saveSpace()
    case 9: restoreSpace()
    case 10 where live.count < 40: openWriter()
    case 11: introduce()
    case 12, 13: writeState()
    case 14: finishWriter()
    case 15 where live.count < 40: openReader()
    case 16, 17: next()
    case 18: push()
    case 19: readDevice()
    case 20 where live.count < 40: openState()
    case 21: lookAtState()
    case 22: translate()
    case 23: migrate()
    case 24 where live.count < 40: salvage()
    default: close(handle())
    }
  }

  private func loadProfile() {
    var text = input.byte() & 3 == 0 ? input.some() : [UInt8](profileText.utf8)
    if input.byte() & 15 == 0, !text.isEmpty {
      text[input.number(below: text.count)] = input.byte()
    }
    var profile: ferry_profile = 0
    let status = text.withUnsafeBytes { text in
      ferry_profile_load(
        text.baseAddress?.assumingMemoryBound(to: CChar.self), text.count, &profile, &error)
    }
    given(status, profile, .profile)
  }

  private func nameProfile() {
    let number = handle()
    var name = [CChar](repeating: 1, count: 256)
    var digest = [CChar](repeating: 1, count: 65)
    check(ferry_profile_name(number, &name, &digest, &error), number, .profile)
  }

  private func synthesize() {
    let number = handle()
    var size = 0
    let capacity = input.byte() & 1 == 0 ? 4096 : input.number(below: 256)
    var bytes = [UInt8](repeating: 0, count: max(capacity, 1))
    let status = ferry_profile_synthesize(number, &bytes, capacity, &size, &error)
    check(status, number, .profile)
    if status == FERRY_OK { device.replaceSubrange(0..<size, with: bytes[..<size]) }
  }

  /// Calls with what is known of the device.
  private func withHost(_ body: (UnsafePointer<ferry_host>) -> ferry_status) -> ferry_status {
    let count = input.byte() & 3 == 0 ? Int(input.word() % 5000) : 4096
    var bytes = device
    if input.byte() & 7 == 0 { bytes[input.number(below: 256)] = input.byte() }
    var host = ferry_host()
    host.flags = input.byte() & 3 == 0 ? UInt32(input.byte()) : 0
    host.pasid_width = UInt32(input.byte() & 31)
    host.bar_sizes.0 = UInt64(input.byte()) << 4
    host.bar_sizes.3 = input.byte() & 15 == 0 ? 4096 : 0
    bytes += [UInt8](repeating: 0, count: 1000)
    return bytes.withUnsafeBufferPointer { bytes in
      host.space = bytes.baseAddress
      host.space_size = count
      return body(&host)
    }
  }

  private func checkProfile() {
    let number = handle()
    var verdict: Int32 = 0
    var sink = sink
    let wantsMap = input.byte() & 1 == 0
    let status = withHost { host in
      wantsMap
        ? ferry_profile_map(number, host, &sink, &error)
        : ferry_profile_check(number, host, &verdict, &sink, &error)
    }
    check(status, number, .profile)
  }

  private func openSpace() {
    let number = handle()
    var access = ferry_config_access(read: readRegister, write: writeRegister, context: context)
    var space: ferry_space = 0
    let status = withHost { ferry_space_open(number, $0, &access, &space, &error) }
    check(status, number, .profile)
    given(status, space, .space)
  }

  private func readSpace() {
    let number = handle()
    var value: UInt32 = 0
    inCall = number
    check(
      ferry_space_read(number, input.word(), UInt32(input.byte() & 7), &value, &error), number,
      .space)
  }

  private func writeSpace() {
    let number = handle()
    var effects: UInt32 = 0
    inCall = number
    let size: UInt32 = [1, 2, 4, 3][input.number(below: 4)]
    let status = ferry_space_write(number, input.word(), size, input.word(), &effects, &error)
    check(status, number, .space)
  }

  private func saveSpace() {
    let number = handle()
    inCall = number
    if input.byte() & 3 == 0 { check(ferry_space_reset(number, &error), number, .space) }
    check(ferry_space_save(number, &savedSpace, &error), number, .space)
  }

  private func restoreSpace() {
    let number = handle()
    inCall = number
    var state = savedSpace
    withUnsafeMutableBytes(of: &state) { bytes in
      if input.byte() & 3 == 0 {
        bytes[Int(input.word()) % bytes.count] = input.byte()
      }
    }
    check(ferry_space_restore(number, &state, &error), number, .space)
  }

  private func openWriter() {
    var options = ferry_writer_options()
    options.flags = UInt32(input.byte() & 1)
    options.level = Int32(input.byte() & 3)
    options.chunk_size = input.byte() & 1 == 0 ? 1 << 16 : 0
    options.window_size = input.byte() & 3 == 0 ? 1 << 17 : 0
    var sink = sink
    var writer: ferry_writer = 0
    written = []
    given(ferry_writer_open(&sink, &options, &writer, &error), writer, .writer)
  }

  private func introduce() {
    let number = handle()
    var device = ferry_device()
    let bytes = input.some()
    device.parts = UInt32(input.byte())
    device.class_code = input.word()
    device.interrupts.parts = UInt32(input.byte() & 15)
    let binding = ferry_pasid_binding(
      pasid: input.word(), domain: 1, permissions: UInt32(input.byte() & 3))
    var domain = ferry_pasid_domain()
    domain.id = UInt32(input.byte() & 1)
    var given: UInt16 = 0
    let status = bytes.withUnsafeBufferPointer { bytes in
      withUnsafePointer(to: binding) { binding in
        withUnsafePointer(to: domain) { domain in
          device.physical = bytes.baseAddress
          device.physical_size = bytes.count
          device.shown = bytes.baseAddress
          device.shown_size = bytes.count
          device.interrupts.msix_table = bytes.baseAddress
          device.interrupts.msix_table_size = bytes.count
          device.interrupts.msix_pending_bits = bytes.baseAddress
          device.interrupts.msix_pending_bits_size = min(8, bytes.count)
          if bytes.count & 1 == 1 {
            (device.bindings, device.binding_count) = (binding, 1)
            (device.domains, device.domain_count) = (domain, 1)
          }
          return ferry_writer_introduce(number, &device, &given, &error)
        }
      }
    }
    check(status, number, .writer)
  }

  private func writeState() {
    let number = handle()
    let bytes = input.some()
    let many = (0..<input.number(below: 8)).reduce(bytes) { all, _ in all + all.reversed() }
    let status = many.withUnsafeBytes { many in
      ferry_writer_state(
        number, UInt16(input.byte() & 3), UInt32(input.byte() & 3), UInt32(input.byte()),
        UInt32(input.byte() & 31), many.baseAddress, many.count, &error)
    }
    check(status, number, .writer)
  }

  private func finishWriter() {
    let number = handle()
    check(ferry_writer_finish(number, &error), number, .writer)
  }

  private func openReader() {
    var source = source
    var reader: ferry_reader = 0
    readPosition = 0
    let status =
      input.byte() & 1 == 0
      ? ferry_reader_open(&source, &reader, &error) : ferry_reader_open(nil, &reader, &error)
    given(status, reader, .reader)
  }

  private func next() {
    let number = handle()
    var record = ferry_record()
    let status = ferry_reader_next(number, &record, &error)
    check(status, number, .reader)
    if status == FERRY_OK, record.kind == FERRY_RECORD_STATE { readState(number) }
  }

  func readState(_ number: UInt64) {
    var bytes: UnsafeRawPointer?
    var size = 0
    let status = ferry_reader_state(number, &bytes, &size, &error)
    check(status, number, .reader)
    guard status == FERRY_OK, let bytes else { return }
    // All of it is there.
    let sum = UnsafeRawBufferPointer(start: bytes, count: size).reduce(0) { $0 &+ UInt64($1) }
    require(sum < .max, "bytes can be read")
  }

  private func push() {
    let number = handle()
    let bytes = input.byte() & 3 == 0 ? input.some() : written
    var taken = 0
    var record = ferry_record()
    let status = bytes.withUnsafeBytes { bytes in
      ferry_reader_push(number, bytes.baseAddress, bytes.count, &taken, &record, &error)
    }
    check(status, number, .reader)
    require(taken <= bytes.count, "no more is taken than there is")
    if status == FERRY_OK, record.kind == FERRY_RECORD_STATE { readState(number) }
    if input.byte() & 7 == 0 { check(ferry_reader_finish(number, &error), number, .reader) }
  }

  private func readDevice() {
    let number = handle()
    var device = ferry_device()
    let status = ferry_reader_device(number, UInt16(input.byte() & 3), &device, &error)
    check(status, number, .reader)
    if status == FERRY_OK, let name = device.name { _ = String(cString: name) }
    if input.byte() & 1 == 0 { readState(number) }
  }

  private func openState() {
    let bytes = input.byte() & 1 == 0 ? input.some() : mttyState
    let layout: String? = [nil, "mtty", "virtio", "qat", "dms", "x"][input.number(below: 6)]
    var state: ferry_state = 0
    let status = bytes.withUnsafeBytes { bytes in
      withText(layout) {
        ferry_state_open(bytes.baseAddress, bytes.count, $0, nil, &state, &error)
      }
    }
    given(status, state, .state)
  }

  private func withText(
    _ text: String?, _ body: (UnsafePointer<CChar>?) -> ferry_status
  ) -> ferry_status {
    text.map { $0.withCString { body($0) } } ?? body(nil)
  }

  private func lookAtState() {
    let number = handle()
    var summary = ferry_state_summary()
    var finding = ferry_finding()
    var field = ferry_field()
    var sink = sink
    check(ferry_state_summarize(number, &summary, &error), number, .state)
    check(ferry_state_finding(number, input.word(), &finding, &error), number, .state)
    let status = ferry_state_field(number, input.word(), &field, &error)
    check(status, number, .state)
    if status == FERRY_OK, let name = field.name { _ = String(cString: name) }
    if input.byte() & 3 == 0 { check(ferry_state_json(number, &sink, &error), number, .state) }
  }

  private func translate() {
    let number = handle()
    var translation = ferry_translation()
    var isAccepted: Int32 = 0
    let facts = input.byte() & 1 == 0 ? input.some() : [UInt8]("mtty: { ports: 2 }".utf8)
    translation.flags = UInt32(input.byte() & 1)
    var sink = sink
    let status = facts.withUnsafeBytes { facts in
      translation.target_facts = facts.baseAddress?.assumingMemoryBound(to: CChar.self)
      translation.target_facts_size = facts.count
      return ferry_state_translate(number, &translation, &isAccepted, &sink, &sink, &error)
    }
    check(status, number, .state)
  }
}
