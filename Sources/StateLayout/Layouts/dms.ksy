meta:
  id: dms
  title: A Ferry migration stream
  file-extension: dms
  license: BSD-2-Clause
  endian: le
doc: |
  The container of Ferry itself, format 1.0: a header, records, and a footer. Checksums and digests are beyond what a layout can
  check; ferry verify does. The meanings of the fields of metadata records are in the format's specification.
-ferry-name: dms
-ferry-detect:
  - type: beginning
    if: magic == 0x0a1a0a0d534d4489
    certainty: certain
    reason: begins with the magic of a migration stream
-ferry-rules:
  - expect: records.size > 0 and records.first.record_type == record_type::stream_information
    message: expected the stream information as the first record, found another
  - expect: ends == 1
    message: expected one end record, found {ends}; the stream is torn
  - expect: footer.index_offset < _io.size
    message: expected an index within the stream, found one at {footer.index_offset}
    field: footer
seq:
  - id: header
    type: header
  - id: records
    type: record
    repeat: until
    repeat-until: _io.size - _io.pos <= 32
    -ferry-items:
      - count: ends
        if: _.record_type == record_type::end
      - unique: _.sequence
        message: expected each number in the sequence once, found {_.sequence} again
      - ascending: _.sequence
        message: expected the records in sequence, found {_.sequence} behind a higher one
  - id: footer
    type: footer
types:
  header:
    seq:
      - id: magic
        contents: [0x89, DMS, 0x0d, 0x0a, 0x1a, 0x0a]
      - id: major_version
        type: u2
        valid: 1
      - id: minor_version
        type: u2
      - id: mandatory_features
        type: u4
        valid: 0
        -ferry-hex: true
      - id: optional_features
        type: u4
        -ferry-hex: true
      - id: uuid
        size: 16
      - id: channel
        type: u2
        valid: 0
      - id: channel_count
        type: u2
        valid: 1
      - id: chunk_limit
        doc: The most state bytes of a chunk.
        type: u4
        valid:
          min: 65536
          max: 4194304
      - id: metadata_limit
        doc: The most payload bytes of any other record.
        type: u4
        valid:
          max: 4194304
      - id: reserved
        type: u4
      - id: checksum
        doc: CRC-32C of the header.
        type: u4
        -ferry-hex: true
  record:
    seq:
      - id: record_type
        type: u1
        enum: record_type
        valid:
          min: 1
      - id: encoding
        doc: Of a state chunk.
        type: b4le
        enum: encoding
      - id: reserved
        type: b3le
      - id: mandatory
        type: b1le
      - id: device
        doc: The number of the device; 65535 where the record is about none.
        type: u2
      - id: sequence
        type: u4
      - id: offset
        doc: Of a chunk in its device's state.
        type: u8
      - id: raw_length
        type: u4
      - id: stored_length
        type: u4
      - id: payload_checksum
        type: u4
        -ferry-hex: true
      - id: header_checksum
        doc: CRC-32C of the stream's UUID and the header before this.
        type: u4
        -ferry-hex: true
      - id: payload
        size: stored_length
        type:
          switch-on: record_type
          cases:
            record_type::stream_information: fields
            record_type::device_identity: fields
            record_type::configuration_space: fields
            record_type::interrupt_state: fields
            record_type::pasid_table: fields
            record_type::state_chunk: chunk
            record_type::device_summary: fields
            record_type::end: fields
            record_type::index_block: fields
  chunk:
    seq:
      - id: phase
        type: u1
        enum: phase
        valid:
          in-enum: true
      - id: is_initial
        type: b1le
      - id: ends_initial
        type: b1le
      - id: ends_iteration
        type: b1le
      - id: begins_anew
        type: b1le
      - id: reserved_flags
        type: b4le
      - id: reserved
        type: u2
      - id: iteration
        type: u4
      - id: data
        doc: The state bytes, coded.
        size-eos: true
  fields:
    seq:
      - id: fields
        type: field
        repeat: eos
  field:
    seq:
      - id: key
        type: leb128
      - id: length
        type: leb128
      - id: value
        size: length.value
    instances:
      tag:
        value: key.value >> 1
      must_understand:
        value: key.value & 1
  leb128:
    doc: An integer in groups of seven bits, the lowest first.
    -ferry-rules:
      - expect: groups.size <= 10
        message: expected at most 10 bytes, found {groups.size}
    seq:
      - id: groups
        type: group
        repeat: until
        repeat-until: not _.has_more
    instances:
      value:
        value: >-
          groups[0].bits
          | (groups.size > 1 ? groups[1].bits << 7 : 0)
          | (groups.size > 2 ? groups[2].bits << 14 : 0)
          | (groups.size > 3 ? groups[3].bits << 21 : 0)
          | (groups.size > 4 ? groups[4].bits << 28 : 0)
          | (groups.size > 5 ? groups[5].bits << 35 : 0)
          | (groups.size > 6 ? groups[6].bits << 42 : 0)
          | (groups.size > 7 ? groups[7].bits << 49 : 0)
          | (groups.size > 8 ? groups[8].bits << 56 : 0)
          | (groups.size > 9 ? groups[9].bits << 63 : 0)
  group:
    seq:
      - id: has_more
        type: b1
      - id: bits
        type: b7
  footer:
    seq:
      - id: index_offset
        doc: Where the last index block begins; 0 if there is none.
        type: u8
      - id: uuid
        size: 16
      - id: checksum
        doc: CRC-32C of the footer.
        type: u4
        -ferry-hex: true
      - id: magic
        contents: [DMS, 0x0a]
  beginning:
    seq:
      - id: magic
        type: u8
enums:
  record_type:
    1: stream_information
    2: device_identity
    3: configuration_space
    4: interrupt_state
    5: pasid_table
    6: state_chunk
    7: device_summary
    8: end
    9: index_block
  encoding:
    0: raw
    1: fill
    2: zstd
  phase:
    1: pre_copy
    2: stop_copy
