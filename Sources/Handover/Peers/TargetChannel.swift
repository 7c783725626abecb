/// The target's end of a channel.
final class TargetChannel {
  /// What errors call it.
  let name: String
  let link: PeerLink

  /// The channel with a number of so many.
  init(_ link: PeerLink, number: Int, of count: Int) {
    self.link = link
    name = count == 1 ? link.peer : "\(link.peer), channel \(number) of \(count)"
  }
}
