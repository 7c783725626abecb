// The names are C's.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CFerry
import PCIConfig
import VirtualPCI

/// The object behind a `ferry_space`.
final class ServedSpace: HandleObject {
  static let kind = HandleKind.space
  // SAFETY: the handle table lets one call at a time have the object. To check it again takes a
  // seventh of a guest's read.
  @exclusivity(unchecked) var space: VirtualConfigSpace<CallerConfigAccess>

  init(_ space: consuming VirtualConfigSpace<CallerConfigAccess>) { self.space = space }
}

/// A space as after a reset, over a device that can carry the profile.
@c @implementation
public func ferry_space_open(
  _ profile: ferry_profile, _ host: UnsafePointer<ferry_host>?,
  _ access: UnsafePointer<ferry_config_access>?, _ space: UnsafeMutablePointer<ferry_space>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(profile, as: LoadedProfile.self, error) { profile throws(Failure) in
    let result = try space.required("space")
    let access = try CallerConfigAccess(access)
    let host = try host.required("host")
    let function = try HostFunction(host.pointee)
    // Nothing said of the IOMMU leaves PASID to what the device's own capability says.
    let iommu =
      try IOMMUFacts(host.pointee)
      ?? IOMMUFacts(pasidWidth: 20, allowsExecute: true, allowsPrivileged: true)
    let report = profile.layout.check(function, iommu: iommu)
    guard report.canCarry else { throw Failure(report) }
    let served: ServedSpace
    do throws(PCIConfigError) {
      let places = PhysicalOffsets(of: profile.layout, on: function)
      served = ServedSpace(try VirtualConfigSpace(profile.layout, at: places, on: access))
    } catch {
      throw Failure(error, .refused)
    }
    result.pointee = try HandleTable.shared.insert(served)
  }
}

/// What a guest reads.
@c @implementation
public func ferry_space_read(
  _ space: ferry_space, _ offset: UInt32, _ size: UInt32, _ value: UnsafeMutablePointer<UInt32>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(space, as: ServedSpace.self, error) { served throws(Failure) in
    let value = try value.required("value")
    let read = try served.space.read(Int(offset), byteCount: accessSize(size))
    value.pointee = UInt32(truncatingIfNeeded: read) & .max >> (32 - 8 * size)
  }
}

/// Takes a guest's write.
@c @implementation
public func ferry_space_write(
  _ space: ferry_space, _ offset: UInt32, _ size: UInt32, _ value: UInt32,
  _ effects: UnsafeMutablePointer<UInt32>?, _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(space, as: ServedSpace.self, error) { served throws(Failure) in
    let found = try served.space.write(
      Int(offset), byteCount: accessSize(size), value: UInt64(value))
    effects?.pointee = UInt32(found.rawValue)
  }
}

/// The size of a guest's access, if it is one that PCI has.
@inline(__always)
private func accessSize(_ size: UInt32) throws(Failure) -> Int {
  guard size == 1 || size == 2 || size == 4 else {
    throw Failure(argument: "size", "1, 2 or 4", found: "\(size)")
  }
  return Int(size)
}

/// Brings the VMM's bits to the profile's values.
@c @implementation
public func ferry_space_reset(
  _ space: ferry_space, _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(space, as: ServedSpace.self, error) { served throws(Failure) in
    served.space.reset()
  }
}

/// Saves what a guest sees.
@c @implementation
public func ferry_space_save(
  _ space: ferry_space, _ state: UnsafeMutablePointer<ferry_space_state>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(space, as: ServedSpace.self, error) { served throws(Failure) in
    let state = try state.required("state")
    state.pointee = ferry_space_state(try served.space.save())
  }
}

/// Takes what a guest saw on another host.
@c @implementation
public func ferry_space_restore(
  _ space: ferry_space, _ state: UnsafePointer<ferry_space_state>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(space, as: ServedSpace.self, error) { served throws(Failure) in
    let saved = try ConfigSpaceState(state.required("state").pointee)
    do throws(ConfigRestoreError<Failure>) {
      try served.space.restore(saved)
    } catch {
      switch error {
      case .mismatch(let cause): throw Failure(cause, .mismatch)
      case .device(let cause): throw cause
      }
    }
  }
}

extension Failure {
  /// Why a device does not get a profile.
  fileprivate init(_ report: CheckReport) {
    let answer = report.verdict == .cannot ? "cannot" : "may not be able to"
    self.init(
      .refused,
      message: "\(report.device) \(answer) carry \(report.profile):"
        + report.objections.map { "\n\($0)" }.joined())
    if let first = report.objections.first { (expected, found) = (first.wanted, first.found) }
  }
}
