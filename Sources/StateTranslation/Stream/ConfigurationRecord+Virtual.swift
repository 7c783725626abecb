import ByteIO
public import MigrationStream
public import VirtualPCI

extension ConfigurationRecord {
  /// The saved state of a virtual configuration space, as a stream carries it.
  public init(_ state: ConfigSpaceState) {
    self.init(
      physical: state.physical, synthesized: state.synthesized, emulatedBits: state.emulatedBits,
      profileName: state.profileName,
      profileDigest: state.profileDigest.flatMap(Digest.init(sha256:)))
  }
}

extension ConfigSpaceState {
  /// The space as a stream carries it, for `VirtualConfigSpace.restore(_:)`; nil if the record
  /// lacks the synthesised space or its mask.
  public init?(_ record: ConfigurationRecord) {
    guard let synthesized = record.synthesized, let emulatedBits = record.emulatedBits else {
      return nil
    }
    self.init(
      physical: record.physical, synthesized: synthesized, emulatedBits: emulatedBits,
      profileName: record.profileName, profileDigest: record.profileDigest?.sha256)
  }
}

extension Digest {
  /// A SHA-256 from its hexadecimal digits.
  package init?(sha256 text: String) {
    let digits = text.compactMap(\.hexDigitValue)
    guard digits.count == 64, text.count == 64 else { return nil }
    self.init(
      algorithm: .sha256,
      bytes: stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) })
  }

  /// The hexadecimal digits of a SHA-256.
  package var sha256: String? { algorithm == .sha256 ? hex(bytes) : nil }
}
