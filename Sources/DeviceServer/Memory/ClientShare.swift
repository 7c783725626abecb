import Devices
private import Glibc
import VFIOUser

/// The most that a client may have of the process that serves it.
///
/// Whoever serves several devices gives the client of each an equal share (``ServerGroup``), so
/// that none takes what another needs.
struct ClientShare: Sendable, Hashable {
  /// Ranges of memory, each of which may be an area of the process's address space; a process has
  /// 65,530 (vm.max_map_count).
  var rangeCount = 32_768
  /// The bytes of them: half of what the lower half of x86's address space has.
  var byteCount: UInt64 = 64 << 40
  /// Files of memory that are read by calls, and eventfds; more than the vectors of a function.
  var descriptorCount = 4096

  /// Descriptors of a device that are not kept: its own, its sockets', and those of two messages
  /// of its client and of the one that is answered.
  private static let passingCount = 64
  /// Less is no use to a VMM.
  private static let leastDescriptorCount = 8

  /// All that a client can use.
  init() {}

  /// The share of a client where so many devices are served, by a process that may open so many
  /// files; throws how many it would need.
  init(of deviceCount: Int, descriptorLimit: Int) throws(Shortage) {
    let deviceCount = max(1, deviceCount)
    rangeCount /= deviceCount
    byteCount = byteCount / UInt64(deviceCount) & ~0xfff
    let free = (descriptorLimit - Self.passingCount) / deviceCount - Self.passingCount
    guard free >= Self.leastDescriptorCount else {
      let needed = Self.passingCount + Self.leastDescriptorCount
      throw Shortage(needed: Self.passingCount + deviceCount * needed)
    }
    descriptorCount = min(descriptorCount, free)
  }

  /// A process that may open too few files for its devices.
  struct Shortage: Error, Hashable {
    let needed: Int
  }
}

/// What a client has of its share now.
final class ClientHoldings {
  var share = ClientShare()
  private(set) var descriptorCount = 0

  /// Keeps a descriptor, which counts as long as the result is there; EMFILE beyond the share.
  func keep(_ descriptor: OwnedDescriptor) throws(LinuxErrno) -> KeptDescriptor {
    guard descriptorCount < share.descriptorCount else { throw LinuxErrno(rawValue: EMFILE) }
    descriptorCount += 1
    return KeptDescriptor(descriptor, self)
  }

  fileprivate func forgetDescriptor() { descriptorCount -= 1 }
}

/// A descriptor of a client's that a server keeps.
///
/// An object, for a range of memory and a device may both hold on to one.
final class KeptDescriptor {
  private let descriptor: OwnedDescriptor
  private let holdings: ClientHoldings

  fileprivate init(_ descriptor: OwnedDescriptor, _ holdings: ClientHoldings) {
    self.descriptor = descriptor
    self.holdings = holdings
  }

  deinit { holdings.forgetDescriptor() }

  /// The number of the descriptor, which is open as long as this object.
  var number: Int32 { descriptor.number }
}
