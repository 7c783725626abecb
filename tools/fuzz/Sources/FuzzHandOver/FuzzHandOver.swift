import FuzzSupport
import Glibc
import SystemPackage
import VFIO

/// The entry point of libFuzzer.
///
/// An input is how many descriptors come, and the message that a peer sends with them. What must
/// hold: no crash; of what is refused no descriptor stays open, and what is accepted names each
/// once.
@c(LLVMFuzzerTestOneInput)
public func fuzzHandOver(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 1, count < 1 << 15 else { return -1 }
  var ends: [Int32] = [-1, -1]
  guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 else { return 0 }
  defer {
    close(ends[0])
    close(ends[1])
  }
  let before = openDescriptorCount()
  let carried = Int(bytes[0] % 5)
  let message = UnsafeRawPointer(bytes + 1)
  sendMessage(message, count - 1, with: [Int32](repeating: ends[0], count: carried), to: ends[0])
  shutdown(ends[0], Int32(SHUT_WR))
  do throws(HandOver.ReceiveError) {
    let devices = try HandOver.receive(from: FileDescriptor(rawValue: ends[1]))
    let descriptors = devices.flatMap(\.descriptors).map(\.rawValue)
    require(Set(descriptors).count == descriptors.count, "each descriptor is named once")
    for descriptor in descriptors { close(descriptor) }
  } catch {
    // Whatever was wrong with it.
  }
  require(openDescriptorCount() == before, "no descriptor stays open")
  return 0
}

/// Sends bytes with descriptors in one message, as a peer does that keeps to no rule.
private func sendMessage(
  _ bytes: UnsafeRawPointer, _ count: Int, with descriptors: [Int32], to socket: Int32
) {
  let dataByteCount = descriptors.count * MemoryLayout<Int32>.size
  let headByteCount = MemoryLayout<cmsghdr>.size
  var control = [UInt64](repeating: 0, count: (headByteCount + dataByteCount + 15) / 8)
  var vector = iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes), iov_len: count)
  control.withUnsafeMutableBytes { control in
    var message = msghdr()
    withUnsafeMutablePointer(to: &vector) { vector in
      message.msg_iov = vector
      message.msg_iovlen = 1
      if !descriptors.isEmpty {
        var head = cmsghdr()
        head.cmsg_len = headByteCount + dataByteCount
        head.cmsg_level = SOL_SOCKET
        head.cmsg_type = Int32(SCM_RIGHTS)
        control.storeBytes(of: head, as: cmsghdr.self)
        descriptors.withUnsafeBytes { control[headByteCount...].copyBytes(from: $0) }
        message.msg_control = control.baseAddress
        message.msg_controllen = (headByteCount + dataByteCount + 7) / 8 * 8
      }
      _ = sendmsg(socket, &message, Int32(MSG_NOSIGNAL))
    }
  }
}

private func openDescriptorCount() -> Int {
  (0..<256 as Range<Int32>).count { fcntl($0, F_GETFD) != -1 }
}
