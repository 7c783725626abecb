import ByteIO
import PCIConfig

extension QEMULoadCheck {
  /// The comparison of a record with a destination, as QEMU makes it for one kind of function.
  struct Comparison {
    private let stream: ConfigSpace
    private let local: ConfigSpace
    private let function: QEMUFunction
    private let conditions: QEMULoadConditions
    private let source: QEMUShadow
    /// The bytes that are refused.
    let refused: [Mismatch]

    init(
      _ stream: ConfigSpace, _ local: ConfigSpace, _ function: QEMUFunction,
      _ conditions: QEMULoadConditions
    ) {
      let (stream, local) = (stream.asQEMUHolds(function), local.asQEMUHolds(function))
      self.stream = stream
      self.local = local
      self.function = function
      self.conditions = conditions
      source = QEMUShadow(stream, as: function, conditions, barSizes: conditions.sourceBARSizes)
      let shadow = QEMUShadow(local, as: function, conditions, barSizes: conditions.barSizes)
      // A stream's own bytes stay as they are; a device's have to become a stream's first.
      let read = source.wasPhysical ? source.bytes : stream.bytes
      let (own, others) = (ConfigPlaces(local), ConfigPlaces(stream))
      let hasIDs = !Self.isVirtual(local, function) && !Self.isVirtual(stream, function)
      refused = ((hasIDs ? 0 : 4)..<min(read.count, shadow.bytes.count)).compactMap { index in
        let differing = read[index] ^ shadow.bytes[index]
        let (cmask, wmask, w1cmask) = (
          shadow.cmask[index], shadow.wmask[index], shadow.w1cmask[index]
        )
        guard differing & cmask & ~wmask & ~w1cmask != 0 else { return nil }
        let place = own.known(index)
        let other = place == nil ? others.known(index) : nil
        let prefix = other == nil ? "" : "the stream's "
        let named = place ?? other ?? own.behind(index)
        return Mismatch(
          offset: index, read: read[index], device: shadow.bytes[index], cmask: cmask,
          wmask: wmask, w1cmask: w1cmask, field: prefix + named.name, owner: prefix + named.owner)
      }
      wasPhysical = [("stream", source.wasPhysical), ("destination", shadow.wasPhysical)]
        .filter(\.1).map(\.0)
    }

    private let wasPhysical: [String]

    // MARK: What else speaks against it

    private var differsInSize: Bool { stream.byteCount != local.byteCount }

    var reasons: [String] {
      guard differsInSize else { return [] }
      return [
        "the record has \(stream.byteCount) bytes and the destination reads \(local.byteCount): QEMU "
          + "records no length and loses its place in the stream"
      ]
    }

    /// What the spaces do not tell.
    var unknowns: [String] {
      var unknowns: [String] = []
      for (name, space) in [("stream's space", stream), ("destination", local)]
      where Self.isVirtual(space, function) {
        unknowns.append(
          "the \(name) is a virtual function's own, whose ids and BARs the kernel gives to QEMU, and the "
            + "space has not: give its VFIO device (vfio:DDDD:BB:DD.F)")
      }
      if !source.wasPhysical { unknowns += Window.all(in: local, and: stream).compactMap(unknown) }
      return unknowns
    }

    /// Whether a space is a virtual function's own, without ids (PCIe 9.3.4.1.1).
    private static func isVirtual(_ space: ConfigSpace, _ function: QEMUFunction) -> Bool {
      function == .assigned && space.vendorID == 0xffff && space.deviceID == 0xffff
        && !space.isAllOnes
    }

    /// What the size of a BAR leaves open, if that is not known.
    private func unknown(_ window: Window) -> String? {
      guard window.guestAddress != 0, conditions.barSizes[window.index] == nil else { return nil }
      let alignment = window.guestAddress & (~window.guestAddress &+ 1)
      // An address that firmware chose is a multiple of the size.
      if let address = window.ownAddress, address & (~address &+ 1) <= alignment { return nil }
      return
        "depends on the BAR size, not known: BAR \(window.index) is refused if it is larger at the "
        + "destination than \(alignment.sizeText), of which the guest's address "
        + "0x\(hex(window.guestAddress)) is a multiple (--bar \(window.index)=SIZE)"
    }

    // MARK: What goes with the answer

    /// The answers with other values of what QEMU's versions set.
    var alternatives: [MachineProperty] {
      var properties: [MachineProperty] = []
      if function == .assigned {
        let isSkipped = conditions.skipsVendorBytes
        var others = conditions
        others.machine = QEMUMachineVersion(isSkipped ? "9.0" : "9.1")
        properties.append(
          property(
            "vfio-pci.skip-vsc-check", "\(!isSkipped)",
            isSkipped ? "9.0 and older" : "9.1 and newer", others))
      } else if conditions.release == nil {
        var others = conditions
        others.release = QEMUMachineVersion("8.1")
        let property = property(
          "comparison of Presence Detect State", "off", "of QEMU 8.1 and newer", others)
        if property.refused != refused.count { properties.append(property) }
      }
      return properties
    }

    private func property(
      _ name: String, _ value: String, _ machines: String, _ others: QEMULoadConditions
    ) -> MachineProperty {
      let count = Comparison(stream, local, function, others).refused.count
      return MachineProperty(
        name: name, value: value, machines: machines, refused: count,
        changesAnswer: !differsInSize && (count == 0) != refused.isEmpty)
    }

    var waysOut: [String] {
      guard let first = refused.first else { return [] }
      let places = ConfigPlaces(local)
      let place = places.known(first.offset) ?? places.behind(first.offset)
      return QEMUWaysOut(place, at: first.offset, of: function).sentences
    }

    func notes(isGuess: Bool) -> [String] {
      var notes: [String] = []
      if isGuess, function == .emulated {
        notes.append(
          "by its ids the function is one that QEMU emulates, and is compared as such; --function "
            + "vfio-pci is for one that is passed through" + otherAnswer)
      }
      notes += wasPhysical.map {
        "the \($0)'s space is a device's own: capabilities that the kernel or QEMU hides are left out"
      }
      notes += barNotes
      if function == .assigned, conditions.release == nil {
        notes.append(
          "Power Management is taken as QEMU 10.0 and newer add it, with a writable state")
      }
      return notes
    }

    private var otherAnswer: String {
      guard local.headerType == 0 else { return "" }
      let count = Comparison(stream, local, .assigned, conditions).refused.count
      guard (count == 0) != refused.isEmpty else { return "" }
      return count == 0 ? ", and would be loaded" : ", and would be refused"
    }

    private var barNotes: [String] {
      var notes: [String] = []
      for (index, size) in conditions.barSizes.sorted(by: { $0.key < $1.key }) {
        guard let other = conditions.sourceBARSizes[index], other > size else { continue }
        notes.append(
          "BAR \(index) has \(other.sizeText) at the source and \(size.sizeText) at the "
            + "destination: QEMU does not see it, and the guest would reach behind the region")
      }
      let windows = Window.all(in: local, and: stream).map(\.index)
      let isOpen = windows.contains { conditions.barSizes[$0] == nil }
      if source.wasPhysical, isOpen {
        notes.append(
          "the rest depends on the BAR size, not known, and on the guest's addresses: a BAR that is "
            + "larger at the destination is refused if its address is not a multiple of the size")
      } else if windows.contains(where: {
        conditions.barSizes[$0] == nil || conditions.sourceBARSizes[$0] == nil
      }) {
        notes.append("a BAR that is smaller at the destination passes unseen")
      }
      return notes
    }
  }
}

/// A base address register that both sides may have.
private struct Window {
  let index: Int
  /// The address that the guest gave it; 0 if none.
  let guestAddress: UInt64
  /// The address that it has at the destination; nil if none, or if it is not assigned.
  let ownAddress: UInt64?

  /// The registers that the destination has, or may have though they read 0.
  static func all(in local: ConfigSpace, and stream: ConfigSpace) -> [Window] {
    let guests = stream.baseAddresses
    let own = local.baseAddresses
    return guests.map(\.index).compactMap { index in
      guard let guest = guests.first(where: { $0.index == index }) else { return nil }
      let found = own.first { $0.index == index }
      return Window(
        index: index, guestAddress: guest.address,
        ownAddress: found.flatMap { $0.address == 0 ? nil : $0.address })
    }
  }
}

extension UInt64 {
  /// A number of bytes: `64 bytes`, `16KiB`.
  var sizeText: String { self < 1024 ? "\(self) bytes" : byteCountText }
}

extension ConfigSpace {
  /// The space as long as QEMU holds it: without PCI Express an emulated function has 256 bytes,
  /// and readers see ones or zeros behind them.
  fileprivate func asQEMUHolds(_ function: QEMUFunction) -> ConfigSpace {
    guard function == .emulated, byteCount > Self.extendedStart,
      capabilityList.first(.pciExpress) == nil
    else { return self }
    let rest = Set(bytes[Self.extendedStart...])
    guard rest == [0xff] || rest == [0] else { return self }
    let short = try? ConfigSpace(
      Array(bytes[..<Self.extendedStart]),
      unknownRanges: unknownRanges.filter { $0.lowerBound < Self.extendedStart })
    return short ?? self
  }
}
