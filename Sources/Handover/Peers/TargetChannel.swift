/// The target's end of a channel: a connection, or one after the other.
final class TargetChannel {
  /// What errors call it.
  let name: String
  private(set) var link: PeerLink
  // What the source keeps until it hears that it was received.
  private let keptByteCount: UInt64
  private var acknowledgedByteCount: UInt64 = 0
  /// The bytes of its stream that have come.
  private(set) var receivedByteCount: UInt64 = 0
  /// Whether the source said that this was all.
  private(set) var isEnded = false
  /// A connection that takes the place of `link` once what came there is taken.
  private(set) var replacement: PeerLink?
  /// Waits for a connection in place of one that was lost; else throws.
  var resume: (HandoverError.Cause) throws(HandoverError.Cause) -> Void = {
    (cause) throws(HandoverError.Cause) in throw cause
  }

  /// The channel with a number of so many, of a source that keeps so many bytes.
  init(_ link: PeerLink, number: Int, of count: Int, keptByteCount: UInt64) {
    self.link = link
    self.keptByteCount = keptByteCount
    name = count == 1 ? link.peer : "\(link.peer), channel \(number) of \(count)"
  }

  /// Has another connection take the place of the one that was lost, or is not known to be.
  func replace(by link: PeerLink) {
    self.link.abandon()
    replacement?.abandon()
    replacement = link
    // It hears this here, for nobody reads any more of a channel that has come to its end.
    if isEnded { try? link.send(.received(byteCount: receivedByteCount)) }
  }

  /// Goes over to the connection that has taken the place; whether one has.
  func takeReplacement() -> Bool {
    guard let replacement = replacement.take() else { return false }
    link = replacement
    return true
  }

  /// The next that comes, over whichever connection; nil if that is another now.
  func receive() throws(HandoverError.Cause) -> PeerLink.Incoming? {
    _ = takeReplacement()
    do throws(HandoverError.Cause) {
      return try link.receive()
    } catch {
      try resume(error)
      return nil
    }
  }

  /// Reads bytes of the stream that have come, or waits for one; nil if the connection is another
  /// now.
  func readBytes(into span: inout MutableRawSpan) throws(HandoverError.Cause) -> Int? {
    do throws(HandoverError.Cause) {
      return try link.readBytes(into: &span)
    } catch {
      try resume(error)
      return nil
    }
  }

  /// Takes note of bytes of the stream, and tells the source before it has to wait for that.
  func note(byteCount: Int) {
    receivedByteCount += UInt64(byteCount)
    let due = receivedByteCount - acknowledgedByteCount
    guard keptByteCount > 0, due >= keptByteCount / 4 else { return }
    acknowledgedByteCount = receivedByteCount
    // Whether the connection is lost, the next read finds out.
    try? link.send(.received(byteCount: receivedByteCount))
  }

  /// Takes note that this was all, and tells the source.
  func noteEnd() {
    isEnded = true
    try? link.send(.received(byteCount: receivedByteCount))
  }
}
