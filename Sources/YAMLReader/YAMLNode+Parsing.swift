private import CYAML

extension YAMLNode {
  /// Reads one YAML 1.1 document (JSON is one too), through libyaml.
  ///
  /// Refused, because the files read here never need them and a hostile file could: anchors and
  /// aliases, tags, directives, more than one document, keys that are not scalars, and duplicate
  /// keys.
  public init(parsing text: [UInt8], limits: YAMLLimits = .standard) throws(YAMLError) {
    guard text.count <= limits.byteCount else {
      throw YAMLError(
        .limit, at: YAMLMark(line: 1, column: 1),
        "expected at most \(limits.byteCount) bytes, found \(text.count)")
    }
    let result: Result<YAMLNode, YAMLError> = unsafe text.withUnsafeBufferPointer { buffer in
      Result { () throws(YAMLError) in
        // SAFETY: the parser reads from `buffer`, which outlives it.
        var events = unsafe YAMLEventReader(reading: buffer, limits: limits)
        return try events.document()
      }
    }
    self = try result.get()
  }
}
