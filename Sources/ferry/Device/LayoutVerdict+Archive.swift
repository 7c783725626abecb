import Migration
import MigrationStream
import StateLayout
import StreamIO

extension LayoutVerdict {
  /// The most chunks that are decoded of a device's state before it is restored.
  private static let chunkLimit: UInt64 = 64

  /// What their layouts say of the states of a stream's devices, in a file that can be read twice.
  ///
  /// Empty where the stream has a defect, for the restore itself to name.
  static func judgements(of path: String, _ limits: DecodingLimits) -> [LayoutVerdict] {
    guard
      let state = try? ArchivedState(StreamArchive(InputFile(path: path), limits: limits)),
      state.catalog.defect == nil
    else { return [] }
    return state.previews(chunkLimit: chunkLimit).map(LayoutVerdict.init)
  }

  private init(_ preview: StatePreview?) {
    guard let preview else {
      self = .unjudged(reason: "nothing tells which layout it has")
      return
    }
    let layout = preview.layout.name
    switch preview.isSound {
    case true?: self = .sound(layout: layout)
    case false?: self = .unsound(layout: layout, problem: preview.problemText)
    case nil where preview.isGuess:
      self = .unjudged(
        reason: "that it is \(layout) is a guess: nothing in the state says what it is")
    case nil: self = .unjudged(reason: "that takes reading more of it; ferry dissect does")
    }
  }
}
