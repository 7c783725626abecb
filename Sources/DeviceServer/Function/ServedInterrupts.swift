import Devices
private import Glibc
import VFIOUser

/// The interrupts of a device that lives here: the eventfds that a client gave for them, and which
/// are masked.
final class ServedInterrupts {
  /// The kinds that PCI has, in the order of `VFIO_PCI_…_IRQ_INDEX`.
  static let (intx, msi, msix, error, request) = (0, 1, 2, 3, 4)

  private struct Vector {
    var eventfd: KeptDescriptor?
    var isMasked = false
  }

  private let holdings: ClientHoldings
  private var vectors: [[Vector]] = Array(repeating: [], count: 5)
  /// How many interrupts were signalled.
  private(set) var signalCount: UInt64 = 0

  init(_ holdings: ClientHoldings) { self.holdings = holdings }

  /// Does what a client asks of a kind with `count` vectors.
  func set(
    _ setup: InterruptSetup, of count: UInt32, _ eventfds: [OwnedDescriptor]
  ) throws(LinuxErrno) {
    let index = Int(setup.index)
    guard index < vectors.count, setup.start <= count, setup.count <= count - setup.start else {
      throw .invalid
    }
    if vectors[index].count < Int(count) {
      vectors[index] += Array(repeating: Vector(), count: Int(count) - vectors[index].count)
    }
    let range = Int(setup.start)..<Int(setup.start + setup.count)
    switch (setup.action, setup.data) {
    case (.trigger, .none) where setup.count == 0:
      vectors[index] = []
    case (.trigger, .eventfds):
      guard eventfds.isEmpty || eventfds.count == range.count else { throw .invalid }
      for eventfd in eventfds { try Self.check(eventfd.number) }
      for number in range { vectors[index][number].eventfd = nil }
      for (number, eventfd) in zip(range, eventfds) {
        vectors[index][number].eventfd = try holdings.keep(eventfd)
      }
    case (.mask, .eventfds), (.unmask, .eventfds):
      // Events of masking, which no device here has.
      throw .invalid
    case (let action, let data):
      for (place, number) in range.enumerated() {
        if case .booleans(let values) = data, !values[place] { continue }
        switch action {
        case .mask: vectors[index][number].isMasked = true
        case .unmask: vectors[index][number].isMasked = false
        case .trigger: signal(index, number)
        }
      }
    }
  }

  /// A file that is no eventfd would take eight bytes for each interrupt; one that waits would hold
  /// the device up.
  private static func check(_ descriptor: Int32) throws(LinuxErrno) {
    var characters = [CChar](repeating: 0, count: 64)
    let path = "/proc/self/fd/\(descriptor)"
    let count = unsafe readlink(path, &characters, characters.count)
    let name = characters.prefix(max(0, count)).map(UInt8.init(bitPattern:))
    guard name == [UInt8]("anon_inode:[eventfd]".utf8) else { throw .invalid }
    let flags = fcntl(descriptor, F_GETFL)
    guard flags >= 0, fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0 else {
      throw LinuxErrno(rawValue: errno)
    }
  }

  /// Signals INTx if it is pending and not masked, and masks it until the client has dealt with it,
  /// as vfio-pci does.
  func raiseINTx() {
    guard let vector = vectors[Self.intx].first, vector.eventfd != nil, !vector.isMasked else {
      return
    }
    vectors[Self.intx][0].isMasked = true
    signal(Self.intx, 0)
  }

  private func signal(_ index: Int, _ number: Int) {
    guard let eventfd = vectors[index][number].eventfd else { return }
    // An eventfd that is full has been signalled. Its client can have it wait again at any time,
    // and so it is asked first whether it has room.
    var request = pollfd(fd: eventfd.number, events: Int16(POLLOUT), revents: 0)
    if unsafe poll(&request, 1, 0) > 0, (try? Self.check(eventfd.number)) != nil {
      var value: UInt64 = 1
      _ = unsafe write(eventfd.number, &value, 8)
    }
    signalCount += 1
  }

  /// Lets go of all eventfds.
  func clear() { vectors = Array(repeating: [], count: 5) }
}
