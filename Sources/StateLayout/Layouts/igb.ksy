meta:
  id: igb
  title: State of an emulated igb virtual function
  license: BSD-2-Clause
  endian: le
doc: |
  What igb-vfio-pci (outside of the kernel) hands out for QEMU's igb. Early revisions of version 1 end after the registers, at
  528 bytes; later ones have 1024. The device moves the state to its own function number when it loads it.
-ferry-name: igb
-ferry-drivers: [igb_vfio_pci]
-ferry-detect:
  - type: beginning
    if: magic == 0x4d494742
    certainty: certain
    reason: begins with the magic MIGB
-ferry-rules:
  - if: _io.size == 528
    expect: "false"
    message: the short form, without receive addresses and transmit contexts
    severity: note
seq:
  - id: magic
    type: u4
    valid: 0x4d494742
    -ferry-hex: true
  - id: version
    type: u4
    valid: 1
  - id: vfn
    doc: The number of the virtual function.
    type: u4
    valid:
      max: 7
  - id: num_regs
    doc: How many of the registers are used.
    type: u4
    valid:
      max: 64
  - id: regs
    type: register
    repeat: expr
    repeat-expr: 64
  - id: extension
    doc: Not in the short form.
    type: extension
    if: not _io.eof
types:
  beginning:
    seq:
      - id: magic
        type: u4
  register:
    seq:
      - id: offset
        doc: In units of four bytes.
        type: u4
        -ferry-hex: true
      - id: value
        type: u4
        -ferry-hex: true
  extension:
    seq:
      - id: num_ra
        doc: How many of the receive addresses are used.
        type: u4
        valid:
          max: 48
      - id: ra
        type: receive_address
        repeat: expr
        repeat-expr: 48
      - id: num_tx_ctx
        type: u4
        valid: 2
      - id: tx_ctx
        type: transmit_context
        repeat: expr
        repeat-expr: 2
      - id: vfre
        doc: Whether the function receives.
        type: u4
      - id: vfte
        doc: Whether the function transmits.
        type: u4
  receive_address:
    seq:
      - id: low
        type: u4
        -ferry-hex: true
      - id: high
        type: u4
        -ferry-hex: true
  transmit_context:
    seq:
      - id: ctx_desc
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
