import Inputs
import StateLayout
import StreamIO

/// `--layout`: a shipped layout by its name, or a file by its path.
enum LayoutFiles {
  // Far more than any layout that people write.
  private static let byteLimit = 1 << 20

  static func layout(_ name: String, option: String = "--layout") throws -> Layout {
    if let shipped = Layout.named(name) { return shipped }
    guard name.hasSuffix(".ksy") || name.contains("/") else {
      let names = Layout.shipped.map(\.name).joined(separator: ", ")
      throw CommandError.usage(
        "\(option): expected a file that ends in .ksy, or one of \(names); found '\(name)'")
    }
    return try layout(at: name)
  }

  /// The layout in the file at `path`.
  static func layout(at path: String) throws -> Layout {
    let text = try InputFile(path, for: .document("a layout (.ksy)")).contents(limit: byteLimit)
    return try FileContentError.naming(path) { try Layout(parsing: text) }
  }
}
