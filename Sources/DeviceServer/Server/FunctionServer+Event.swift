import ByteIO
import Devices
import VFIO
import VFIOUser

extension FunctionServer.Event: CustomStringConvertible {
  /// The event as a line of a log, which names the server before it.
  public var description: String {
    switch self {
    case .listening: "listening"
    case .trusted(let user):
      "clients of user \(user), and of root, may map the device's registers, which carries every "
        + "right on the device: they are trusted with it (--no-map gives the registers to nobody)"
    case .connected(let peer, let mayMap):
      "\(Self.text(peer)) connected" + (mayMap ? ", and may map the device's registers" : "")
    case .waiting(let peer, let reason): "\(Self.text(peer)) connected, and waits: \(reason)"
    case .cleared(let text): "\(text), for a client before left it as it was"
    case .turnedAway(let peer, let reason): "\(Self.text(peer)) was turned away: \(reason)"
    case .left(let reason, let device): "the client is gone (\(reason)); \(device)"
    case .refused(.mapDMA, .outOfMemory, nil):
      "DMA_MAP was refused: \(LinuxErrno.outOfMemory); memory of a kernel's device is pinned, so "
        + "the limit of locked memory (ulimit -l) must hold the guest's"
    case .refused(let command, let errno, let reason):
      "\(command) was refused: \(errno)" + (reason.map { "; \($0)" } ?? "")
    case .foreign(let state):
      "the device is in \(state), where this server did not leave it: whoever else has it did"
    case .withheld(let count):
      "\(count) events were passed over, for clients brought them about too fast"
    case .control(let peer, let text): "control, \(Self.text(peer)): \(text)"
    }
  }

  private static func text(_ peer: UnixSocket.Peer) -> String {
    "process \(peer.process) of user \(peer.user)"
  }
}
