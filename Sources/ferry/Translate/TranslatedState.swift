import ByteIO
import MigrationStream
import StateLayout
import StateTranslation
import StreamIO

/// A state that is to be translated, and what became of it.
struct TranslatedState {
  let source: any StateInputSource
  var outcome: Translator.Outcome

  init(
    _ source: some StateInputSource, driver: String?, name: String, from chosen: Layout?,
    to wanted: Layout, by translator: Translator
  ) throws {
    let layout = try chosen ?? Self.layout(of: source, driver: driver, name: name)
    self.source = source
    outcome = try translator.translate(source, from: layout, to: wanted)
  }

  // More than the first record of every shipped layout has.
  private static let prefixByteCount = 1024

  private static func layout(
    of source: some StateInputSource, driver: String?, name: String
  ) throws -> Layout {
    let detection = try source.detection(driver: driver, prefixByteCount: prefixByteCount)
    guard let best = detection.best else {
      var text = "\(name): the content does not tell what state it is"
      for candidate in detection.candidates {
        text += "\n  it could be \(candidate.layout.name): \(candidate.reason)"
      }
      throw CommandError.no(text + "\n  --from says what it is; ferry layout list has the names")
    }
    return best.layout
  }

  /// Gives the translated bytes to `sink` in order, in pieces; nothing where it was refused.
  func send(to sink: (RawSpan) throws(StreamIOError) -> Void) throws(StreamIOError) {
    guard let state = outcome.state else { return }
    try Self.send(state, of: source, to: sink)
  }

  private static func send(
    _ state: Payload, of source: some StateInputSource,
    to sink: (RawSpan) throws(StreamIOError) -> Void
  ) throws(StreamIOError) {
    try state.forEach(from: source, sink)
  }
}
