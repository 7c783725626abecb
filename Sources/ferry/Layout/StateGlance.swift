import ByteIO
import Inputs
import MigrationStream
import StateLayout
import StreamIO

/// What a device's state is, and whether it is whole, as far as a few reads tell.
struct StateGlance {
  let layout: Layout
  let certainty: DetectionCertainty
  /// Whether the state ends where its layout does; nil where that takes reading more of it.
  var isComplete: Bool?
  /// Whether its layout finds no error in it; nil where that takes reading more of it.
  var isSound: Bool?
  /// The first error.
  var problem: LayoutFinding?

  /// A state of which no more is read than this is looked at whole.
  static let wholeByteCount = 1 << 16
  static let prefixByteCount = 1024
  /// The most chunks that are decoded of a larger one, for a look.
  static let chunkLimit: UInt64 = 4

  /// Looks at the state of a device of an archive; nil where nothing tells what it is.
  init?(
    _ state: ArchivedState, device: UInt16, _ known: StreamCatalog.Device,
    chunkLimit: UInt64 = Self.chunkLimit
  ) {
    let source = DeviceState(
      state: state, device: device, byteCount: known.state.byteCount,
      chunkLimit: state.decodedChunkCount + chunkLimit)
    guard source.byteCount > 0,
      let detection = try? Layout.detect(source, driver: known.identity.driver)
    else { return nil }
    self.init(detection) { layout in try? layout.dissect(source) }
  }

  /// Looks at state of which the first bytes are known, or all.
  init?(_ bytes: [UInt8], byteCount: UInt64, driver: String?) {
    guard byteCount > 0, !bytes.isEmpty else { return nil }
    let detection = Layout.detect(
      prefix: Array(bytes.prefix(Self.prefixByteCount)), byteCount: byteCount, driver: driver)
    self.init(detection) { layout in
      UInt64(bytes.count) == byteCount ? layout.dissect(bytes) : nil
    }
  }

  private init?(_ detection: LayoutDetection, _ dissect: (Layout) -> LayoutTree?) {
    guard let best = detection.best else { return nil }
    layout = best.layout
    certainty = best.certainty
    guard let tree = dissect(layout) else { return }
    isComplete = tree.isComplete
    isSound = tree.isSound
    problem = tree.findings.first { $0.severity == .error }
  }

  /// The glance in words.
  var text: String {
    guard let isComplete, let isSound else {
      return "\(layout.name); whether it is whole, ferry dissect tells"
    }
    guard isSound else {
      return "\(layout.name), \(isComplete ? "UNSOUND" : "NOT COMPLETE"): \(problemText)"
    }
    return "\(layout.name), complete"
  }

  /// The first error with its place.
  var problemText: String {
    guard let problem else { return "" }
    return (problem.path.isEmpty ? "" : "\(problem.path): ") + problem.message
  }
}
