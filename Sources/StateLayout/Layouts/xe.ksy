meta:
  id: xe
  title: State of an Intel graphics function
  license: BSD-2-Clause
  ks-version: "0.11"
  endian: le
doc: |
  What xe_vfio_pci hands out for a virtual function: packets, the descriptor first, then for each GT of each tile the state of its
  microcontroller (GuC), the address table (GGTT), registers and local memory, and a trailer. Packets of different GTs may be
  mixed. Local memory is most of it, up to the function's whole.
doc-ref:
  - https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/drivers/gpu/drm/xe/xe_sriov_packet.c the packets
  - https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/drivers/gpu/drm/xe/abi/xe_driver_klvs_abi.h keys of the descriptor
-ferry-name: xe
-ferry-drivers: [xe_vfio_pci]
-ferry-detect:
  - type: opening
    if: hdr.version == 1 and hdr.type == packet_type::descriptor and hdr.tile_id == 0 and hdr.gt_id == 0 and hdr.flags == 0 and hdr.offset == 0 and hdr.size == 16 and len == 1 and key == klv_key::devid
    certainty: certain
    reason: begins with a descriptor that names the device
  - type: hdr
    if: version == 1 and type == packet_type::descriptor and tile_id == 0 and gt_id == 0 and flags == 0 and offset == 0 and size % 4 == 0 and size <= 4096
    certainty: likely
    reason: begins like a descriptor packet
-ferry-rules:
  - expect: packets.first.hdr.type == packet_type::descriptor
    message: "expected the descriptor first, found a packet of type {packets.first.hdr.type}"
    field: packets
  - expect: descriptor_count == 1
    message: "expected one descriptor, found {descriptor_count}"
    field: packets
seq:
  - id: packets
    type: packet
    repeat: until
    repeat-until: _.hdr.type == packet_type::trailer
    -ferry-items:
      - count: descriptor_count
        if: _.hdr.type == packet_type::descriptor
      - ascending: "_.hdr.type == packet_type::guc ? 0 : _.hdr.type == packet_type::ggtt ? 1 : _.hdr.type == packet_type::mmio ? 2 : 3"
        by: _.hdr.tile_id * 256 + _.hdr.gt_id
        if: _.hdr.type >= packet_type::ggtt and _.hdr.type <= packet_type::vram
        severity: warning
        message: "expected GuC state, GGTT, registers and local memory of a GT in this order, found type {_.hdr.type} too late for tile {_.hdr.tile_id}, GT {_.hdr.gt_id}"
      - unique: (_.hdr.type * 256 + _.hdr.tile_id) * 256 + _.hdr.gt_id
        if: _.hdr.type >= packet_type::ggtt and _.hdr.type <= packet_type::guc
        severity: warning
        message: "expected one packet of type {_.hdr.type} for tile {_.hdr.tile_id}, GT {_.hdr.gt_id}, found another"
      - ascending: _.hdr.offset
        by: _.hdr.tile_id * 256 + _.hdr.gt_id
        if: _.hdr.type == packet_type::vram
        severity: warning
        message: "expected local memory in the order of its offsets, found {#_.hdr.offset} behind a higher one"
types:
  packet:
    -ferry-rules:
      - if: hdr.type == packet_type::invalid
        expect: "false"
        message: expected a type of packet, found 0
        field: hdr
      - if: hdr.type > packet_type::vram
        expect: "false"
        message: "found a packet of type {hdr.type}, which is not known; the driver skips it"
        field: hdr
        severity: note
      - if: hdr.type == packet_type::descriptor or hdr.type == packet_type::trailer
        expect: hdr.tile_id == 0 and hdr.gt_id == 0 and hdr.offset == 0
        message: "expected tile 0, GT 0 and offset 0, found {hdr.tile_id}, {hdr.gt_id} and {hdr.offset}"
        field: hdr
      - if: hdr.type == packet_type::trailer
        expect: hdr.size == 0
        message: "expected a trailer without payload, found {hdr.size} bytes"
        field: hdr
      - if: hdr.type == packet_type::mmio
        expect: hdr.size == 16
        message: "expected four registers, 16 bytes, found {hdr.size}"
        field: hdr
      - if: hdr.type == packet_type::guc or hdr.type == packet_type::descriptor
        expect: hdr.size % 4 == 0
        message: "expected whole words of 4 bytes, found {hdr.size} bytes"
        field: hdr
      - if: hdr.type == packet_type::ggtt
        expect: hdr.size % 8 == 0
        message: "expected whole entries of 8 bytes, found {hdr.size} bytes"
        field: hdr
      - if: hdr.type == packet_type::vram
        expect: hdr.size > 0 and hdr.size <= 0x20000000
        message: "expected up to 512 MiB of local memory, found {hdr.size} bytes"
        field: hdr
        severity: warning
    seq:
      - id: hdr
        type: hdr
      - id: data
        size: hdr.size
        type:
          switch-on: hdr.type
          cases:
            packet_type::descriptor: descriptor
            packet_type::ggtt: ggtt
            packet_type::mmio: mmio
  hdr:
    doc: struct xe_sriov_packet_hdr of the driver.
    seq:
      - id: version
        type: u1
        valid: 1
      - id: type
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
        doc: Of local memory, the position of the payload's first byte.
        type: u8
        -ferry-hex: true
      - id: size
        doc: Bytes of payload.
        type: u8
  descriptor:
    -ferry-rules:
      - expect: devid_count == 1 and revid_count == 1
        message: "expected one device ID and one revision, found {devid_count} and {revid_count}; without them a target cannot tell whether the state is its own"
        severity: warning
    seq:
      - id: klvs
        type: klv
        repeat: eos
        -ferry-items:
          - count: devid_count
            if: _.key == klv_key::devid
          - count: revid_count
            if: _.key == klv_key::revid
  klv:
    doc: A key, a length, and words.
    -ferry-rules:
      - if: key == klv_key::devid or key == klv_key::revid
        expect: len == 1
        message: "expected one word, found {len}"
        field: len
      - if: key != klv_key::devid and key != klv_key::revid
        expect: "false"
        message: "found the key {#key}, which is not known; the driver ignores it"
        field: key
        severity: note
    seq:
      - id: len
        doc: Words of the value; the low half of the first word.
        type: u2
      - id: key
        type: u2
        enum: klv_key
        -ferry-hex: true
      - id: value
        size: len * 4
        type: words
  words:
    seq:
      - id: words
        type: u4
        repeat: eos
        -ferry-hex: true
  ggtt:
    seq:
      - id: ptes
        doc: Entries of the function's part of the table, one for each 4 KiB, without the function's number (bits 2 to 11).
        type: u8
        repeat: eos
        -ferry-hex: true
  mmio:
    seq:
      - id: vf_sw_flags
        doc: VF_SW_FLAG, or MED_VF_SW_FLAG of a media GT.
        type: u4
        repeat: eos
        -ferry-hex: true
  opening:
    doc: The start of a state, by which it is told.
    seq:
      - id: hdr
        type: hdr
      - id: len
        type: u2
      - id: key
        type: u2
        enum: klv_key
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
  klv_key:
    0xf001:
      id: devid
      doc: The PCI device ID; the driver refuses another (ENODEV).
    0xf002:
      id: revid
      doc: The PCI revision; the driver refuses another (ENODEV).
