meta:
  id: nvme_linux_rfc
  title: State of an NVMe controller, as a proposal for Linux packed it
  license: BSD-2-Clause
  ks-version: "0.11"
  endian: le
doc: |
  What the vfio-nvme driver of the RFC series of August 2025 would hand out: the state of TP4159 in a packing of its own, with
  sizes of 16 bits and completion queues of 22 bytes that have no interrupt vector. The structures are those of
  include/linux/nvme.h in that series. It was never merged.
doc-ref:
  - https://lore.kernel.org/kvm/20250803024705.10256-1-kch@nvidia.com/ the patches; struct nvme_lm_ctrl_state, nvme_lm_nvme_cs_v0_state, nvme_lm_iosq_state and nvme_lm_iocq_state of include/linux/nvme.h
  - https://lore.kernel.org/kvm/20250803024705.10256-5-kch@nvidia.com/ the driver's use of them, and its limits
-ferry-name: nvme-linux-rfc
-ferry-drivers: [nvme_vfio_pci]
-ferry-detect:
  - type: beginning
    if: ver == 0 and csattr <= 1 and reserved.max == 0 and nvmecss >= 2 and nvmecss <= 1024 and vss <= 1024 and 20 + (nvmecss + vss) * 4 == _io.size and nvmecss == (11 + niosq * 24 + niocq * 22) / 4
    certainty: likely
    reason: has the header of the packing that was proposed for Linux, and lengths that agree with its queues and in all
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
    doc: The length of the controller state in units of four bytes.
    type: u2
    valid:
      max: 1024
  - id: vss
    doc: The length of the vendor's own state in units of four bytes.
    type: u2
    valid:
      max: 1024
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
        type: u2
      - id: vss
        type: u2
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
      - id: padding
        doc: To whole units of four bytes.
        size: (4 - _io.pos % 4) % 4
        -ferry-padding: true
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
      - id: reserved
        size: 4
enums:
  priority:
    0: urgent
    1: high
    2: medium
    3: low
