meta:
  id: nvme_tp4159
  title: State of an NVMe controller, as NVMe 2.1 (TP4159) has it
  license: BSD-2-Clause
  ks-version: "0.11"
  endian: le
doc: |
  What an NVMe controller gives for the command Migration Receive: a header, the state that the specification defines, which is
  that of the I/O queues, and the vendor's own. Sizes are in units of four bytes.
doc-ref: https://nvmexpress.org/specifications/ NVM Express Base Specification 2.1, Migration Receive
-ferry-name: nvme-tp4159
-ferry-drivers: [nvme_vfio_pci]
-ferry-detect:
  - type: beginning
    if: ver == 0 and csattr <= 1 and reserved.max == 0 and nvmecss_high == 0 and vss_high == 0 and nvmecss >= 2 and 48 + (nvmecss + vss) * 4 == _io.size and nvmecss == 2 + (niosq + niocq) * 6
    certainty: certain
    reason: has the header of NVMe controller state, and lengths that agree with its queues and in all
-ferry-rules:
  - expect: (csattr & 1) == 1
    message: expected state of a suspended controller, found that of a running one
    field: csattr
seq:
  - id: ver
    type: u2
    valid: 0
  - id: csattr
    doc: Bit 0 is set where the controller was suspended.
    type: u1
    valid:
      max: 1
    -ferry-severity: warning
  - id: reserved
    size: 13
    valid: "[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]"
    -ferry-severity: warning
  - id: nvmecss
    doc: The length of the controller state in units of four bytes, a number of 128 bits.
    type: u8
  - id: nvmecss_high
    type: u8
    valid: 0
  - id: vss
    doc: The length of the vendor's own state in units of four bytes, a number of 128 bits.
    type: u8
  - id: vss_high
    type: u8
    valid: 0
  - id: nvmecs
    size: nvmecss * 4
    type: controller_state
  - id: vendor_specific
    doc: Means something to controllers of the same vendor.
    size: vss * 4
types:
  beginning:
    seq:
      - id: ver
        type: u2
        valid: 0
      - id: csattr
        doc: Bit 0 is set where the controller was suspended.
        type: u1
        valid:
          max: 1
        -ferry-severity: warning
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
  controller_state:
    -ferry-rules:
      - expect: _io.eof
        message: expected the queues to fill the controller's state, found {_io.size - _io.pos} bytes behind them
    seq:
      - id: ver
        type: u2
        valid: 0
      - id: niosq
        doc: The number of I/O submission queues.
        type: u2
      - id: niocq
        doc: The number of I/O completion queues.
        type: u2
      - id: reserved
        type: u2
        valid: 0
        -ferry-severity: warning
      - id: submission_queues
        type: submission_queue
        repeat: expr
        repeat-expr: niosq
        -ferry-items:
          - unique: _.qid
            message: expected each submission queue once, found {_.qid} again
          - refers: _.cqid
            to: completion_queues
            if: _.cqid != 0
            message: expected the completion queue {_.cqid} of submission queue {_.qid} among the completion queues, found none
      - id: completion_queues
        type: completion_queue
        repeat: expr
        repeat-expr: niocq
        -ferry-items:
          - id: completion_queues
            unique: _.qid
            message: expected each completion queue once, found {_.qid} again
  submission_queue:
    -ferry-rules:
      - expect: head <= qsize and tail <= qsize
        message: expected head and tail within the queue of size {qsize}, found {head} and {tail}
      - if: contiguous == 1
        expect: prp1 % 4096 == 0
        message: expected a contiguous queue to begin with a page, found {#prp1}
        severity: warning
        field: prp1
      - expect: reserved_attributes == 0 and reserved.max == 0
        message: expected zeros in what is reserved, found others
        severity: warning
    seq:
      - id: prp1
        doc: Address of the queue, or of its page list, in the guest's memory.
        type: u8
        -ferry-hex: true
      - id: qsize
        doc: The number of entries, less one; two are the least.
        type: u2
        valid:
          min: 1
      - id: qid
        type: u2
        valid:
          min: 1
      - id: cqid
        doc: The completion queue.
        type: u2
        valid:
          min: 1
      - id: contiguous
        type: b1le
      - id: priority
        type: b2le
        enum: priority
      - id: reserved_attributes
        type: b13le
      - id: head
        type: u2
      - id: tail
        type: u2
      - id: reserved
        size: 4
  completion_queue:
    -ferry-rules:
      - expect: head <= qsize and tail <= qsize
        message: expected head and tail within the queue of size {qsize}, found {head} and {tail}
      - if: contiguous == 1
        expect: prp1 % 4096 == 0
        message: expected a contiguous queue to begin with a page, found {#prp1}
        severity: warning
        field: prp1
      - expect: reserved_attributes == 0 and reserved.max == 0
        message: expected zeros in what is reserved, found others
        severity: warning
    seq:
      - id: prp1
        doc: Address of the queue, or of its page list, in the guest's memory.
        type: u8
        -ferry-hex: true
      - id: qsize
        doc: The number of entries, less one; two are the least.
        type: u2
        valid:
          min: 1
      - id: qid
        type: u2
        valid:
          min: 1
      - id: head
        type: u2
      - id: tail
        type: u2
      - id: contiguous
        type: b1le
      - id: interrupts_enabled
        type: b1le
      - id: phase
        type: b1le
      - id: reserved_attributes
        type: b13le
      - id: vector
        doc: The interrupt vector.
        type: b16le
      - id: reserved
        size: 4
enums:
  priority:
    0: urgent
    1: high
    2: medium
    3: low
