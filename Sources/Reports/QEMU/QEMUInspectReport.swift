public import ByteIO
import PCIConfig
public import QEMUStream

/// What a QEMU migration stream holds (`ferry qemu inspect`); the JSON is
/// `schemas/qemu-inspect.schema.json`.
public struct QEMUInspectReport: Report {
  /// The main channel's name, the title of the text.
  public let path: String
  /// What was read of the stream and of its channels.
  public let content: QEMUMigrationContent

  /// The head of the libvirt save image that the main channel is in; nil for one by itself.
  public let image: LibvirtSaveHeader?

  /// Where the stream begins in a larger file, if that was said.
  public let offset: UInt64?

  /// A report on a migration whose main channel is `path`, or in the image at it.
  public init(
    _ content: QEMUMigrationContent, path: String, image: LibvirtSaveHeader? = nil,
    offset: UInt64? = nil
  ) {
    self.offset = offset
    self.content = content
    self.image = image
    self.path = path
  }

  var catalog: QEMUStreamCatalog { content.catalog }

  /// The machine, its memory, its sections, its VFIO devices, and what is remarkable.
  public var json: JSONValue {
    let configuration = catalog.configuration
    return [
      "image": image?.json, "offset": offset.map { .number($0) },
      "machine": configuration.map { .string($0.machine) },
      "uuid": configuration?.uuid.map { .string(hex($0)) },
      "pageBytes": .number(1 << (configuration?.pageBits ?? 12)),
      "capabilities": .strings(configuration?.capabilities ?? []),
      "bytes": .number(catalog.byteCount), "complete": .bool(catalog.isComplete),
      "described": .bool(catalog.description != nil), "memory": catalog.ram.json,
      "sections": .array(catalog.sections.map(\.json)),
      "commands": .object(
        catalog.commandCounts.sorted { $0.key < $1.key }.map { .init($0.key, .number($0.value)) }),
      "vfioDevices": .array(catalog.vfioDevices.map(\.json)),
      "findings": .strings(catalog.findings),
    ]
  }
}

extension LibvirtSaveHeader {
  fileprivate var json: JSONValue {
    [
      "kind": .string("libvirt"), "version": .number(version), "format": .string("\(format)"),
      "wasRunning": .bool(wasRunning), "streamOffset": .number(streamOffset),
    ]
  }
}

extension QEMUStreamError {
  fileprivate func json(in path: String) -> JSONValue {
    ErrorDetail(self, file: path).json(message: "\(path): \(self)")
      .merged(with: ["section": section.map { .string($0) }])
  }
}

extension RAMSummary {
  fileprivate var json: JSONValue {
    [
      "bytes": .number(byteCount), "pages": pages.json,
      "multifdFlushes": .number(multifdFlushCount),
      "blocks": .array(
        blocks.map { block in
          [
            "name": .string(block.name), "bytes": .number(block.byteCount),
            "pages": block.pages.json,
            // Where a block of mapped RAM lies in the file.
            "pagesOffset": block.mapping.map { .number($0.pagesOffset) },
          ]
        }),
    ]
  }
}

extension RAMBlock.Pages {
  fileprivate var json: JSONValue {
    [
      "normal": .number(normal), "zero": .number(zero), "delta": .number(delta),
      "compressed": .number(compressed),
    ]
  }
}

extension QEMUStreamCatalog.Section {
  fileprivate var json: JSONValue {
    [
      "id": .number(id), "name": .string(name), "instance": .number(instance),
      "version": .number(version), "offset": .number(offset), "bytes": .number(byteCount),
      "pieces": .number(count), "endKnownBy": evidence.map { .string($0.rawValue) },
    ]
  }
}

extension VFIODeviceSummary {
  /// What is not known is null, so that the keys are always the same.
  fileprivate var json: JSONValue {
    [
      "id": .string(id), "instance": .number(instance), "section": .number(sectionID),
      "stateBytes": .number(stateByteCount), "precopyBytes": .number(preCopyByteCount),
      "stopcopyBytes": .number(stopCopyByteCount),
      "configBytes": .number(configuration?.space.count ?? 0), "records": .number(recordCount),
      "recordCounts": .object(
        VFIORecord.Kind.allCases.compactMap { kind in
          recordCounts[kind].map { .init("\(kind)", .number($0)) }
        }),
      "multifdPackets": .number(packetCount ?? 0), "layout": .optional(layoutText),
      "interrupts": configuration.map {
        [
          "assertedPins": .number($0.assertedPins), "msixVectors": .number($0.vectorCount),
        ]
      } ?? .null,
      "configuration": spaceReport?.json ?? .null, "findings": .strings(findings),
    ]
  }

  /// A report on the configuration space that came with the state.
  var spaceReport: ConfigSpaceReport? {
    guard let configuration, let space = try? ConfigSpace(configuration.space) else { return nil }
    return ConfigSpaceReport(
      DumpedDevice(
        address: PCIAddress(id.prefix { $0 != "/" }), title: "", line: nil, space: space))
  }
}
