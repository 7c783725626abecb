/// Turns the bytes of a file into others on the way to its reader, as a decompressor does.
public protocol InputFilter: AnyObject {
  /// Fills the front of `span`, and returns how many bytes came; 0 at the end.
  ///
  /// - Parameters:
  ///   - span: takes the bytes.
  ///   - name: what errors call the file.
  ///   - source: reads bytes of the file once, into the front of what it is given; 0 at its end.
  func read(
    into span: inout MutableRawSpan, of name: String,
    from source: (inout MutableRawSpan) throws(StreamIOError) -> Int
  ) throws(StreamIOError) -> Int
}

/// Turns what is written into other bytes on the way to a file, as a compressor does.
public protocol OutputFilter: AnyObject {
  /// Takes `bytes`, and gives what comes of them to `sink`, now or later.
  func write(
    _ bytes: RawSpan, of name: String, to sink: (RawSpan) throws(StreamIOError) -> Void
  ) throws(StreamIOError)

  /// Gives what is left to `sink`, once and last.
  func finish(
    of name: String, to sink: (RawSpan) throws(StreamIOError) -> Void
  ) throws(StreamIOError)
}
