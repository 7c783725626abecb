import ByteIO
import MigrationStream
public import PCIConfig
import StreamIO

/// Configuration spaces in files: a dump, raw bytes, sysfs, or a device of a stream.
///
/// `F.txt#DEVICE` is one function of a dump, by its slot or by its number from 0.
///
/// `F.dms#DEVICE` is the physical space of a device if the stream has it, else the synthesised one;
/// `F.dms#DEVICE:guest` is the one that its guest was shown.
public enum ConfigSpaceInput {
  // What a read of a text takes.
  private static var pieceByteCount: Int { 1 << 16 }

  /// The spaces that `name` stands for.
  public static func dump(_ name: String) throws(InputError) -> ConfigSpaceDump {
    if let reference = try DeviceReference.named(name, hasView: true) {
      if let device = try listed(reference, in: name) { return try dump(of: device, in: name) }
      return try dump(of: try device(reference, in: name), in: name)
    }
    let file = try RecognizedFile(name)
    // How many bytes there are tells a space from others, and a pipe has to end for that.
    if file.kind == .bytes, file.byteCount == nil { return try piped(file, name) }
    guard InputUse.space.takes(file.kind) else { throw file.error(for: .space) }
    let refusal = file.error(for: .space)
    let isText = file.kind.isText
    let dump = try isText ? texts(in: file.file(), name, orElse: refusal) : raw(file.file(), name)
    // A space from sysfs does not say where it sits, but its folder does; and the file beside it
    // says how large its BARs are.
    if dump.devices.count == 1, let device = dump.devices.first, device.line == nil,
      name == "config" || name.hasSuffix("/config")
    {
      let folder = name.split(separator: "/").dropLast().last
      return try self.dump(
        of: DumpedDevice(
          address: folder.flatMap(PCIAddress.init), title: "", line: nil, space: device.space,
          barSizes: barSizes(beside: name)), in: name)
    }
    return dump
  }

  /// The sizes of BARs in sysfs's `resource`: a line for each, with the first and the last address
  /// and flags (Documentation/ABI/testing/sysfs-bus-pci). Empty if there is no such file.
  private static func barSizes(beside config: String) -> [Int: UInt64] {
    let path = String(config.dropLast("config".count) + "resource")
    // A pipe in its place is not waited for.
    guard PathBytes(text: path).kind == .regular,
      let bytes = try? InputFile(path: path).contents(limit: 1 << 16)
    else {
      return [:]
    }
    var sizes: [Int: UInt64] = [:]
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    for (index, line) in lines.prefix(6).enumerated() {
      let numbers = line.split(separator: " ").map { UInt64($0.dropFirst(2), radix: 16) }
      // IORESOURCE_IO and IORESOURCE_MEM (include/linux/ioport.h).
      guard numbers.count == 3, let first = numbers[0], let last = numbers[1],
        let flags = numbers[2], flags & 0x300 != 0, last > first, last - first < .max
      else { continue }
      sizes[index] = last - first + 1
    }
    return sizes
  }

  /// The bytes of one space in a pipe.
  private static func piped(
    _ file: consuming RecognizedFile, _ name: String
  ) throws(InputError) -> ConfigSpaceDump {
    let refusal = file.error(for: .space)
    guard let bytes = try? file.file().contents(limit: ConfigSpace.byteCounts.upperBound),
      InputUse.space.takes(FileKind(prefix: bytes, byteCount: UInt64(bytes.count))),
      let dump = try? ConfigSpaceDump(raw: bytes)
    else { throw refusal }
    return dump
  }

  /// The bytes of one space.
  private static func raw(
    _ file: consuming InputFile, _ name: String
  ) throws(InputError) -> ConfigSpaceDump {
    let bytes = try file.contents(limit: ConfigSpace.byteCounts.upperBound, of: name)
    do throws(PCIConfigError) {
      return try ConfigSpaceDump(raw: bytes)
    } catch {
      throw InputError(name, .space(error))
    }
  }

  /// The spaces in a text, which is never taken for the bytes of one. `refusal` is the error of a
  /// text without any.
  private static func texts(
    in file: consuming InputFile, _ name: String, orElse refusal: InputError
  ) throws(InputError) -> ConfigSpaceDump {
    var reader = ConfigSpaceDumpReader()
    var piece = ByteBuffer(capacity: pieceByteCount)
    var isEnd = false
    while !isEnd {
      piece.removeAll()
      let count = try InputError.reading(name) { () throws(StreamIOError) in
        try piece.fill { (span) throws(StreamIOError) in try file.read(into: &span) }
      }
      isEnd = count == 0
      do throws(PCIConfigError) {
        try reader.read(piece.bytes)
      } catch {
        throw InputError(name, .space(error))
      }
    }
    do throws(PCIConfigError) {
      return try reader.finish()
    } catch {
      // What no line of is a dump's is named by what it is.
      guard error.place == .whole, error.code == .dump,
        case .kind(let kind, _, _) = refusal.cause, kind != .lspciText, kind != .hexDump
      else { throw InputError(name, .space(error)) }
      throw refusal
    }
  }

  private static func dump(
    of device: DumpedDevice, in name: String
  ) throws(InputError) -> ConfigSpaceDump {
    do throws(PCIConfigError) {
      return try ConfigSpaceDump([device])
    } catch {
      throw InputError(name, .space(error))
    }
  }

  /// The function that `F#DEVICE` names if F is a text, not a stream.
  private static func listed(
    _ reference: DeviceReference, in name: String
  ) throws(InputError) -> DumpedDevice? {
    guard try RecognizedFile(reference.path).kind.isText else { return nil }
    let all = try dump(reference.path)
    do throws(PCIConfigError) {
      return try all.device(at: reference.selector.text)
    } catch {
      throw InputError(name, .space(error))
    }
  }

  private static func device(
    _ reference: DeviceReference, in name: String
  ) throws(InputError) -> DumpedDevice {
    let (identity, record) = try configuration(of: reference)
    let image =
      reference.isGuestsView ? record?.synthesized : record?.physical ?? record?.synthesized
    guard let image else {
      throw InputError(
        reference.path,
        .absent(
          expected: "\(reference.isGuestsView ? "a synthesised" : "a") configuration space of "
            + "device '\(reference.selector)'", found: "none"))
    }
    do throws(PCIConfigError) {
      let bars = identity.regions.filter { $0.index < 6 && $0.byteCount > 0 }
      return DumpedDevice(
        address: identity.name.flatMap(PCIAddress.init), title: "", line: nil,
        space: try ConfigSpace(image),
        // A guest's view may have BARs of other sizes.
        barSizes: reference.isGuestsView
          ? [:]
          : Dictionary(
            bars.map { (Int($0.index), $0.byteCount) }, uniquingKeysWith: { first, _ in first }))
    } catch {
      throw InputError(name, .space(error))
    }
  }

  private static func configuration(
    of reference: DeviceReference
  ) throws(InputError) -> (DeviceIdentity, ConfigurationRecord?) {
    let path = reference.path
    let archive = try StreamArchive.open(path)
    let catalog = try InputError.reading(path) { () throws(StreamIOError) in
      try archive.catalog()
    }
    let number = try reference.selector.number(
      among: catalog.devices.map(\.identity.name), in: path)
    let device = catalog.devices[Int(number)]
    guard let offset = device.recordOffsets[.configurationSpace] else {
      return (device.identity, nil)
    }
    let record = try InputError.reading(path) { () throws(StreamIOError) in
      try archive.record(at: offset)
    }
    guard case .configuration(let configuration, _) = record else { return (device.identity, nil) }
    return (device.identity, configuration)
  }
}
