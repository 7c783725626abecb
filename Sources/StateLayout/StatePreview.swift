/// What a state is, and whether it is whole, as far as a few reads tell.
public struct StatePreview: Sendable {
  /// The layout that its first bytes, its length and its driver speak for.
  public let layout: Layout
  /// How much they speak for it.
  public let certainty: DetectionCertainty
  /// Whether nothing in the state speaks for the layout, but only its length or its driver.
  public var isGuess: Bool { certainty == .possible }
  /// Whether that is its driver alone, which has no other layout.
  public let isByDriverAlone: Bool
  /// Whether the state ends where its layout does; nil if that takes reading more of it, or if the
  /// layout is a guess that nothing contradicts.
  public private(set) var isComplete: Bool?
  /// Whether its layout finds no error in it; nil if `isComplete` is.
  public private(set) var isSound: Bool?
  /// The first error.
  public private(set) var problem: LayoutFinding?

  /// Looks at `state`; nil if nothing tells what it is.
  ///
  /// A source that refuses to read as much as its layout asks for leaves the verdict open.
  public init?(_ state: some StateSource, driver: String?) {
    guard state.byteCount > 0, let detection = try? Layout.detect(state, driver: driver) else {
      return nil
    }
    self.init(detection, driver) { layout in try? layout.dissect(state) }
  }

  /// Looks at a state of `byteCount` bytes in all by its first `bytes`; nil if they do not tell
  /// what it is, and without a verdict if they are not all.
  public init?(prefix bytes: [UInt8], byteCount: UInt64, driver: String?) {
    guard byteCount > 0, !bytes.isEmpty else { return nil }
    let detection = Layout.detect(prefix: bytes, byteCount: byteCount, driver: driver)
    self.init(detection, driver) { layout in
      UInt64(bytes.count) == byteCount ? layout.dissect(bytes) : nil
    }
  }

  private init?(
    _ detection: LayoutDetection, _ driver: String?, _ dissect: (Layout) -> LayoutTree?
  ) {
    guard let best = detection.completed(byDriver: driver).best else { return nil }
    layout = best.layout
    isByDriverAlone = best.isByDriverAlone
    certainty = best.certainty
    guard let tree = dissect(layout) else { return }
    // That a layout without marks finds nothing says nothing.
    if isGuess && tree.isSound { return }
    isComplete = tree.isComplete
    isSound = tree.isSound
    problem = tree.findings.first { $0.severity == .error }
  }

  /// The preview in words: `mtty, complete`.
  public var text: String {
    let evidence = isByDriverAlone ? "a guess by its driver alone" : "a guess"
    let name = isGuess ? "\(layout.name), which is \(evidence)" : layout.name
    guard let isComplete, let isSound else {
      return isGuess
        ? "\(name): nothing in the state says what it is, or whether it is whole"
        : "\(name); whether it is whole, ferry dissect tells"
    }
    guard isSound else {
      return "\(name), \(isComplete ? "UNSOUND" : "NOT COMPLETE"): \(problemText)"
    }
    return "\(layout.name), complete"
  }

  /// The first error with its place; empty if there is none.
  public var problemText: String {
    guard let problem else { return "" }
    return (problem.path.isEmpty ? "" : "\(problem.path): ") + problem.message
  }
}
