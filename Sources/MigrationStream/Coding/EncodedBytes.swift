/// What a call to the encoder adds to the stream, in two pieces to be written in this order; they
/// are lent until the encoder's next call.
///
/// `body` may be the caller's own bytes: a chunk that is stored as it is, is never copied.
public struct EncodedBytes: ~Escapable {
  /// The framed bytes that come first, with whole records before the body's.
  public let head: RawSpan
  /// The payload behind `head`; empty unless a chunk is lent as it is.
  public let body: RawSpan

  @_lifetime(copy head, copy body)
  init(head: RawSpan, body: RawSpan) {
    self.head = head
    self.body = body
  }

  /// The number of bytes of both.
  public var byteCount: Int { head.byteCount + body.byteCount }
}
