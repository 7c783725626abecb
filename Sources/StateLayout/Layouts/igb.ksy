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
  - expect: num_regs <= 64
    message: "expected at most 64 registers, found {num_regs}"
    field: num_regs
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
        severity: warning
        message: "expected each register once, found {#_.offset} again"
      - count: regs_beyond
        if: _index >= num_regs and (_.offset != 0 or _.value != 0)
  - id: num_ra
    doc: How many registers of receive addresses follow, two for each address.
    type: u4
    if: _io.size > 528
  - id: ra
    doc: The addresses that the function receives, in the places that they have among the device's.
    type: reg
    repeat: expr
    repeat-expr: 48
    if: _io.size > 528
    -ferry-items:
      - count: ra_elsewhere
        if: _index < num_ra and (_.offset < 0x1500 or (_.offset > 0x151f and _.offset < 0x1538) or _.offset > 0x1547)
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
    -ferry-hex: true
    if: _io.size > 528
  - id: vfte
    doc: Whether the function may transmit, of the register VFTE.
    type: u4
    -ferry-hex: true
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
