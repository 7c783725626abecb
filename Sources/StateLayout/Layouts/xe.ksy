meta:
  id: xe
  title: State of an Intel Xe virtual function
  license: BSD-2-Clause
  ks-version: "0.11"
  endian: le
doc: |
  What xe's driver hands out since Linux 6.19: packets of a header of 24 bytes and a payload. A descriptor comes first and a
  trailer last; between them stand the graphics translation table, a few registers, the state of the firmware and the video
  memory of each GT. Without the trailer the target does not finish, and does not say so at once.
doc-ref:
  - https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/drivers/gpu/drm/xe/xe_sriov_packet.c the packets
  - https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/drivers/gpu/drm/xe/abi/xe_driver_klvs_abi.h keys of the descriptor, which stand in xe_sriov_packet.c up to Linux 7.2
-ferry-name: xe
-ferry-drivers: [xe_vfio_pci]
-ferry-detect:
  - type: header
    if: version == 1 and packet_type == packet_type::descriptor and tile_id == 0 and gt_id == 0 and flags == 0 and offset == 0 and size == 16
    certainty: certain
    reason: begins with the descriptor packet of xe
  - type: header
    if: version == 1 and packet_type == packet_type::descriptor and tile_id == 0 and gt_id == 0 and flags == 0 and offset == 0 and size % 4 == 0
    certainty: likely
    reason: begins with a packet whose header is that of xe's descriptor
-ferry-rules:
  - expect: packets.size > 0 and packets.first.header.packet_type == packet_type::descriptor
    message: expected the descriptor as the first packet, found another
  - expect: descriptors == 1
    message: expected one descriptor, found {descriptors}
  - expect: packets.size > 0 and packets.last.header.packet_type == packet_type::trailer
    message: expected the trailer as the last packet, found another; the state is not whole
  - expect: trailers <= 1
    message: expected one trailer, found {trailers}
seq:
  - id: packets
    type: packet
    repeat: eos
    -ferry-items:
      - count: descriptors
        if: _.header.packet_type == packet_type::descriptor
      - count: trailers
        if: _.header.packet_type == packet_type::trailer
      - ascending: >-
          (_.header.packet_type == packet_type::guc ? 0
          : _.header.packet_type == packet_type::ggtt ? 1
          : _.header.packet_type == packet_type::mmio ? 2 : 3) << 64 | _.header.offset
        by: (_.header.tile_id << 8) | _.header.gt_id
        if: _.header.packet_type >= packet_type::ggtt and _.header.packet_type <= packet_type::vram
        severity: warning
        message: expected firmware state, translation table, registers and video memory of a GT in this order, found another
      - contiguous: _.header.offset
        end: _.header.offset + _.header.size
        by: (_.header.tile_id << 8) | _.header.gt_id
        if: _.header.packet_type == packet_type::vram
        message: expected the video memory of tile {_.header.tile_id}, GT {_.header.gt_id} without a gap or an overlap, found a packet at {_.header.offset}
      - unique: (_.header.tile_id << 8) | _.header.gt_id
        id: firmware
        if: _.header.packet_type == packet_type::guc
        severity: warning
        message: expected one packet of type {_.header.packet_type} for tile {_.header.tile_id}, GT {_.header.gt_id}, found another
      - unique: (_.header.tile_id << 8) | _.header.gt_id
        id: registers
        if: _.header.packet_type == packet_type::mmio
        severity: warning
        message: expected one packet of type {_.header.packet_type} for tile {_.header.tile_id}, GT {_.header.gt_id}, found another
      - unique: (_.header.tile_id << 8) | _.header.gt_id
        id: tables
        if: _.header.packet_type == packet_type::ggtt
        severity: warning
        message: expected one packet of type {_.header.packet_type} for tile {_.header.tile_id}, GT {_.header.gt_id}, found another
      - refers: (_.header.tile_id << 8) | _.header.gt_id
        to: tables
        if: _.header.packet_type == packet_type::vram
        message: expected the translation table of tile {_.header.tile_id} with its video memory, of GT {_.header.gt_id}, found none
      - refers: (_.header.tile_id << 8) | _.header.gt_id
        to: firmware
        if: _.header.packet_type >= packet_type::ggtt and _.header.packet_type <= packet_type::vram
        message: expected the firmware state of tile {_.header.tile_id}, GT {_.header.gt_id} with what else there is of it, found none
      - refers: (_.header.tile_id << 8) | _.header.gt_id
        to: registers
        if: _.header.packet_type >= packet_type::ggtt and _.header.packet_type <= packet_type::vram
        message: expected the registers of tile {_.header.tile_id}, GT {_.header.gt_id} with what else there is of it, found none
types:
  packet:
    -ferry-rules:
      - expect: header.packet_type != packet_type::invalid
        message: expected a type of packet, found 0
        field: header
      - expect: header.packet_type <= packet_type::vram
        message: a packet of type {header.packet_type.to_i} that is not known here; the driver passes over it
        severity: warning
        field: header
      - if: header.packet_type == packet_type::descriptor or header.packet_type == packet_type::trailer
        expect: header.tile_id == 0 and header.gt_id == 0 and header.offset == 0
        message: expected tile 0, GT 0 and offset 0, found {header.tile_id}, {header.gt_id} and {header.offset}
        field: header
      - if: header.packet_type == packet_type::trailer
        expect: header.size == 0
        message: expected no payload in the trailer, found {header.size} bytes
        field: header
      - if: header.packet_type == packet_type::descriptor or header.packet_type == packet_type::guc
        expect: header.size % 4 == 0
        message: expected a multiple of 4 bytes, found {header.size}
        field: header
      - if: header.packet_type == packet_type::ggtt
        expect: header.size % 8 == 0
        message: expected entries of 8 bytes, found {header.size} bytes
        field: header
      - if: header.packet_type == packet_type::mmio
        expect: header.size == 16
        message: expected 16 bytes, found {header.size}
        field: header
      - if: header.packet_type == packet_type::vram
        expect: header.size <= 0x20000000
        message: expected at most 512 MiB, found {header.size} bytes
        severity: warning
        field: header
    seq:
      - id: header
        type: header
      - id: payload
        size: header.size
        type:
          switch-on: header.packet_type
          cases:
            packet_type::descriptor: descriptor
            packet_type::ggtt: translation_table
            packet_type::mmio: registers
  header:
    seq:
      - id: version
        type: u1
        valid: 1
      - id: packet_type
        type: u1
        enum: packet_type
      - id: tile_id
        type: u1
      - id: gt_id
        type: u1
      - id: flags
        type: u4
        valid: 0
        -ferry-hex: true
      - id: offset
        doc: Where the payload belongs, in bytes.
        type: u8
      - id: size
        doc: The number of bytes of the payload.
        type: u8
  descriptor:
    -ferry-rules:
      - expect: devices == 1 and revisions == 1
        message: expected a device and a revision ID, found {devices} and {revisions}; the target is not matched then
        severity: warning
    seq:
      - id: values
        type: value
        repeat: eos
        -ferry-items:
          - count: devices
            if: _.key == key::devid
          - count: revisions
            if: _.key == key::revid
  value:
    -ferry-rules:
      - if: key == key::devid or key == key::revid
        expect: length == 1
        message: expected one word, found {length}
        field: length
      - expect: key == key::devid or key == key::revid
        message: a key {#key} that is not known here; the driver passes over it
        severity: note
        field: key
    seq:
      - id: length
        doc: In units of four bytes.
        type: u2
      - id: key
        type: u2
        enum: key
        -ferry-hex: true
      - id: words
        type: u4
        repeat: expr
        repeat-expr: length
        -ferry-hex: true
  translation_table:
    seq:
      - id: entries
        doc: Page table entries, without the number of the virtual function.
        type: u8
        repeat: eos
        -ferry-hex: true
  registers:
    seq:
      - id: sw_flags
        doc: Registers by which the guest's driver and the firmware talk.
        type: u4
        repeat: eos
        -ferry-hex: true
enums:
  packet_type:
    0: invalid
    1:
      id: descriptor
      doc: Which device the state is of.
    2:
      id: trailer
      doc: The end of the state.
    3:
      id: ggtt
      doc: The function's page table entries for the device's address space.
    4:
      id: mmio
      doc: Registers by which the function's driver and the firmware exchange messages.
    5:
      id: guc
      doc: What the microcontroller knows of the function; opaque.
    6:
      id: vram
      doc: A piece of the function's local memory.
  key:
    0xf001:
      id: devid
      doc: The PCI device ID; the driver refuses another (ENODEV).
    0xf002:
      id: revid
      doc: The PCI revision; the driver refuses another (ENODEV).
