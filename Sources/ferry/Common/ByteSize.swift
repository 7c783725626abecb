import ArgumentParser
import ByteIO

/// A number of bytes as people write it: `4096`, `64KiB`, `1M`.
struct ByteSize: ExpressibleByArgument, CustomStringConvertible {
  let byteCount: UInt64

  init(_ byteCount: UInt64) { self.byteCount = byteCount }

  init?(argument: String) {
    guard let value = UInt64(byteCount: argument) else { return nil }
    byteCount = value
  }

  var description: String { Self.text(byteCount) }

  /// `12 bytes`, `1.5 MiB`.
  static func text(_ count: UInt64) -> String {
    var value = Double(count)
    var unit = count == 1 ? "byte" : "bytes"
    for larger in ["KiB", "MiB", "GiB", "TiB", "PiB"] where value >= 1024 {
      value /= 1024
      unit = larger
    }
    if unit.hasPrefix("byte") || value == value.rounded() { return "\(UInt64(value)) \(unit)" }
    return "\(fixed(value, digits: value < 10 ? 2 : 1)) \(unit)"
  }

  /// `value` with this many digits behind the point.
  static func fixed(_ value: Double, digits: Int) -> String {
    let scale = (0..<digits).reduce(1.0) { factor, _ in factor * 10 }
    let scaled = (value * scale).rounded()
    guard scaled.isFinite, scaled.magnitude < 1e18 else { return "?" }
    let number = UInt64(scaled.magnitude)
    let text = String(number)
    if digits == 0 { return text }
    let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
    return "\(padded.dropLast(digits)).\(padded.suffix(digits))"
  }

  /// `raw` to `stored` as a ratio: `2.24:1`.
  static func ratio(_ raw: UInt64, _ stored: UInt64) -> String {
    stored == 0 ? "-" : fixed(Double(raw) / Double(stored), digits: 2) + ":1"
  }
}
