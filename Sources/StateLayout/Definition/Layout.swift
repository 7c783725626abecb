/// The byte layout of a device's state, read from a Kaitai Struct file.
///
/// See <doc:Subset> for the part of Kaitai Struct that is understood and for Ferry's own keys.
public struct Layout: Sendable {
  /// The name by which `--layout` knows it, such as `hisi_acc-v2`.
  public var name: String { definition.name }
  /// The identifier of the file, which names the type in generated parsers.
  public var id: String { definition.types[0].name }
  /// The state that the layout describes, in a line.
  public var title: String { definition.title }
  /// More on it.
  public var documentation: String? { definition.types[0].documentation }
  /// The kernel drivers that hand such state out, or take it.
  public var drivers: [String] { definition.drivers }
  /// The number of types, the top-level one among them.
  public var typeCount: Int { definition.types.count }
  /// Whether it says how to tell its states by their content.
  public var tellsContent: Bool { !definition.detection.isEmpty }
  /// The text that it was read from.
  public var text: [UInt8] { definition.text }

  let definition: LayoutDefinition

  init(_ definition: LayoutDefinition) { self.definition = definition }
}

/// All that a layout file says.
final class LayoutDefinition: Sendable {
  let name: String
  let title: String
  let drivers: [String]
  /// The first is the top-level type.
  let types: [TypeDefinition]
  let detection: [DetectionRule]
  /// Whether an expression that writing evaluates depends on the end of a stream. Writing must then
  /// measure before it writes.
  let usesStreamEnd: Bool
  let text: [UInt8]

  init(
    name: String, title: String, drivers: [String], types: [TypeDefinition],
    detection: [DetectionRule], usesStreamEnd: Bool, text: [UInt8]
  ) {
    self.name = name
    self.title = title
    self.drivers = drivers
    self.types = types
    self.detection = detection
    self.usesStreamEnd = usesStreamEnd
    self.text = text
  }
}

/// How to tell a layout by a state's first bytes and its length.
struct DetectionRule: Sendable {
  /// The type that is read at the start of the state.
  let type: Int
  let condition: Expression?
  let certainty: DetectionCertainty
  let reason: String
}

/// How sure it is.
public enum DetectionCertainty: Int, Sendable, Hashable, Comparable {
  /// Nothing speaks against it.
  case possible
  /// The content has its shape, or its driver is known.
  case likely
  /// The content says so.
  case certain

  init?(label: String) {
    switch label {
    case "possible": self = .possible
    case "likely": self = .likely
    case "certain": self = .certain
    default: return nil
    }
  }

  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

extension DetectionCertainty: CustomStringConvertible {
  public var description: String {
    switch self {
    case .possible: "possible"
    case .likely: "likely"
    case .certain: "certain"
    }
  }
}
