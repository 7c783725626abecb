/// Numbers and durations as every text of Ferry has them.
public enum QuantityText {
  /// `1 chunk`, `2 chunks`.
  public static func count(_ number: some BinaryInteger, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }

  /// A number of bytes: `12 bytes`, `1.5 MiB`.
  public static func bytes(_ count: UInt64) -> String {
    var value = Double(count)
    var unit = count == 1 ? "byte" : "bytes"
    for larger in ["KiB", "MiB", "GiB", "TiB", "PiB"] where value >= 1024 {
      value /= 1024
      unit = larger
    }
    if unit.hasPrefix("byte") || value == value.rounded() { return "\(UInt64(value)) \(unit)" }
    return "\(fixed(value, digits: value < 10 ? 2 : 1)) \(unit)"
  }

  /// `raw` to `stored` as a ratio: `2.24:1`.
  public static func ratio(_ raw: UInt64, _ stored: UInt64) -> String {
    stored == 0 ? "-" : fixed(Double(raw) / Double(stored), digits: 2) + ":1"
  }

  /// `850 us`, `12.3 ms`, `1.50 s`, `3.0 min`.
  public static func duration(_ duration: Duration) -> String {
    let seconds = duration / .seconds(1)
    if seconds >= 120 { return "\(fixed(seconds / 60, digits: 1)) min" }
    if seconds >= 1 { return "\(fixed(seconds, digits: 2)) s" }
    if seconds >= 0.001 { return "\(fixed(seconds * 1e3, digits: 1)) ms" }
    return "\(Int(seconds * 1e6)) us"
  }

  /// Nanoseconds as seconds with six digits behind the point, as strace has them.
  public static func seconds(nanoseconds: UInt64) -> String {
    let digits = "\(nanoseconds / 1000 % 1_000_000)"
    let padding = String(repeating: "0", count: 6 - digits.count)
    return "\(nanoseconds / 1_000_000_000).\(padding)\(digits)"
  }

  /// Seconds since 1970 as ISO 8601 has them, in UTC: `2026-11-29T17:11:51Z`.
  ///
  /// Times beyond the year 9999 are no times, and come out as its end.
  public static func time(_ seconds: UInt64) -> String {
    let seconds = Int(min(seconds, 253_402_300_799))
    // Days count from 1 March of the year 0, so that a leap day is the last of its year.
    let days = seconds / 86_400 + 719_468
    let era = days / 146_097
    let dayOfEra = days % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shifted + 2) / 5 + 1
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    let clock = seconds % 86_400
    return "\(two(year / 100))\(two(year % 100))-\(two(month))-\(two(day))"
      + "T\(two(clock / 3600)):\(two(clock / 60 % 60)):\(two(clock % 60))Z"
  }

  private static func two(_ number: Int) -> String { (number < 10 ? "0" : "") + "\(number)" }

  /// `value` with this many digits behind the point.
  private static func fixed(_ value: Double, digits: Int) -> String {
    let scale = (0..<digits).reduce(1.0) { factor, _ in factor * 10 }
    let scaled = (value * scale).rounded()
    guard scaled.isFinite, scaled.magnitude < 1e18 else { return "?" }
    let number = UInt64(scaled.magnitude)
    let text = String(number)
    let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
    return "\(padded.dropLast(digits)).\(padded.suffix(digits))"
  }
}
