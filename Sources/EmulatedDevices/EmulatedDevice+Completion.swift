extension EmulatedDevice {
  /// Names that begin with `text`, the name of an emulated device as far as it is written, for a
  /// shell to offer; each with what it stands for.
  ///
  /// They end where only the user knows on: for `emulated:mtty?ports=2&te` that is
  /// `emulated:mtty?ports=2&text=`.
  public static func completions(of text: String) -> [(name: String, summary: String)] {
    let families = EmulatedFamily.all.map { (name: scheme + $0.name, family: $0) }
    var found: [(name: String, summary: String)] = families.filter { $0.name.hasPrefix(text) }.map {
      ($0.name, $0.family.summary)
    }
    // All of a family's name is written: its parameters come next.
    let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    guard let name = parts.first, let family = families.first(where: { $0.name == name })?.family
    else { return found }
    let values = parts.dropFirst().first?.split(separator: "&") ?? []
    let mark = text.lastIndex(of: "&") ?? text.firstIndex(of: "?")
    let stem = mark.map { String(text[...$0]) } ?? text + "?"
    // The last one is still being written.
    let keys = Set(
      (text.hasSuffix("&") ? values : values.dropLast()).map { $0.prefix { $0 != "=" } })
    for parameter in family.parameters + everyFamily {
      let key = parameter.prefix { $0 != "=" }
      guard !keys.contains(key) || key == "fail" else { continue }
      found += choices(of: parameter.dropFirst(key.count + 1)).map {
        (stem + key + "=" + $0, parameter)
      }.filter { $0.0.hasPrefix(text) }
    }
    return found
  }

  private static let scheme = "emulated:"

  /// Parameters that each family has besides its own.
  private static let everyFamily = ["step=SIZE", "fail=ARC|BYTE|CALL:ERRNO[:ERROR]"]

  /// The values of a parameter: words with bars between them; capitals stand for any value.
  private static func choices(of value: Substring) -> [Substring] {
    value.contains(where: \.isUppercase) ? [""] : value.split(separator: "|")
  }
}
