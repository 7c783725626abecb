meta:
  id: mtty
  title: State of an mtty device, the kernel's sample of a serial card
  license: BSD-2-Clause
  endian: le
doc: |
  What samples/vfio-mdev/mtty.c hands out: a header of 24 bytes, which is all of the pre-copy data, then the ports. The
  structures are the host's own, so the integers are little-endian on every machine that the driver is used on.
-ferry-name: mtty
-ferry-drivers: [mtty]
-ferry-detect:
  - type: header
    if: magic == 0x7e9d09898c3e2c4e
    certainty: certain
    reason: begins with the magic of mtty
seq:
  - id: header
    type: header
  - id: ports
    doc: One for each serial port; a stream that was cut after pre-copy has none.
    type: port
    repeat: expr
    repeat-expr: header.nr_ports
types:
  header:
    seq:
      - id: magic
        type: u8
        valid: 0x7e9d09898c3e2c4e
        -ferry-hex: true
      - id: major_ver
        doc: The driver takes no other version than its own.
        type: u4
        valid: 1
      - id: minor_ver
        type: u4
        valid: 0
      - id: nr_ports
        doc: The number of ports; the target must have as many.
        type: u4
        valid:
          min: 1
          max: 2
      - id: flags
        type: u4
        valid: 0
  port:
    -ferry-rules:
      - expect: (tail + count) % 16 == head
        message: "expected head to be tail plus count, modulo 16: head {head}, tail {tail}, count {count}"
        severity: warning
    seq:
      - id: uart_reg
        doc: Registers of the 8250, by their offset.
        type: u1
        repeat: expr
        repeat-expr: 8
      - id: fifo
        doc: Bytes sent and not yet received, a ring.
        size: 16
      - id: head
        doc: Where the next byte is put.
        type: u1
        valid:
          max: 15
      - id: tail
        doc: Where the next byte is taken from.
        type: u1
        valid:
          max: 15
      - id: count
        doc: The number of bytes in the FIFO.
        type: u1
        valid:
          max: 16
      - id: dlab
        doc: Whether the divisor latch is open.
        type: u1
        enum: truth
        valid:
          in-enum: true
      - id: overrun
        doc: Whether bytes were lost.
        type: u1
        enum: truth
        valid:
          in-enum: true
      - id: padding1
        doc: Whatever was in the driver's memory.
        size: 1
      - id: divisor
        doc: Of the clock of 115,200 baud.
        type: u2
      - id: fcr
        doc: FIFO control register.
        type: u1
        -ferry-hex: true
        -ferry-flags: fifo_control
      - id: max_fifo_size
        type: u1
        valid: 16
      - id: intr_trigger_level
        doc: The number of bytes that raises an interrupt; 0 until the FIFO control register is first written.
        type: u1
        valid:
          any-of: [0, 1, 4, 8, 14]
      - id: padding2
        size: 1
    enums:
      truth:
        0: "no"
        1: "yes"
      fifo_control:
        0x01: enable_fifo
        0x02: clear_receiver
        0x04: clear_transmitter
        0x08: dma_select
        0x40: trigger_4
        0x80: trigger_8
        0xc0: trigger_14
