import ByteIO
import PCIConfig

/// A PCI function that QEMU emulates, in the section of its device.
public struct EmulatedFunction: Sendable, Hashable {
  /// The name of the section, such as `0000:00:03.0/virtio-rng`.
  public let name: String
  /// Tells sections of one name apart.
  public let instance: UInt32
  /// The offset of the function's configuration space in the stream.
  public let offset: UInt64
  /// The bytes of the space, 256 or 4096; nil if only the space tells.
  public let byteCount: Int?

  /// The address in front of the name: `0000:00:03.0`.
  public var address: Substring { name.prefix { $0 != "/" } }
}

extension QEMUMigrationContent {
  /// The functions that QEMU emulates, by the stream's own description.
  ///
  /// If that says nothing, or one buffer, a section named by a PCI address is taken to begin
  /// with its function's state.
  public var emulatedFunctions: [EmulatedFunction] {
    catalog.sections.compactMap { section in
      guard let body = section.fullBodyOffset, !section.name.hasSuffix("/vfio"),
        PCIAddress(section.name.prefix { $0 != "/" }) != nil
      else { return nil }
      let state: VMDescription.FunctionState
      if let device = catalog.description?.device(section.name, instance: section.instance),
        device.sizeDigits.isEmpty
      {
        guard let described = device.functionState else { return nil }
        state = described
      } else {
        state = VMDescription.FunctionState(offset: 4, byteCount: nil)
      }
      guard state.byteCount.map({ $0 == 256 || $0 == 4096 }) ?? true,
        state.offset <= section.fullByteCount ?? 0
      else { return nil }
      return EmulatedFunction(
        name: section.name, instance: section.instance, offset: body + state.offset,
        byteCount: state.byteCount.map { Int($0) })
    }
  }
}

extension QEMUMigrationContent {
  /// The functions that QEMU emulates and `name` means: those whose section has it, or else those
  /// at the address that it is.
  public func emulatedFunctions(named name: String) -> [EmulatedFunction] {
    let named = emulatedFunctions.filter { $0.name == name }
    return named.isEmpty ? emulatedFunctions.filter { $0.address == name } : named
  }
}

extension QEMUMigration where Input: ~Copyable {
  /// The configuration space of a function, which the main channel is read again for.
  ///
  /// - Throws: `malformed` unless the section has the state of a PCI function there: version 1 or 2
  ///   in front, behind the space the levels of four pins.
  public func space(of function: EmulatedFunction) throws(QEMUReadError<Failure>) -> [UInt8] {
    let bytes: [UInt8]
    do throws(Failure) {
      bytes = try main.bytes(at: function.offset - 4, count: 4 + 4096 + 16)
    } catch {
      throw .source(error)
    }
    for count in function.byteCount.map({ [$0] }) ?? [4096, 256]
    where bytes.count >= 4 + count + 16 {
      guard Self.isState(bytes, spaceByteCount: count) else { continue }
      let space = Array(bytes[4..<4 + count])
      // Only a function of PCI Express has the longer one.
      if function.byteCount == nil, let found = try? ConfigSpace(space),
        (found.capabilityList.first(.pciExpress) != nil) != (count == 4096)
      {
        continue
      }
      return space
    }
    throw .stream(
      QEMUStreamError(
        .malformed, at: function.offset - 4, section: function.name,
        expected: "a PCI function's state: version 2, a space of "
          + (function.byteCount.map { "\($0)" } ?? "4096 or 256") + " bytes, and four levels",
        found: bytes.count < 4 + 256 + 16 ? "the end of the input" : "other bytes"))
  }

  /// Whether a version and four levels stand around a space.
  private static func isState(_ bytes: [UInt8], spaceByteCount count: Int) -> Bool {
    let span = bytes.span.raw
    guard (1...2).contains(span.big(UInt32.self, at: 0)) else { return false }
    for pin in 0..<4 where span.big(UInt32.self, at: 4 + count + 4 * pin) > 1 { return false }
    return true
  }
}
