private import CStateDictionaries

/// What the states of one driver have in common, for coding those that are too small to have much
/// in common with themselves.
///
/// Trained by `tools/train-dictionaries` on states of emulated devices. A stream names a dictionary
/// by its digest; one that was shipped once is never changed, but replaced by another, and stays
/// for the streams that name it.
public struct StateDictionary: Sendable, Hashable {
  /// The kernel driver whose states it is for.
  public let driver: String
  /// The SHA-256 of its bytes.
  public let digest: Digest
  /// A dictionary of libzstd.
  package let bytes: [UInt8]

  /// The most state bytes of a chunk that a dictionary is tried for: larger ones have enough in
  /// themselves.
  static let chunkByteLimit = 64 << 10

  init(driver: String, sha256: [UInt8], bytes: [UInt8]) {
    self.driver = driver
    digest = Digest(algorithm: .sha256, bytes: sha256)
    self.bytes = bytes
  }

  /// The dictionary that writers use for the states of a driver, named with underscores or, as
  /// modules are, hyphens; nil if there is none.
  public static func driver(_ name: String) -> StateDictionary? {
    let name = DeviceIdentity.moduleName(ofDriver: name)
    return shipped.first { $0.driver == name }
  }

  /// The dictionary with this digest; nil if this version does not have it.
  public static func named(_ digest: Digest) -> StateDictionary? {
    shipped.first { $0.digest == digest }
  }

  /// The bytes of a dictionary that comes with Ferry.
  static func bytes(of name: String) -> [UInt8] {
    // SAFETY: the file is a constant of the program.
    let file = unsafe ferry_dictionary(name)
    guard let start = unsafe file.bytes else { preconditionFailure("no dictionary is \(name)") }
    return unsafe Array(UnsafeBufferPointer(start: start, count: file.count))
  }
}
