meta:
  id: igb
  title: State of a function of an emulated Intel 82576
  license: BSD-2-Clause
  ks-version: "0.11"
  endian: le
doc: |
  What igb_vfio_pci, a driver outside of the kernel for the igb device that an extended QEMU emulates, passes on: a
  structure of 1024 bytes that the device itself writes and checks. Some revisions of it have 528 bytes under the same version
  number, without receive addresses and transmit contexts. A device of 1024 bytes moves the state to the number of the
  function that takes it; one of 528 takes a state of its own number only.
doc-ref: https://github.com/legoater/vfio-pci-extras the driver
-ferry-name: igb
-ferry-drivers: [igb_vfio_pci]
-ferry-detect:
  - type: head
    if: magic == 0x4d494742
    certainty: certain
    reason: begins with the magic "MIGB"
-ferry-rules:
  - if: _io.size == 528
    expect: "false"
    message: found 528 bytes, a device's of registers alone or a state that was cut there; other devices refuse it
    severity: warning
  - expect: "num_regs == (_io.size == 528 ? 59 : 62)"
    message: "expected all {_io.size == 528 ? 59 : 62} registers of a function, found {num_regs}; what is missing stays as the device has it"
    field: num_regs
  - if: _io.size > 528
    expect: regs_elsewhere == 0
    message: "expected registers of function {vfn}, found {regs_elsewhere} others, for which a device refuses the state"
    field: regs
  - if: _io.size == 528
    expect: regs_misplaced == 0
    message: "expected the registers of function {vfn} in the device's order, found {regs_misplaced} others, for which it refuses the state"
    field: regs
  - expect: regs_beyond == 0
    message: "expected zeros behind the {num_regs} registers, found others"
    field: regs
    severity: warning
  - if: _io.size > 528
    expect: num_ra <= 48
    message: "expected at most 48 registers of receive addresses, found {num_ra}"
    field: num_ra
  - if: _io.size > 528 and num_ra <= 48
    expect: ra_elsewhere == 0
    message: "expected registers of receive addresses (0x1500 to 0x151f, 0x1538 to 0x1547), found {ra_elsewhere} others, which a device writes unseen"
    field: ra
  - if: _io.size > 528
    expect: ra_of_others == 0
    message: "expected addresses that are valid and in the pool of function {vfn}, found {ra_of_others} others, which a device would take into the pool"
    field: ra
  - if: _io.size > 528
    expect: ra_beyond == 0
    message: "expected zeros behind the {num_ra} registers of receive addresses, found others"
    field: ra
    severity: warning
seq:
  - id: magic
    type: u4
    valid: 0x4d494742
    -ferry-hex: true
  - id: version
    type: u4
    valid: 1
  - id: vfn
    doc: The number of the function that the state is of; the device has eight.
    type: u4
    valid:
      max: 7
    -ferry-severity: warning
  - id: num_regs
    type: u4
  - id: regs
    type: reg
    repeat: expr
    repeat-expr: 64
    -ferry-items:
      - unique: _.offset
        if: _index < num_regs and (_.offset != 0 or _.value != 0)
        message: "expected each register once, found {#_.offset} again"
      # Those that the host sees of the function's own, in 0x10000 of each; seven that each function
      # has one of; the throttles of three vectors, from the last vector down; and the receive and
      # transmit rings of queues n and n + 8.
      - count: regs_elsewhere
        if: >-
          _io.size > 528 and _index < num_regs
          and not (_.offset >= 0x4000 + 0x40 * vfn and _.offset <= 0x4020 + 0x40 * vfn
            and (0x10017bf71 >> (_.offset - 0x4000 - 0x40 * vfn)) & 1 == 1)
          and not (_.offset == 0x300 + vfn or _.offset == 0x310 + vfn or _.offset == 0xdc0 + vfn
            or _.offset == 0x1520 + vfn or _.offset == 0x16b4 + vfn or _.offset == 0x45c0 + vfn
            or _.offset == 0x45c8 + vfn)
          and not (_.offset + 3 * vfn >= 0x5b6 and _.offset + 3 * vfn <= 0x5b8)
          and not ((_.offset >> 4 == 0x300 + vfn or _.offset >> 4 == 0x308 + vfn)
            and (0x147f >> (_.offset & 15)) & 1 == 1)
          and not ((_.offset >> 4 == 0x380 + vfn or _.offset >> 4 == 0x388 + vfn)
            and (0xc477 >> (_.offset & 15)) & 1 == 1)
      - count: regs_misplaced
        if: >-
          _io.size == 528 and _index < 59 and _.offset !=
          (_index < 13 ? 0x4000 + 0x40 * vfn + [0, 8, 10, 32, 4, 5, 6, 13, 15, 16, 17, 18, 20][_index]
          : _index < 20 ? vfn + (_index == 13 ? 0x310 : _index == 14 ? 0x300 : _index == 15 ? 0x16b4
            : _index == 16 ? 0xdc0 : _index == 17 ? 0x1520 : _index == 18 ? 0x45c0 : 0x45c8)
          : _index < 23 ? 0x5b6 - 20 + _index - 3 * vfn
          : (_index - 23) % 18 < 9
            ? 0x3000 + 0x10 * (vfn + 8 * ((_index - 23) / 18))
              + [0, 1, 2, 3, 4, 6, 10, 5, 12][(_index - 23) % 18]
            : 0x3800 + 0x10 * (vfn + 8 * ((_index - 23) / 18))
              + [0, 1, 2, 4, 6, 10, 5, 14, 15][(_index - 23) % 18 - 9])
      - count: regs_beyond
        if: _index >= num_regs and (_.offset != 0 or _.value != 0)
  - id: num_ra
    doc: How many registers of receive addresses follow, two for each address.
    type: u4
    if: _io.size > 528
  - id: ra
    doc: |
      The addresses that the function receives, in the places that they have among the device's: of each the lower register
      and then the upper one, in which bit 31 says that it is valid and a bit from 18 on for each function whose it is.
    type: reg
    repeat: expr
    repeat-expr: 48
    if: _io.size > 528
    -ferry-items:
      - count: ra_elsewhere
        if: _index < num_ra and (_.offset < 0x1500 or (_.offset > 0x151f and _.offset < 0x1538) or _.offset > 0x1547)
      - unique: _.offset >> 1
        id: lower
        if: _index < num_ra and _.offset & 1 == 0 and _.offset != 0
        message: "expected each register once, found {#_.offset} again"
      - unique: _.offset >> 1
        id: upper
        if: _index < num_ra and _.offset & 1 == 1
        message: "expected each register once, found {#_.offset} again"
      - refers: _.offset >> 1
        to: upper
        if: _index < num_ra and _.offset & 1 == 0 and _.offset != 0
        message: "expected both registers of an address, found {#_.offset} alone"
      - refers: _.offset >> 1
        to: lower
        if: _index < num_ra and _.offset & 1 == 1
        message: "expected both registers of an address, found {#_.offset} alone"
      - count: ra_of_others
        if: _index < num_ra and _.offset & 1 == 1 and (_.value >> 31 == 0 or (_.value >> (18 + vfn)) & 1 == 0)
      - count: ra_beyond
        if: _index >= num_ra and (_.offset != 0 or _.value != 0)
  - id: num_tx_ctx
    type: u4
    valid: 2
    if: _io.size > 528
  - id: tx_ctx
    type: tx_context
    repeat: expr
    repeat-expr: 2
    if: _io.size > 528
  - id: vfre
    doc: Whether the function may receive, of the register VFRE.
    type: u4
    valid:
      max: 1
    -ferry-severity: warning
    if: _io.size > 528
  - id: vfte
    doc: Whether the function may transmit, of the register VFTE.
    type: u4
    valid:
      max: 1
    -ferry-severity: warning
    if: _io.size > 528
types:
  head:
    doc: The start of a state, by which it is told.
    seq:
      - id: magic
        type: u4
  reg:
    seq:
      - id: offset
        doc: The register's address divided by four.
        type: u4
        -ferry-hex: true
      - id: value
        type: u4
        -ferry-hex: true
  tx_context:
    seq:
      - id: ctx_desc
        doc: The two context descriptors that the queue has seen.
        type: u4
        repeat: expr
        repeat-expr: 8
        -ferry-hex: true
      - id: first_cmd_type_len
        type: u4
        -ferry-hex: true
      - id: first_olinfo_status
        type: u4
        -ferry-hex: true
      - id: first
        type: u4
      - id: skip_cp
        type: u4
