meta:
  id: nvme_tp4159
  title: State of an NVMe controller, per TP4159
  license: BSD-2-Clause
  ks-version: "0.11"
  endian: le
  bit-endian: le
doc: |
  The Controller State data structure that the Migration Receive command returns, as technical proposal 4159 defined it and NVM
  Express 2.1 took it over: a header, the I/O queues, and what the vendor adds. It has neither the admin queue nor features,
  namespaces or logs. No driver of the mainline kernel hands it out.
doc-ref: https://nvmexpress.org/specifications/ NVM Express Base Specification 2.1, Migration Receive
-ferry-name: nvme-tp4159
-ferry-detect:
  - type: opening
    if: ver <= 1 and csattr <= 1 and reserved.max == 0 and nvmecss_high == 0 and vss_high == 0 and nvmecss >= 2 and nvmecss <= 0x10000000 and vss <= 0x10000000 and (nvmecss + vss) * 4 + 48 == _io.size and (niosq + niocq) * 6 + 2 == nvmecss
    certainty: likely
    reason: has the header of a controller's state, whose sizes agree with its queues and with the length in all
seq:
  - id: ver
    type: u2
    valid:
      max: 1
    -ferry-severity: warning
  - id: suspended
    doc: Whether the controller was suspended while its state was read (CSATTR).
    type: b1
    valid: 1
  - id: csattr_reserved
    type: b7
    valid: 0
    -ferry-severity: warning
  - id: reserved
    size: 13
    -ferry-padding: true
  - id: nvmecss
    doc: Words of 4 bytes of NVMe controller state; the low half of 128 bits.
    type: u8
  - id: nvmecss_high
    type: u8
    valid: 0
  - id: vss
    doc: Words of 4 bytes of vendor specific state; the low half of 128 bits.
    type: u8
  - id: vss_high
    type: u8
    valid: 0
  - id: nvmecs
    doc: NVMe controller state.
    size: nvmecss * 4
    type: controller_state
    if: nvmecss != 0
  - id: vs
    doc: Vendor specific state, which only a controller of the same vendor and format reads.
    size: vss * 4
-ferry-rules:
  - expect: reserved.max == 0
    message: expected zeros in what is reserved, found others
    field: reserved
    severity: warning
  - expect: nvmecss != 0
    message: expected the state of queues, found none
    field: nvmecss
    severity: warning
types:
  controller_state:
    -ferry-rules:
      - expect: reserved == 0
        message: "expected zero, found {#reserved}"
        field: reserved
        severity: warning
    seq:
      - id: ver
        type: u2
        valid:
          max: 1
        -ferry-severity: warning
      - id: niosq
        doc: I/O submission queues.
        type: u2
      - id: niocq
        doc: I/O completion queues.
        type: u2
      - id: reserved
        type: u2
        -ferry-hex: true
      - id: iosq
        type: submission_queue
        repeat: expr
        repeat-expr: niosq
        -ferry-items:
          - unique: _.qid
            message: "expected each submission queue once, found {_.qid} again"
      - id: iocq
        type: completion_queue
        repeat: expr
        repeat-expr: niocq
        -ferry-items:
          - unique: _.qid
            message: "expected each completion queue once, found {_.qid} again"
  submission_queue:
    -ferry-rules:
      - expect: head <= qsize and tail <= qsize
        message: "expected head and tail in the queue of size {qsize}, found {head} and {tail}"
      - if: pc == 1
        expect: prp1 % 4096 == 0
        message: "expected a contiguous queue to begin with a page, found {#prp1}"
        field: prp1
        severity: warning
      - expect: attr_reserved == 0 and reserved == 0
        message: expected zeros in what is reserved, found others
        severity: warning
    seq:
      - id: prp1
        doc: The queue's address where it is contiguous, else that of a list of its pages.
        type: u8
        -ferry-hex: true
      - id: qsize
        doc: Entries of the queue.
        type: u2
      - id: qid
        doc: From 1; the admin queue is not part of the state.
        type: u2
        valid:
          min: 1
      - id: cqid
        doc: The completion queue that it reports to.
        type: u2
        valid:
          min: 1
      - id: pc
        doc: Physically contiguous.
        type: b1
      - id: qprio
        type: b2
        enum: priority
      - id: attr_reserved
        type: b13
      - id: head
        type: u2
      - id: tail
        type: u2
      - id: reserved
        type: u4
  completion_queue:
    -ferry-rules:
      - expect: head <= qsize and tail <= qsize
        message: "expected head and tail in the queue of size {qsize}, found {head} and {tail}"
      - if: pc == 1
        expect: prp1 % 4096 == 0
        message: "expected a contiguous queue to begin with a page, found {#prp1}"
        field: prp1
        severity: warning
      - expect: attr_reserved == 0 and reserved == 0
        message: expected zeros in what is reserved, found others
        severity: warning
    seq:
      - id: prp1
        doc: The queue's address where it is contiguous, else that of a list of its pages.
        type: u8
        -ferry-hex: true
      - id: qsize
        doc: Entries of the queue.
        type: u2
      - id: qid
        type: u2
        valid:
          min: 1
      - id: head
        type: u2
      - id: tail
        type: u2
      - id: pc
        doc: Physically contiguous.
        type: b1
      - id: ien
        doc: Whether it raises interrupts.
        type: b1
      - id: s0pt
        doc: The phase tag of its first entry.
        type: b1
      - id: attr_reserved
        type: b13
      - id: iv
        doc: The interrupt vector.
        type: b16
      - id: reserved
        type: u4
  opening:
    doc: The start of a state, by which it is told.
    seq:
      - id: ver
        type: u2
      - id: csattr
        type: u1
      - id: reserved
        size: 13
      - id: nvmecss
        type: u8
      - id: nvmecss_high
        type: u8
      - id: vss
        type: u8
      - id: vss_high
        type: u8
      - id: nvmecs_ver
        type: u2
      - id: niosq
        type: u2
      - id: niocq
        type: u2
enums:
  priority:
    0: urgent
    1: high
    2: medium
    3: low
