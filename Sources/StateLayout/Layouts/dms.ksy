meta:
  id: dms
  title: A stream of device state, as Ferry writes it
  file-extension: dms
  license: BSD-2-Clause
  ks-version: "0.11"
  endian: le
  bit-endian: le
  encoding: UTF-8
doc: |
  The .dms container, version 1.0: a header, records, and a footer. This file describes where everything is and what it is called;
  checksums, digests, coded state, and what must agree across records are for `ferry verify`.
doc-ref: Format.md of Ferry's module MigrationStream
-ferry-name: dms
-ferry-detect:
  - type: magic
    if: magic[0] == 0x89 and magic[1] == 0x44 and magic[2] == 0x4d and magic[3] == 0x53 and magic[4] == 13 and magic[5] == 10 and magic[6] == 26 and magic[7] == 10
    certainty: certain
    reason: begins with the magic of a .dms stream
-ferry-rules:
  - expect: records.first.header.type == record_type::stream_information
    message: "expected the stream information first, found a record of type {records.first.header.type}"
    field: records
  - expect: information_count == 1
    message: "expected the stream information once, found it {information_count} times"
    field: records
  - expect: end_count == 1
    message: "expected one end record, found {end_count}; a stream without it is torn"
    field: records
  - expect: unnumbered_count == 0
    message: "expected records to be numbered from 0 without gaps, found {unnumbered_count} with other numbers"
    field: records
  - expect: identity_count == summary_count
    message: "expected a summary for each of {identity_count} devices, found {summary_count}"
    field: records
  - expect: records.last.header.type == record_type::end or records.last.header.type == record_type::index_block
    message: "expected the end record or the last index block before the footer, found a record of type {records.last.header.type}"
    field: records
  - expect: (footer.index_offset == 0) == (records.last.header.type == record_type::end)
    message: "expected the footer to name an index block where one follows the end record, and only there, found offset {footer.index_offset}"
    field: footer
seq:
  - id: header
    type: stream_header
  - id: records
    doc: Up to the footer.
    type: record
    repeat: until
    repeat-until: _io.size - _io.pos <= 32
    -ferry-items:
      - count: information_count
        if: _.header.type == record_type::stream_information
      - count: identity_count
        if: _.header.type == record_type::device_identity
      - count: summary_count
        if: _.header.type == record_type::device_summary
      - count: end_count
        if: _.header.type == record_type::end
      - count: unnumbered_count
        if: _.header.sequence != _index
      - ascending: "_.header.type == record_type::end ? 3 : _.header.type == record_type::device_summary ? 2 : _.header.type == record_type::state_chunk ? 1 : 0"
        if: _.header.type >= record_type::device_identity and _.header.type <= record_type::end
        message: "expected what identifies devices, then chunks, summaries and the end, found a record of type {_.header.type} behind a later one"
      - ascending: _.header.offset
        by: _.header.device
        if: _.header.type == record_type::state_chunk
        message: "expected the chunks of a device in the order of its state, found offset {_.header.offset} behind a higher one"
  - id: footer
    type: footer
types:
  magic:
    seq:
      - id: magic
        size: 8
  stream_header:
    -ferry-rules:
      - if: mandatory_features == 0
        expect: window == 0
        message: "expected zero without the feature that has a window, found {window}"
        field: window
        severity: note
    seq:
      - id: magic
        contents: [0x89, DMS, 0x0d, 0x0a, 0x1a, 0x0a]
      - id: major_version
        type: u2
        valid: 1
      - id: minor_version
        doc: Every minor version can be read.
        type: u2
      - id: mandatory_features
        doc: Bit 0 stands for chunks coded against earlier ones, bit 1 for dictionaries.
        type: u4
        valid:
          max: 3
        -ferry-hex: true
        -ferry-flags: mandatory_feature
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
      - id: window
        doc: How many times 65,536 state bytes a reader holds for chunks that are coded against them.
        type: u4
      - id: checksum
        doc: CRC-32C of what stands before it.
        type: u4
        -ferry-hex: true
  record:
    -ferry-rules:
      - if: header.type > record_type::index_block
        expect: header.mandatory == 0
        message: "expected a known record, found type {header.type}, which must be understood"
        field: header
      - expect: header.type != 0
        message: expected a type of record, found 0
        field: header
      - if: header.type != record_type::state_chunk
        expect: header.encoding == encoding::raw and header.offset == 0 and header.raw_length == header.stored_length
        message: expected encoding 0, offset 0 and equal lengths of a record other than a chunk, found others
        field: header
      - if: header.type != record_type::state_chunk
        expect: header.stored_length <= _parent.header.metadata_limit
        message: "expected at most {_parent.header.metadata_limit} bytes, found {header.stored_length}"
        field: header
      - if: header.type == record_type::state_chunk
        expect: header.raw_length > 0 and header.raw_length <= _parent.header.chunk_limit
        message: "expected a chunk of 1 to {_parent.header.chunk_limit} bytes, found {header.raw_length}"
        field: header
      - if: header.type == record_type::state_chunk and header.encoding == encoding::raw
        expect: header.stored_length == header.raw_length + 8
        message: "expected a raw chunk's {header.raw_length} bytes behind its head, found {header.stored_length} in all"
        field: header
      - if: header.type == record_type::state_chunk and header.encoding == encoding::fill
        expect: header.stored_length == 9
        message: "expected one byte behind a filled chunk's head, found {header.stored_length} in all"
        field: header
      - if: header.type == record_type::stream_information or header.type == record_type::end or header.type == record_type::index_block
        expect: header.device == 0xffff
        message: "expected a record of the whole stream, found device {header.device}"
        field: header
    seq:
      - id: header
        type: record_header
      - id: payload
        size: header.stored_length
        type:
          switch-on: header.type
          cases:
            record_type::stream_information: stream_information
            record_type::device_identity: device_identity
            record_type::configuration_space: configuration_space
            record_type::interrupt_state: interrupt_state
            record_type::pasid_table: pasid_table
            record_type::state_chunk: state_chunk
            record_type::device_summary: device_summary
            record_type::end: end
            record_type::index_block: index_block
  record_header:
    seq:
      - id: type
        type: u1
        enum: record_type
      - id: encoding
        type: b4
        enum: encoding
        valid:
          in-enum: true
      - id: reserved
        type: b3
        valid: 0
        -ferry-severity: note
      - id: mandatory
        doc: Who does not know the type must refuse the stream.
        type: b1
      - id: device
        doc: The device's number; 0xffff is the stream.
        type: u2
      - id: sequence
        doc: The record's number.
        type: u4
      - id: offset
        doc: Of a chunk, where it begins in the device's state.
        type: u8
      - id: raw_length
        doc: Of a chunk, the state bytes in it.
        type: u4
      - id: stored_length
        doc: Bytes of payload.
        type: u4
      - id: payload_checksum
        doc: CRC-32C of the payload.
        type: u4
        -ferry-hex: true
      - id: header_checksum
        doc: CRC-32C of the stream's UUID and of what stands before it.
        type: u4
        -ferry-hex: true
  state_chunk:
    -ferry-rules:
      - expect: reserved_flags == 0
        message: expected zeros in what is reserved, found others
        severity: note
    seq:
      - id: phase
        type: u1
        enum: phase
        valid:
          in-enum: true
      - id: is_initial
        doc: Initial data of pre-copy.
        type: b1
      - id: is_last_initial
        type: b1
      - id: is_last_of_iteration
        type: b1
      - id: is_reinitialised
        doc: The driver announced new initial data before it.
        type: b1
      - id: is_kept
        doc: Later chunks may be coded against it; reserved in a stream without a window.
        type: b1
      - id: reserved_flags
        type: b3
      - id: reference
        doc: Of a delta, how many records before its own that of the chunk stands which it is coded against; else reserved.
        type: u2
      - id: iteration
        doc: Of pre-copy; readers do not check it.
        type: u4
      - id: coded
        doc: The state, coded as the record's header says.
        size-eos: true
  footer:
    seq:
      - id: index_offset
        doc: Where the last index block begins; 0 if there is none.
        type: u8
      - id: uuid
        size: 16
      - id: checksum
        doc: CRC-32C of what stands before it.
        type: u4
        -ferry-hex: true
      - id: magic
        contents: ["DMS", 0x0a]
  vlq:
    doc: An unsigned integer in LEB128.
    -ferry-rules:
      - expect: groups.size == 1 or groups.last.bits != 0
        message: expected an integer in as few bytes as it needs, found more
    seq:
      - id: groups
        type: vlq_group
        repeat: until
        repeat-until: _.has_next == 0
    instances:
      value:
        value: >-
          groups[0].bits + (groups.size > 1 ? groups[1].bits << 7 : 0) + (groups.size > 2 ? groups[2].bits << 14 : 0)
          + (groups.size > 3 ? groups[3].bits << 21 : 0) + (groups.size > 4 ? groups[4].bits << 28 : 0)
  vlq_group:
    seq:
      - id: bits
        type: b7
      - id: has_next
        type: b1
  stream_information:
    seq:
      - id: fields
        type: information_field
        repeat: eos
        -ferry-items:
          - unique: _.tag
            if: _.tag <= 4
            message: "expected each field once, found tag {_.tag} again"
  information_field:
    -ferry-rules:
      - expect: tag != 0
        message: expected a tag from 1, found 0
      - if: tag > 4
        expect: must_understand == 0
        message: "expected a known field, found tag {tag}, which must be understood"
    seq:
      - id: key
        type: vlq
      - id: length
        type: vlq
      - id: value
        size: length.value
        type:
          switch-on: tag
          cases:
            information_tag::producer: text
            information_tag::kernel_release: text
            information_tag::machine: text
            information_tag::begun: uint
    instances:
      tag:
        value: key.value >> 1
        enum: information_tag
      must_understand:
        value: key.value & 1
  device_identity:
    seq:
      - id: fields
        type: identity_field
        repeat: eos
        -ferry-items:
          - unique: _.tag
            if: _.tag <= 9 and _.tag != 8
            message: "expected each field once, found tag {_.tag} again"
  identity_field:
    -ferry-rules:
      - expect: tag != 0
        message: expected a tag from 1, found 0
      - if: tag > 9
        expect: must_understand == 0
        message: "expected a known field, found tag {tag}, which must be understood"
    seq:
      - id: key
        type: vlq
      - id: length
        type: vlq
      - id: value
        size: length.value
        type:
          switch-on: tag
          cases:
            identity_tag::name: text
            identity_tag::driver: text
            identity_tag::pci_ids: pci_ids
            identity_tag::subsystem_ids: pci_ids
            identity_tag::class_and_revision: class_and_revision
            identity_tag::migration_flags: uint
            identity_tag::stop_copy_size: uint
            identity_tag::region: region
            identity_tag::dictionary: digest
    instances:
      tag:
        value: key.value >> 1
        enum: identity_tag
      must_understand:
        value: key.value & 1
  region:
    seq:
      - id: fields
        type: region_field
        repeat: eos
        -ferry-items:
          - unique: _.tag
            if: _.tag <= 3
            message: "expected each field once, found tag {_.tag} again"
  region_field:
    -ferry-rules:
      - expect: tag != 0
        message: expected a tag from 1, found 0
      - if: tag > 3
        expect: must_understand == 0
        message: "expected a known field, found tag {tag}, which must be understood"
    seq:
      - id: key
        type: vlq
      - id: length
        type: vlq
      - id: value
        size: length.value
        type:
          switch-on: tag
          cases:
            region_tag::index: uint
            region_tag::flags: uint
            region_tag::size: uint
    instances:
      tag:
        value: key.value >> 1
        enum: region_tag
      must_understand:
        value: key.value & 1
  configuration_space:
    seq:
      - id: fields
        type: configuration_field
        repeat: eos
        -ferry-items:
          - unique: _.tag
            if: _.tag <= 5
            message: "expected each field once, found tag {_.tag} again"
  configuration_field:
    -ferry-rules:
      - expect: tag != 0
        message: expected a tag from 1, found 0
      - if: tag > 5
        expect: must_understand == 0
        message: "expected a known field, found tag {tag}, which must be understood"
    seq:
      - id: key
        type: vlq
      - id: length
        type: vlq
      - id: value
        size: length.value
        type:
          switch-on: tag
          cases:
            configuration_tag::profile: text
            configuration_tag::profile_digest: digest
    instances:
      tag:
        value: key.value >> 1
        enum: configuration_tag
      must_understand:
        value: key.value & 1
  interrupt_state:
    seq:
      - id: fields
        type: interrupt_field
        repeat: eos
        -ferry-items:
          - unique: _.tag
            if: _.tag <= 3
            message: "expected each field once, found tag {_.tag} again"
  interrupt_field:
    -ferry-rules:
      - expect: tag != 0
        message: expected a tag from 1, found 0
      - if: tag > 3
        expect: must_understand == 0
        message: "expected a known field, found tag {tag}, which must be understood"
    seq:
      - id: key
        type: vlq
      - id: length
        type: vlq
      - id: value
        size: length.value
        type:
          switch-on: tag
          cases:
            interrupt_tag::asserted_pins: uint
            interrupt_tag::msi: msi
            interrupt_tag::msix: msix
    instances:
      tag:
        value: key.value >> 1
        enum: interrupt_tag
      must_understand:
        value: key.value & 1
  msi:
    seq:
      - id: fields
        type: msi_field
        repeat: eos
        -ferry-items:
          - unique: _.tag
            if: _.tag <= 5
            message: "expected each field once, found tag {_.tag} again"
  msi_field:
    -ferry-rules:
      - expect: tag != 0
        message: expected a tag from 1, found 0
      - if: tag > 5
        expect: must_understand == 0
        message: "expected a known field, found tag {tag}, which must be understood"
    seq:
      - id: key
        type: vlq
      - id: length
        type: vlq
      - id: value
        size: length.value
        type:
          switch-on: tag
          cases:
            msi_tag::message_control: uint
            msi_tag::address: uint
            msi_tag::data: uint
            msi_tag::mask_bits: uint
            msi_tag::pending_bits: uint
    instances:
      tag:
        value: key.value >> 1
        enum: msi_tag
      must_understand:
        value: key.value & 1
  msix:
    seq:
      - id: fields
        type: msix_field
        repeat: eos
        -ferry-items:
          - unique: _.tag
            if: _.tag <= 3
            message: "expected each field once, found tag {_.tag} again"
  msix_field:
    -ferry-rules:
      - expect: tag != 0
        message: expected a tag from 1, found 0
      - if: tag > 3
        expect: must_understand == 0
        message: "expected a known field, found tag {tag}, which must be understood"
    seq:
      - id: key
        type: vlq
      - id: length
        type: vlq
      - id: value
        size: length.value
        type:
          switch-on: tag
          cases:
            msix_tag::message_control: uint
    instances:
      tag:
        value: key.value >> 1
        enum: msix_tag
      must_understand:
        value: key.value & 1
  pasid_table:
    seq:
      - id: fields
        type: pasid_field
        repeat: eos
  pasid_field:
    -ferry-rules:
      - expect: tag != 0
        message: expected a tag from 1, found 0
      - if: tag > 2
        expect: must_understand == 0
        message: "expected a known field, found tag {tag}, which must be understood"
    seq:
      - id: key
        type: vlq
      - id: length
        type: vlq
      - id: value
        size: length.value
        type:
          switch-on: tag
          cases:
            pasid_tag::domain: domain
            pasid_tag::binding: binding
    instances:
      tag:
        value: key.value >> 1
        enum: pasid_tag
      must_understand:
        value: key.value & 1
  domain:
    seq:
      - id: fields
        type: domain_field
        repeat: eos
        -ferry-items:
          - unique: _.tag
            if: _.tag <= 4
            message: "expected each field once, found tag {_.tag} again"
  domain_field:
    -ferry-rules:
      - expect: tag != 0
        message: expected a tag from 1, found 0
      - if: tag > 4
        expect: must_understand == 0
        message: "expected a known field, found tag {tag}, which must be understood"
    seq:
      - id: key
        type: vlq
      - id: length
        type: vlq
      - id: value
        size: length.value
        type:
          switch-on: tag
          cases:
            domain_tag::id: uint
            domain_tag::data_type: uint
            domain_tag::faults: uint
    instances:
      tag:
        value: key.value >> 1
        enum: domain_tag
      must_understand:
        value: key.value & 1
  binding:
    seq:
      - id: fields
        type: binding_field
        repeat: eos
        -ferry-items:
          - unique: _.tag
            if: _.tag <= 3
            message: "expected each field once, found tag {_.tag} again"
  binding_field:
    -ferry-rules:
      - expect: tag != 0
        message: expected a tag from 1, found 0
      - if: tag > 3
        expect: must_understand == 0
        message: "expected a known field, found tag {tag}, which must be understood"
    seq:
      - id: key
        type: vlq
      - id: length
        type: vlq
      - id: value
        size: length.value
        type:
          switch-on: tag
          cases:
            binding_tag::pasid: uint
            binding_tag::domain_id: uint
            binding_tag::permissions: uint
    instances:
      tag:
        value: key.value >> 1
        enum: binding_tag
      must_understand:
        value: key.value & 1
  device_summary:
    seq:
      - id: fields
        type: summary_field
        repeat: eos
        -ferry-items:
          - unique: _.tag
            if: _.tag <= 3
            message: "expected each field once, found tag {_.tag} again"
  summary_field:
    -ferry-rules:
      - expect: tag != 0
        message: expected a tag from 1, found 0
      - if: tag > 3
        expect: must_understand == 0
        message: "expected a known field, found tag {tag}, which must be understood"
    seq:
      - id: key
        type: vlq
      - id: length
        type: vlq
      - id: value
        size: length.value
        type:
          switch-on: tag
          cases:
            summary_tag::state_bytes: uint
            summary_tag::chunks: uint
            summary_tag::digest: digest
    instances:
      tag:
        value: key.value >> 1
        enum: summary_tag
      must_understand:
        value: key.value & 1
  end:
    seq:
      - id: fields
        type: end_field
        repeat: eos
        -ferry-items:
          - unique: _.tag
            if: _.tag <= 4
            message: "expected each field once, found tag {_.tag} again"
  end_field:
    -ferry-rules:
      - expect: tag != 0
        message: expected a tag from 1, found 0
      - if: tag > 4
        expect: must_understand == 0
        message: "expected a known field, found tag {tag}, which must be understood"
    seq:
      - id: key
        type: vlq
      - id: length
        type: vlq
      - id: value
        size: length.value
        type:
          switch-on: tag
          cases:
            end_tag::devices: uint
            end_tag::chunks: uint
            end_tag::state_bytes: uint
            end_tag::has_index: uint
    instances:
      tag:
        value: key.value >> 1
        enum: end_tag
      must_understand:
        value: key.value & 1
  index_block:
    seq:
      - id: fields
        type: index_field
        repeat: eos
        -ferry-items:
          - unique: _.tag
            if: _.tag <= 2
            message: "expected each field once, found tag {_.tag} again"
  index_field:
    -ferry-rules:
      - expect: tag != 0
        message: expected a tag from 1, found 0
      - if: tag > 2
        expect: must_understand == 0
        message: "expected a known field, found tag {tag}, which must be understood"
    seq:
      - id: key
        type: vlq
      - id: length
        type: vlq
      - id: value
        size: length.value
        type:
          switch-on: tag
          cases:
            index_tag::previous_offset: uint
            index_tag::entries: index_entries
    instances:
      tag:
        value: key.value >> 1
        enum: index_tag
      must_understand:
        value: key.value & 1
  uint:
    doc: As many bytes as the integer needs, the lowest first.
    -ferry-rules:
      - expect: raw.length <= 8
        message: "expected an integer of at most 64 bits, found {raw.length} bytes"
      - expect: raw.length == 0 or raw.last != 0
        message: expected an integer in as few bytes as it needs, found more
    seq:
      - id: raw
        size-eos: true
    instances:
      value:
        value: >-
          (raw.length > 0 ? raw[0] : 0) + (raw.length > 1 ? raw[1] << 8 : 0) + (raw.length > 2 ? raw[2] << 16 : 0)
          + (raw.length > 3 ? raw[3] << 24 : 0) + (raw.length > 4 ? raw[4] << 32 : 0) + (raw.length > 5 ? raw[5] << 40 : 0)
          + (raw.length > 6 ? raw[6] << 48 : 0) + (raw.length > 7 ? raw[7] << 56 : 0)
  text:
    seq:
      - id: text
        type: str
        size-eos: true
  pci_ids:
    seq:
      - id: vendor
        type: u2
        -ferry-hex: true
      - id: device
        type: u2
        -ferry-hex: true
  class_and_revision:
    seq:
      - id: revision
        type: b8
        -ferry-hex: true
      - id: class_code
        type: b24
        -ferry-hex: true
  digest:
    -ferry-rules:
      - if: algorithm == digest_algorithm::xxh3_128
        expect: digest.length == 16
        message: "expected 16 bytes of XXH3-128, found {digest.length}"
        field: digest
      - if: algorithm == digest_algorithm::sha_256
        expect: digest.length == 32
        message: "expected 32 bytes of SHA-256, found {digest.length}"
        field: digest
      - expect: digest.length <= 64
        message: "expected at most 64 bytes, found {digest.length}"
        field: digest
    seq:
      - id: algorithm
        type: u1
        enum: digest_algorithm
        valid:
          in-enum: true
        -ferry-severity: note
      - id: digest
        size-eos: true
  index_entries:
    seq:
      - id: entries
        type: index_entry
        repeat: eos
        -ferry-items:
          - ascending: _.record_offset
            message: "expected entries in the order of the chunks, found offset {_.record_offset} behind a higher one"
  index_entry:
    -ferry-rules:
      - expect: header.type == record_type::state_chunk
        message: "expected an entry for a chunk, found a record of type {header.type}"
        field: header
    seq:
      - id: record_offset
        doc: Where the chunk's record begins in the stream.
        type: u8
      - id: header
        doc: That record's header.
        type: record_header
      - id: chunk_head
        doc: The first eight bytes of that record's payload.
        size: 8
enums:
  mandatory_feature:
    1:
      id: references
      doc: Chunks are coded against earlier ones.
    2:
      id: dictionaries
      doc: Chunks are coded with dictionaries.
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
    1:
      id: fill
      doc: One byte, which all state bytes of the chunk equal.
    2:
      id: zstd
      doc: One frame of zstd.
    3:
      id: delta
      doc: One frame of zstd that refers back into another chunk.
    4:
      id: dictionary
      doc: One frame of zstd with the dictionary that the device's identity names.
  phase:
    1: pre_copy
    2: stop_copy
  digest_algorithm:
    1: xxh3_128
    2: sha_256
  information_tag:
    1:
      id: producer
      doc: Program and version.
    2:
      id: kernel_release
      doc: As uname -r prints it.
    3:
      id: machine
      doc: As uname -m prints it.
    4:
      id: begun
      doc: Seconds since 1970.
  identity_tag:
    1: name
    2:
      id: driver
      doc: Kernel driver.
    3: pci_ids
    4: subsystem_ids
    5: class_and_revision
    6:
      id: migration_flags
      doc: Of VFIO_DEVICE_FEATURE_MIGRATION.
    7:
      id: stop_copy_size
      doc: As the driver estimated it.
    8: region
    9:
      id: dictionary
      doc: Of the dictionary that small chunks are coded with.
  region_tag:
    1: index
    2:
      id: flags
      doc: VFIO_REGION_INFO_FLAG_...
    3: size
  configuration_tag:
    1:
      id: physical_image
      doc: As read from the device.
    2:
      id: synthesised_image
      doc: As the guest sees it.
    3:
      id: emulated_bits
      doc: 1 where the VMM serves the bit.
    4:
      id: profile
      doc: Name of the vPCI profile.
    5: profile_digest
  interrupt_tag:
    1:
      id: asserted_pins
      doc: Bit 0 for INTA.
    2: msi
    3: msix
  msi_tag:
    1: message_control
    2: address
    3: data
    4: mask_bits
    5: pending_bits
  msix_tag:
    1: message_control
    2:
      id: table
      doc: 16 bytes for each vector.
    3:
      id: pending_bits
      doc: A bit for each vector.
  pasid_tag:
    1: domain
    2: binding
  domain_tag:
    1: id
    2:
      id: data_type
      doc: IOMMU_HWPT_DATA_...
    3: data
    4:
      id: faults
      doc: 0 none, 1 to a queue.
  binding_tag:
    1: pasid
    2: domain_id
    3:
      id: permissions
      doc: Bit 0 execute, bit 1 privileged.
  summary_tag:
    1: state_bytes
    2: chunks
    3:
      id: digest
      doc: Of the state bytes in order.
  end_tag:
    1: devices
    2: chunks
    3: state_bytes
    4:
      id: has_index
      doc: 1 where an index block follows.
  index_tag:
    1:
      id: previous_offset
      doc: Where the block before this one begins.
    2: entries
