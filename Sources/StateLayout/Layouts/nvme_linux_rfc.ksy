meta:
  id: nvme_linux_rfc
  title: State of an NVMe controller, as the Linux RFC of 2025 packs it
  license: BSD-2-Clause
  ks-version: "0.11"
  endian: le
  bit-endian: le
doc: |
  What nvme_vfio_pci of the patches of August 2025 hands out, which were not merged: the structures of TP4159 under other sizes.
  The two lengths have 16 bits, so that the header has 20 bytes where the specification has 48, and a completion queue's
  attributes have 16 bits, so that its interrupt vector is lost and it takes 22 bytes where the specification has 24. The
  driver takes at most 256 KiB; it hands out at most 1024 words each of the two kinds.
doc-ref:
  - https://lore.kernel.org/kvm/20250803024705.10256-1-kch@nvidia.com/ the patches; struct nvme_lm_ctrl_state, nvme_lm_nvme_cs_v0_state, nvme_lm_iosq_state and nvme_lm_iocq_state of include/linux/nvme.h
  - https://lore.kernel.org/kvm/20250803024705.10256-5-kch@nvidia.com/ the driver's use of them, and its limits
-ferry-name: nvme-linux-rfc
-ferry-drivers: [nvme_vfio_pci]
-ferry-detect:
  - type: opening
    if: version == 0 and csattr <= 1 and reserved.max == 0 and nvmecss >= 2 and (nvmecss + vss) * 4 + 20 == _io.size and 8 + niosq * 24 + niocq * 22 <= nvmecss * 4 and 8 + niosq * 24 + niocq * 22 + 4 > nvmecss * 4
    certainty: likely
    reason: has the header of a controller's state as the Linux RFC packs it, whose sizes agree with its queues and with the length in all
seq:
  - id: version
    type: u2
    valid: 0
  - id: suspended
    doc: Whether the controller was suspended while its state was read (csattr).
    type: b1
    valid: 1
  - id: csattr_reserved
    type: b7
    valid: 0
    -ferry-severity: warning
  - id: rsvd
    size: 13
    -ferry-padding: true
  - id: nvmecss
    doc: Words of 4 bytes of NVMe controller state.
    type: u2
    valid:
      max: 1024
  - id: vss
    doc: Words of 4 bytes of vendor specific state.
    type: u2
    valid:
      max: 1024
  - id: nvmecs
    doc: NVMe controller state.
    size: nvmecss * 4
    type: controller_state
    if: nvmecss != 0
  - id: vsd
    doc: Vendor specific state, which only a controller of the same vendor and format reads.
    size: vss * 4
-ferry-rules:
  - expect: rsvd.max == 0
    message: expected zeros in what is reserved, found others
    field: rsvd
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
        valid: 0
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
      - id: padding
        doc: Up to a whole number of words, which an odd number of completion queues needs.
        size: (niosq * 24 + niocq * 22) % 4
        -ferry-padding: true
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
      - id: reserved
        type: u4
  opening:
    doc: The start of a state, by which it is told.
    seq:
      - id: version
        type: u2
      - id: csattr
        type: u1
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
enums:
  priority:
    0: urgent
    1: high
    2: medium
    3: low
