public import ByteIO

extension AccessMap {
  /// The map for a VMM, as `schemas/pci-map.schema.json` describes it.
  public var json: JSONValue {
    [
      "profile": .string(profile), "digest": .string(digest), "bytes": .number(byteCount),
      "ranges": .array(ranges.map(\.json)), "bars": .array(bars.map(\.json)),
      "msix": msix?.json ?? .null,
    ]
  }
}

extension AccessMap.Range {
  fileprivate var json: JSONValue {
    [
      "offset": .number(offset), "length": .number(length), "kind": .string(kind.rawValue),
      "owner": .string(owner), "name": name.map { .string($0) }, "reset": .string(reset),
      "write": write.map { .string($0) }, "clear": clear.map { .string($0) },
      "trigger": trigger.map { .string($0) },
      "physical": physical.map {
        [
          "register": .string($0.register), "offset": .optional($0.offset),
          "mask": .string($0.mask), "write": .string($0.write),
        ]
      },
    ]
  }
}

extension AccessMap.BAR {
  fileprivate var json: JSONValue {
    [
      "index": .number(index), "kind": .string(kind.rawValue),
      "prefetchable": .bool(prefetchable), "size": .number(size), "assumed": .bool(assumed),
    ]
  }
}

extension AccessMap.MSIX {
  fileprivate var json: JSONValue {
    [
      "vectors": .number(vectors), "table": table.json, "pba": pba.json,
      "physicalTable": physicalTable?.json ?? .null, "physicalPBA": physicalPBA?.json ?? .null,
      "relocate": relocate.map { .bool($0) } ?? .null,
    ]
  }
}

extension AccessMap.MSIX.Place {
  fileprivate var json: JSONValue { ["bar": .number(bar), "offset": .number(offset)] }
}
