import ByteIO

extension Layout {
  /// Takes a state apart. Whatever the bytes are, the answer is a tree: of as much as there is, with what is wrong as findings.
  public func dissect(_ bytes: [UInt8], limits: DissectionLimits = .standard) -> LayoutTree {
    dissect(StateBytes(bytes), limits: limits)
  }

  /// Takes a state apart, reading of it only what the layout describes; throws only what the source
  /// does.
  ///
  /// `rules` are ids of the layout's rules whose findings are warnings at most, for a reader that puts right what they are about.
  public func dissect<Source: StateSource>(
    _ source: Source, limits: DissectionLimits = .standard, accepting rules: Set<String> = []
  ) throws(Source.Failure) -> LayoutTree {
    var failure: Source.Failure?
    var dissector = Dissector(
      definition, byteCount: source.byteCount, limits: limits, accepting: rules
    ) { offset, count, buffer in
      do throws(Source.Failure) {
        try source.read(at: offset, count: count, into: &buffer)
        return true
      } catch {
        failure = error
        return false
      }
    }
    let root = dissector.run(type: 0)
    if let failure { throw failure }
    return LayoutTree(
      layout: self, root: root, report: dissector.report, byteCount: source.byteCount)
  }
}
