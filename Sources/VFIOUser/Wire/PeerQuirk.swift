/// What clients and servers do otherwise than the specification has it, or where it leaves them
/// free, and what Ferry does about it.
public struct PeerQuirk: Sendable, Hashable {
  /// Who does so.
  public let peer: String
  /// The behaviour.
  public let behaviour: String
  /// What Ferry does about it.
  public let answer: String
  /// Where it was seen: measured, or a place in a source.
  public let source: String

  private init(_ peer: String, _ behaviour: String, _ answer: String, _ source: String) {
    self.peer = peer
    self.behaviour = behaviour
    self.answer = answer
    self.source = source
  }

  /// All that are known; the page Peers has them as a table.
  public static let all: [PeerQuirk] = [
    PeerQuirk(
      "QEMU 11.1", "takes a reply to VERSION of at most the 214 bytes of its offer",
      "answers only what was offered", "measured; hw/vfio-user/proxy.c"),
    PeerQuirk(
      "QEMU 11.1", "offers minor version 0, and refuses any other",
      "answers the lower minor version", "measured"),
    PeerQuirk(
      "QEMU 11.1", "sends DMA_MAP before DEVICE_GET_INFO", "takes commands in any order",
      "measured"),
    PeerQuirk(
      "QEMU 11.1", "takes a region's answer that is longer than asked for as fatal",
      "sends capabilities only where `argsz` has room", "measured"),
    PeerQuirk(
      "QEMU 11.1", "takes a head that comes in pieces as fatal",
      "sends each message with one call", "hw/vfio-user/proxy.c of 10.2"),
    PeerQuirk(
      "QEMU 11.1", "sends BAR writes that want no reply", "sends none", "measured"),
    PeerQuirk(
      "QEMU 11.1", "sends another device's BAR as DMA_MAP without a descriptor",
      "takes it, and asks the client for its bytes", "measured"),
    PeerQuirk(
      "QEMU 10.2", "replies to DMA_WRITE with a count of 64 bits, the specification has 32",
      "reads both", "docs/interop/vfio-user.rst; hw/vfio-user/protocol.h"),
    PeerQuirk(
      "Cloud Hypervisor", "wants 40 bytes in reply to DMA_UNMAP", "sends the entry back",
      "pci/src/vfio_user.rs"),
    PeerQuirk(
      "Cloud Hypervisor", "wants JSON in the reply to VERSION", "always sends some",
      "crate vfio_user 0.1.5"),
    PeerQuirk(
      "Cloud Hypervisor", "sends UNMASK after each access to a BAR",
      "signals INTx again only if it is still asked for", "pci/src/vfio_user.rs"),
    PeerQuirk(
      "libvfio-user", "fills MIG_DATA_READ up with zeros to the size asked for",
      "takes as many bytes as the reply says", "measured at efd091b"),
    PeerQuirk(
      "libvfio-user", "reads a body with one call, so what a socket does not hold is lost",
      "writes state in pieces of 128 KiB", "measured; issue 306"),
    PeerQuirk(
      "libvfio-user", "has its socket before anybody listens at it",
      "tries a refused connection again for a second", "measured"),
    PeerQuirk(
      "libvfio-user", "refuses RESET while the device is stopped, and keeps the migration state",
      "takes the device to RUNNING before or behind it", "measured; source"),
    PeerQuirk(
      "libvfio-user", "reports dirty pages for ever if asked with a smaller page",
      "asks with the page size of the start", "lib/dma.c"),
    PeerQuirk(
      "libvfio-user", "wants 16 bytes to stop DMA logging", "sends 16", "measured"),
    PeerQuirk(
      "libvfio-user", "answers EINVAL for features that it lacks, the kernel ENOTTY",
      "takes both, ENOSYS and EOPNOTSUPP for an absent feature", "measured"),
    PeerQuirk(
      "libvfio-user", "serves one client, and then ends",
      "connects once for each command", "measured"),
    PeerQuirk(
      "specification",
      "does not say what a server answers that is asked on behind the end of state",
      "reads until a reply of 0 bytes, and takes a refusal behind a short one for the end",
      "docs/interop/vfio-user.rst"),
  ]
}
