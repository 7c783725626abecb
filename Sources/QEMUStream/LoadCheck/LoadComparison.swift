import ByteIO
import PCIConfig

extension QEMULoadCheck {
  /// The comparison of a record with a destination, as QEMU makes it for one kind of function.
  struct Comparison {
    private let stream: ConfigSpace
    private let local: ConfigSpace
    private let streamList: CapabilityList
    private let localList: CapabilityList
    private let function: QEMUFunction
    private let conditions: QEMULoadConditions
    /// The bytes that are refused whatever the missing ones are, in ascending order.
    private(set) var refused: [Mismatch] = []
    /// What the dumps lack and would decide, in sentences.
    private(set) var gaps: [String] = []

    init(
      _ stream: ConfigSpace, _ local: ConfigSpace, _ function: QEMUFunction,
      _ conditions: QEMULoadConditions
    ) {
      self.stream = stream.asQEMUHolds(function)
      self.local = local.asQEMUHolds(function)
      streamList = self.stream.capabilityList
      localList = self.local.capabilityList
      self.function = function
      self.conditions = conditions
      compare()
    }

    private mutating func compare() {
      for (name, list, other) in [
        ("stream", streamList, localList), ("destination", localList, streamList),
      ] {
        // A list that breaks off on one side only leaves open what QEMU would make of the rest.
        gaps += list.stops.filter { $0.isGap || !other.stops.contains($0) }.map {
          "the \(name)'s space: \($0)"
        }
      }
      var missing: Set<Int> = []
      var isFirst = true
      // Whether a space is a device's own shows in its capabilities, of which some may be missing.
      for isStreamPhysical in mayBePhysical(streamList) {
        let source = QEMUShadow(
          stream, streamList, isPhysical: isStreamPhysical, as: function, conditions,
          barSizes: conditions.sourceBARSizes)
        // A stream's own bytes stay as they are; a device's have to become a stream's first.
        let read = isStreamPhysical ? source.bytes : stream.bytes
        for isLocalPhysical in mayBePhysical(localList) {
          let shadow = QEMUShadow(
            local, localList, isPhysical: isLocalPhysical, as: function, conditions,
            barSizes: conditions.barSizes)
          let found = mismatches(read, shadow, &missing)
          let offsets = Set(found.map(\.offset))
          refused = isFirst ? found : refused.filter { offsets.contains($0.offset) }
          isFirst = false
        }
      }
      // The last extended capability reaches to the end of the space.
      if !local.isWhole, localList.capabilities.contains(where: \.isExtended) {
        missing.formUnion(local.byteCount..<ConfigSpace.byteCounts.upperBound)
      }
      // A BAR that is not known is taken as none above.
      for index in 0x10..<0x28 where !local.isKnown(index..<index + 1) { missing.insert(index) }
      if gaps.isEmpty, let first = missing.min() {
        let count = missing.count == 1 ? "1 byte that is" : "\(missing.count) bytes that are"
        gaps.append(
          "\(count) compared, the first at 0x\(hex(first, digits: 3)), not in these dumps")
      }
    }

    /// The bytes that are refused for certain; those that a dump lacks go into `missing`.
    private func mismatches(
      _ read: [UInt8], _ shadow: QEMUShadow, _ missing: inout Set<Int>
    ) -> [Mismatch] {
      let (own, others) = (ConfigPlaces(local), ConfigPlaces(stream))
      let hasIDs = !Self.isVirtual(local, function) && !Self.isVirtual(stream, function)
      var found: [Mismatch] = []
      for index in (hasIDs ? 0 : 4)..<local.byteCount where shadow.isCompared(index) {
        guard stream.isKnown(index..<index + 1), local.isKnown(index..<index + 1) else {
          if index < stream.byteCount || !stream.isWhole { missing.insert(index) }
          continue
        }
        let (cmask, wmask, w1cmask) = (
          shadow.cmask[index], shadow.wmask[index], shadow.w1cmask[index]
        )
        let differing = read[index] ^ shadow.bytes[index]
        guard differing & cmask & ~wmask & ~w1cmask != 0, isCertain(index) else { continue }
        let place = own.known(index)
        let other = place == nil ? others.known(index) : nil
        let prefix = other == nil ? "" : "the stream's "
        let named = place ?? other ?? own.behind(index)
        found.append(
          Mismatch(
            offset: index, read: read[index], device: shadow.bytes[index], cmask: cmask,
            wmask: wmask, w1cmask: w1cmask, field: prefix + named.name,
            owner: prefix + named.owner))
      }
      return found
    }

    /// If the standard list is cut, only the header's bytes that do not depend on it are
    /// compared for certain; if the extended list is, its last pointer is not.
    private func isCertain(_ index: Int) -> Bool {
      let lists = [streamList, localList]
      if lists.contains(where: { $0.standardStop?.isGap == true }) {
        return index < 0x40 && index != 0x06 && index != 0x34
      }
      return !lists.contains { $0.extendedStop?.isGap == true && isLastPointer(index, in: $0) }
    }

    /// Whether a byte is of the header whose pointer leads to what a cut list lacks, whichever of
    /// its capabilities are hidden.
    private func isLastPointer(_ index: Int, in list: CapabilityList) -> Bool {
      let offsets = list.capabilities.filter(\.isExtended).reversed()
      let visible = offsets.first {
        QEMUVisibility.isShownByKernel($0.id) && QEMUVisibility.isShownByQEMU($0.id)
      }
      let last = [offsets.first, visible].map { ($0?.offset ?? 0x100) + 2 }
      let isAtStart = visible == nil && (0x100..<0x104).contains(index)
      return isAtStart || last.contains { ($0..<$0 + 2).contains(index) }
    }

    private func mayBePhysical(_ list: CapabilityList) -> [Bool] {
      if function == .emulated { return [false] }
      if QEMUVisibility.isPhysical(list) { return [true] }
      return list.stops.contains(where: \.isGap) ? [false, true] : [false]
    }

    /// The size of a function's space; nil if its dump does not tell.
    private static func byteCount(_ space: ConfigSpace, _ list: CapabilityList) -> Int? {
      if space.isWhole { return space.byteCount }
      if list.stops.contains(where: \.isGap) { return nil }
      return list.first(.pciExpress) == nil ? 256 : 4096
    }

    private var isStreamPhysical: Bool { mayBePhysical(streamList) == [true] }

    // MARK: What else speaks against it

    private var sizes: (stream: Int, local: Int)? {
      guard let stream = Self.byteCount(stream, streamList),
        let local = Self.byteCount(local, localList)
      else { return nil }
      return (stream, local)
    }

    private var differsInSize: Bool { sizes.map { $0.stream != $0.local } ?? false }

    var reasons: [String] {
      guard let sizes, sizes.stream != sizes.local else { return [] }
      return [
        "the record has \(sizes.stream) bytes and the destination reads \(sizes.local): QEMU "
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
      for (name, space) in [("stream's space", stream), ("destination", local)]
      where space.u16(at: 0) == 0 || space.isAllOnes {
        unknowns.append(
          "the \(name) is no function's: it has vendor \(hex(space.vendorID, digits: 4))")
      }
      let windows = Window.all(in: local, and: stream)
      unknowns += windows.compactMap(isStreamPhysical ? unknownAddress : unknown)
      return unknowns
    }

    /// What a BAR that is larger at the destination leaves open if the stream's space is a device's
    /// own, which does not have the guest's address.
    private func unknownAddress(_ window: Window) -> String? {
      guard let size = conditions.barSizes[window.index],
        let other = conditions.sourceBARSizes[window.index], size > other
      else { return nil }
      return
        "depends on the guest's address of BAR \(window.index), which a device's own space does not "
        + "tell: the BAR is refused if that is no multiple of \(size.sizeText), its size at the "
        + "destination, where the source has \(other.sizeText)"
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
      for (name, list) in [("stream", streamList), ("destination", localList)] {
        if mayBePhysical(list) == [true] {
          notes.append(
            "the \(name)'s space is a device's own: capabilities that the kernel or QEMU hides are "
              + "left out")
        }
        notes += list.findings.map { "the \(name)'s space: \($0)" }.filter { !gaps.contains($0) }
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
      let isOpen = windows.contains {
        conditions.barSizes[$0] == nil || conditions.sourceBARSizes[$0] == nil
      }
      if isStreamPhysical, isOpen {
        notes.append(
          "the rest depends on the BAR size, not known, and on the guest's addresses: a BAR that is "
            + "larger at the destination is refused if its address is not a multiple of the size")
      } else if isOpen {
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
