public import VirtualPCI

extension AccessMap {
  /// The map as JSON, as `schemas/pci-map.schema.json` describes it.
  public var jsonText: String { json.text + "\n" }

  package var json: JSONValue {
    .object([
      .init("profile", .string(profile)), .init("digest", .string(digest)),
      .init("bytes", .number(byteCount)), .init("ranges", .array(ranges.map(\.json))),
      .init("bars", .array(bars.map(\.json))), .init("msix", msix?.json ?? .null),
    ])
  }
}

extension AccessMap.Range {
  fileprivate var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("offset", .number(offset)), .init("length", .number(length)),
      .init("kind", .string(kind.rawValue)), .init("owner", .string(owner)),
    ]
    if let name { members.append(.init("name", .string(name))) }
    members.append(.init("reset", .string(reset)))
    for (key, mask) in [("write", write), ("clear", clear), ("trigger", trigger)] {
      if let mask { members.append(.init(key, .string(mask))) }
    }
    if let physical {
      members.append(
        .init(
          "physical",
          .object([
            .init("register", .string(physical.register)),
            .init("offset", physical.offset.map { .number($0) } ?? .null),
            .init("mask", .string(physical.mask)), .init("write", .string(physical.write)),
          ])))
    }
    return .object(members)
  }
}

extension AccessMap.BAR {
  fileprivate var json: JSONValue {
    .object([
      .init("index", .number(index)), .init("kind", .string(kind.rawValue)),
      .init("prefetchable", .bool(prefetchable)), .init("size", .number(size)),
      .init("assumed", .bool(assumed)),
    ])
  }
}

extension AccessMap.MSIX {
  fileprivate var json: JSONValue {
    .object([
      .init("vectors", .number(vectors)), .init("table", table.json), .init("pba", pba.json),
      .init("physicalTable", physicalTable?.json ?? .null),
      .init("physicalPBA", physicalPBA?.json ?? .null),
      .init("relocate", relocate.map { .bool($0) } ?? .null),
    ])
  }
}

extension AccessMap.MSIX.Place {
  fileprivate var json: JSONValue {
    .object([.init("bar", .number(bar)), .init("offset", .number(offset))])
  }
}
