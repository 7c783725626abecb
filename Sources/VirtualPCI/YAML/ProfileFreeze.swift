import ByteIO
import PCIConfig
private import YAMLReader

extension Profile {
  /// The text of a profile with every offset explicit and the digest of its layout in it.
  ///
  /// Each `auto` is replaced where it stands, so comments and order stay. A frozen profile is
  /// refused as soon as a changed default, or an edit, would show a guest anything else.
  public static func freeze(_ text: [UInt8]) throws(ProfileError) -> String {
    var profile = try Profile(parsing: text)
    // What is frozen already keeps its bytes.
    let kept = profile.digest == nil ? nil : try? ProfileLayout(profile)
    if let kept { profile = kept.profile }
    profile.digest = nil
    let layout: ProfileLayout
    if let kept { layout = kept } else { layout = try ProfileLayout(profile) }
    var remaining = layout.capabilities
    for index in profile.capabilities.indices {
      let mark = profile.capabilities[index].mark
      guard let found = remaining.firstIndex(where: { $0.capability.mark == mark }) else {
        continue
      }
      profile.capabilities[index].placement = .at(remaining.remove(at: found).offset)
    }
    let edited = edit(text, layout)
    // A text whose shape the edit does not fit, such as one in JSON, is written anew instead.
    if let again = try? Profile(parsing: [UInt8](edited.utf8)),
      let frozen = try? ProfileLayout(again), frozen.digest == layout.digest,
      again.digest == layout.digest, !again.capabilities.contains(where: { $0.placement == .auto })
    {
      return edited
    }
    profile.digest = layout.digest
    return profile.yaml()
  }

  /// The digest that the profile has in its text, if it is no longer the one of its layout: a guest
  /// would be shown something else than when it was frozen.
  public var outdatedDigest: String? {
    guard let digest, (try? ProfileLayout(self)) == nil else { return nil }
    var edited = self
    edited.digest = nil
    return (try? ProfileLayout(edited)) == nil ? nil : digest
  }

  private static func edit(_ text: [UInt8], _ layout: ProfileLayout) -> String {
    var lines = String(decoding: text, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false).map { Array($0.unicodeScalars) }
    let edits = layout.capabilities.filter { $0.capability.placement == .auto }
      .compactMap { capability in
        capability.capability.placementMark.map {
          (
            line: $0.line - 1, column: $0.column - 1,
            text: "0x" + hex(capability.offset, digits: capability.id.isExtended ? 3 : 2)
          )
        }
      }
      .sorted { ($0.line, $0.column) > ($1.line, $1.column) }
    for edit in edits where lines.indices.contains(edit.line) {
      let end = edit.column + 4
      guard end <= lines[edit.line].count else { continue }
      lines[edit.line].replaceSubrange(edit.column..<end, with: Array(edit.text.unicodeScalars))
    }
    let digest = Array("digest: \"\(layout.digest)\"".unicodeScalars)
    let keys = lines.map { String(String.UnicodeScalarView($0)) }
    if let old = keys.firstIndex(where: { $0.hasPrefix("digest:") }) {
      lines[old] = digest
    } else if let name = keys.firstIndex(where: { $0.hasPrefix("profile:") }) {
      lines.insert(digest, at: name + 1)
    }
    return lines.map { String(String.UnicodeScalarView($0)) }.joined(separator: "\n")
  }
}
