/// What the layout of a device's state says of it, before a target is given it.
public enum LayoutVerdict: Sendable, Hashable {
  /// The layout of this name finds no error in it.
  case sound(layout: String)
  /// The layout finds an error, so that it must not be loaded, even where the driver would take it.
  case unsound(layout: String, problem: String)
  /// It was not judged, and why.
  case unjudged(reason: String)
}
