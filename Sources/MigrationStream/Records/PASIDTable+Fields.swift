extension PASIDTable: MetadataRecord {
  static var recordType: RecordType { .pasidTable }
  static var lastKnownTag: UInt32 { 2 }
  static var repeatableTags: Set<UInt32> { [1, 2] }

  init(parsing fields: inout FieldReader, at place: RecordLocation) throws(StreamError) {
    self.init()
    while let field = try fields.next() {
      switch field.tag {
      case 1: domains.append(try Domain(parsing: field))
      case 2: bindings.append(try Binding(parsing: field))
      default: unknownFields.append(try field.unknown())
      }
    }
  }

  func encode(into fields: inout FieldWriter) {
    for domain in domains { fields.fields(1) { domain.encode(into: &$0) } }
    for binding in bindings { fields.fields(2) { binding.encode(into: &$0) } }
    fields.unknown(unknownFields)
  }

  func check(at place: RecordLocation) throws(StreamError) {
    if let defect {
      throw place.error(.malformedField, expected: "a consistent PASID table", found: defect)
    }
  }
}

extension PASIDTable.Domain {
  init(parsing field: FieldReader.Field) throws(StreamError) {
    self.init(id: 0)
    var dataType: UInt32?
    var data: [UInt8]?
    var parts = field.fields(lastKnownTag: 4)
    while let part = try parts.next() {
      switch part.tag {
      case 1: id = try part.integer(UInt32.self)
      case 2: dataType = try part.integer(UInt32.self)
      case 3: data = part.bytes
      case 4:
        let value = try part.integer(UInt8.self)
        guard let handling = FaultHandling(rawValue: value) else {
          throw part.malformed(expected: "fault handling 0 or 1", found: "\(value)")
        }
        faults = handling
      default: unknownFields.append(try part.unknown())
      }
    }
    if let dataType {
      kind = .nested(dataType: dataType, data: data ?? [])
    } else if data != nil {
      throw field.malformed(expected: "a data type beside the data")
    }
  }

  func encode(into fields: inout FieldWriter) {
    fields.integer(1, id)
    if case .nested(let dataType, let data) = kind {
      fields.integer(2, dataType)
      fields.bytes(3, data)
    }
    if faults != .none { fields.integer(4, faults.rawValue) }
    fields.unknown(unknownFields)
  }
}

extension PASIDTable.Binding {
  init(parsing field: FieldReader.Field) throws(StreamError) {
    self.init(pasid: 0, domain: 0)
    var parts = field.fields(lastKnownTag: 3)
    while let part = try parts.next() {
      switch part.tag {
      case 1: pasid = try part.integer(UInt32.self)
      case 2: domain = try part.integer(UInt32.self)
      case 3: permissions = Permissions(rawValue: try part.integer(UInt8.self))
      default: unknownFields.append(try part.unknown())
      }
    }
  }

  func encode(into fields: inout FieldWriter) {
    fields.integer(1, pasid)
    fields.integer(2, domain)
    if !permissions.isEmpty { fields.integer(3, permissions.rawValue) }
    fields.unknown(unknownFields)
  }
}
