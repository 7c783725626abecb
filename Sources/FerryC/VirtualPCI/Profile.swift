// The names are C's.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import ByteIO
public import CFerry
import VirtualPCI
import YAMLReader

/// The object behind a `ferry_profile`.
final class LoadedProfile: HandleObject {
  static let kind = HandleKind.profile
  let layout: ProfileLayout
  /// Computed once: it is a hash of the whole layout.
  let digest: String

  init(_ layout: ProfileLayout) {
    self.layout = layout
    digest = layout.digest
  }
}

/// Reads a profile's text and lays it out.
@c @implementation
public func ferry_profile_load(
  _ text: UnsafePointer<CChar>?, _ size: Int, _ profile: UnsafeMutablePointer<ferry_profile>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(error) { () throws(Failure) in
    let result = try profile.required("profile")
    let bytes = try CallerBytes.copy(text, size, "text")
    let layout: ProfileLayout
    do throws(ProfileError) {
      layout = try ProfileLayout(Profile(parsing: bytes))
    } catch {
      throw Failure(error)
    }
    result.pointee = try HandleTable.shared.insert(LoadedProfile(layout))
  }
}

/// The profile's name and the digest of its layout.
@c @implementation
public func ferry_profile_name(
  _ profile: ferry_profile, _ name: UnsafeMutablePointer<CChar>?,
  _ digest: UnsafeMutablePointer<CChar>?, _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(profile, as: LoadedProfile.self, error) { profile throws(Failure) in
    // SAFETY: the header says how long the caller's arrays are.
    if let name = name {
      profile.layout.profile.name.copy(into: .init(start: name, count: 256))
    }
    if let digest = digest {
      profile.digest.copy(into: .init(start: digest, count: 65))
    }
  }
}

/// The bytes that a guest reads after a reset.
@c @implementation
public func ferry_profile_synthesize(
  _ profile: ferry_profile, _ bytes: UnsafeMutablePointer<UInt8>?, _ capacity: Int,
  _ size: UnsafeMutablePointer<Int>?, _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(profile, as: LoadedProfile.self, error) { profile throws(Failure) in
    let (bytes, size) = try (bytes.required("bytes"), size.required("size"))
    let space = profile.layout.synthesized
    guard UInt(bitPattern: capacity) >= space.count else {
      throw Failure(
        .buffer, "room for \(space.count) bytes", found: "\(UInt(bitPattern: capacity))")
    }
    // SAFETY: the caller promises `capacity` bytes, which is no less than these.
    UnsafeMutableRawBufferPointer(start: bytes, count: space.count).copyBytes(from: space)
    size.pointee = space.count
  }
}

/// Whether a device can carry the profile.
@c @implementation
public func ferry_profile_check(
  _ profile: ferry_profile, _ host: UnsafePointer<ferry_host>?,
  _ verdict: UnsafeMutablePointer<Int32>?, _ report: UnsafePointer<ferry_sink>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(profile, as: LoadedProfile.self, error) { profile throws(Failure) in
    let verdict = try verdict.required("verdict")
    let report = try Output(optional: report, "report")
    let host = try host.required("host")
    let found = try profile.layout.check(
      HostFunction(host.pointee), iommu: IOMMUFacts(host.pointee))
    try report?.write(found.json)
    verdict.pointee = Int32(found.verdict.number)
  }
}

/// The map of who serves which bytes.
@c @implementation
public func ferry_profile_map(
  _ profile: ferry_profile, _ host: UnsafePointer<ferry_host>?, _ map: UnsafePointer<ferry_sink>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(profile, as: LoadedProfile.self, error) { profile throws(Failure) in
    let map = try Output(map, "map")
    let host = try host == nil ? nil : HostFunction(host.required("host").pointee)
    try map.write(AccessMap(profile.layout, on: host).json)
  }
}

extension CheckReport.Verdict {
  /// The number in the header.
  var number: Int {
    switch self {
    case .can: FERRY_VERDICT_CAN
    case .cannot: FERRY_VERDICT_CANNOT
    case .unknown: FERRY_VERDICT_UNKNOWN
    }
  }
}

extension Failure {
  /// All problems of a profile, at the place of the first.
  init(_ error: ProfileError) {
    self.init(.profile, message: "\(error)")
    line = error.problems.first?.mark?.line
    column = error.problems.first?.mark?.column
  }
}
