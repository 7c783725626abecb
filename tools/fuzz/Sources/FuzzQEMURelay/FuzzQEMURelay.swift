import ByteIO
import FuzzSupport
import PCIConfig
import QEMUStream

/// The entry point of libFuzzer.
///
/// An input is a QEMU stream on its way to another QEMU, or a multifd channel. What must hold: no
/// crash; who only looks passes every byte on; who guards passes on what came, up to where it
/// refuses; a stream that goes through whole has been confirmed by its description, which is its
/// end; the end of a stream that is refused does not pass; a return path is heard alike however it
/// is split.
@c(LLVMFuzzerTestOneInput)
public func fuzzQEMURelay(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 0 else { return -1 }
  let input = [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  let isChannel = input[0] == 0x11
  let seen = Run(input, isChannel, isObserving: true, step: 1 + count % 97)
  require(seen.error == nil && seen.output == input, "who only looks passes every byte on")
  let guarded = Run(input, isChannel, isObserving: false, step: .max)
  require(input.starts(with: guarded.output), "what goes on is what came")
  if guarded.error == nil {
    require(guarded.output == input, "what is not refused goes on whole")
    require(isChannel || guarded.isConfirmed, "a stream goes through if its description says so")
  } else {
    // Of a stream that is torn there is no end.
    require(
      guarded.error?.code == .torn || guarded.output.count < input.count,
      "the end of what is refused does not pass")
  }
  let pieces = Run(input, isChannel, isObserving: false, step: 1 + count % 13)
  require(pieces.error == guarded.error, "how the input is split does not matter")
  scanReturnPath(input)
  return 0
}

/// An input that was relayed.
private struct Run {
  var output: [UInt8] = []
  var error: QEMUStreamError?
  var isConfirmed = false

  init(_ input: [UInt8], _ isChannel: Bool, isObserving: Bool, step: Int) {
    let notes = Notes()
    var rules = RelayRules { notes.add($0) }
    rules.isObserving = isObserving
    let judge = (try? ConfigSpace([UInt8](repeating: 0, count: 256))).map {
      RecordJudge(local: $0, conditions: QEMULoadConditions())
    }
    rules.judge = { (_, record, machine) throws(QEMUStreamError) in
      guard let space = try? ConfigSpace(record.space) else { return nil }
      return try? judge?.judge(space, machine: machine)
    }
    let sink = MemoryOutput<Never>()
    let source = MemoryInput<Never>(input, pieceByteCount: step)
    do {
      if isChannel {
        try MultifdChannelRelay(source, sink, rules: rules).run {
          QEMUConfiguration(machine: "pc")
        }
      } else {
        try MainChannelRelay(source, sink, rules: rules).run()
      }
    } catch .stream(let cause) {
      error = cause
    } catch {}
    output = sink.bytes
    isConfirmed = notes.isConfirmed
  }
}

// A relay of a fuzzer has one thread.
private final class Notes: @unchecked Sendable {
  var isConfirmed = false
  func add(_ event: RelayEvent) {
    if event == .described(isConfirmed: true) { isConfirmed = true }
  }
}

private func scanReturnPath(_ input: [UInt8]) {
  var whole = ReturnPathScanner()
  whole.scan(input.span.raw)
  var pieces = ReturnPathScanner()
  for start in stride(from: 0, to: input.count, by: 7) {
    let part = Array(input[start...].prefix(7))
    pieces.scan(part.span.raw)
  }
  require(whole.hasLoaded == pieces.hasLoaded, "how a return path is split does not matter")
}
