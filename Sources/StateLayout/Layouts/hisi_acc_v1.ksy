meta:
  id: hisi_acc_v1
  title: State of a HiSilicon accelerator's function, version 1
  license: BSD-2-Clause
  endian: le
doc: |
  What hisi_acc_vfio_pci of kernels without the second version hands out for the ZIP, SEC and HPRE accelerators: 40 bytes by
  which the target is matched, and 136 bytes of registers unless the guest's driver was not ready. The addresses of the
  event queues are computed wrongly, which is known: see the rule at the end.
-ferry-name: hisi_acc-v1
-ferry-drivers: [hisi_acc_vfio_pci]
-ferry-detect:
  - type: head
    if: acc_magic == 0xcdcdcdcdfeedaacc
    certainty: certain
    reason: begins with the magic of version 1
-ferry-rules:
  - expect: match.reserved.max == 0
    message: expected zeros in bytes 28 to 39, found others
    field: match
    severity: warning
  - if: match.vf_qm_state == 1
    expect: registers_size == 0
    message: expected no registers, because the queue manager is not ready, found {registers_size} bytes
    field: match
  - if: registers_size != 0
    expect: registers.qm_rsv_regs.max == 0 and registers.padding.max == 0
    message: expected zeros in what is reserved of the registers, found others
    field: registers
    severity: warning
  - if: match.vf_qm_state == 0 and registers_size == 0
    expect: "false"
    message: expected the registers, because the queue manager is ready, found none; state that was cut after pre-copy looks like this
    field: match
    severity: warning
  - if: registers_size != 0
    expect: registers.sqc_dma != 0 and registers.cqc_dma != 0
    message: expected two queue addresses, found one that is zero; the driver would load nothing and report success
    field: registers
  - if: registers_size != 0
    expect: registers.eqe_dma != 0 and registers.aeqe_dma != 0
    message: expected the addresses of both event queues, found one that is zero; a driver that takes version 2 may load nothing and report success, which translating the state to version 2 avoids
    field: registers
    severity: warning
  - if: registers_size != 0
    expect: registers.eqe_dma == ((registers.qm_eqc_dw[1] << 32) | registers.qm_eqc_dw[0])
    message: "expected the event queue's address as version 1 computes it, {#(registers.qm_eqc_dw[1] << 32) | registers.qm_eqc_dw[0]}, found {#registers.eqe_dma}"
    field: registers
    severity: warning
  - if: registers_size != 0
    expect: registers.aeqe_dma == ((registers.qm_aeqc_dw[1] << 32) | registers.qm_aeqc_dw[0])
    message: "expected the asynchronous event queue's address as version 1 computes it, {#(registers.qm_aeqc_dw[1] << 32) | registers.qm_aeqc_dw[0]}, found {#registers.aeqe_dma}"
    field: registers
    severity: warning
seq:
  - id: match
    doc: What the target is matched by, and all of the pre-copy data.
    type: head
  - id: registers
    doc: There unless the guest's driver was not ready.
    type: registers
    if: not _io.eof
instances:
  registers_size:
    value: _io.size - 40
types:
  head:
    seq:
      - id: acc_magic
        type: u8
        valid: 0xcdcdcdcdfeedaacc
        -ferry-hex: true
      - id: qp_num
        doc: Queue pairs; the target's function must have as many.
        type: u4
        valid:
          min: 1
      - id: dev_id
        doc: The PCI device ID of the function; the target's must be the same.
        type: u4
        enum: accelerator
        valid:
          in-enum: true
        -ferry-hex: true
      - id: que_iso_cfg
        doc: How the physical function isolates queues; the target's must be the same.
        type: u4
        -ferry-hex: true
      - id: qp_base
        type: u4
      - id: vf_qm_state
        doc: Read before the state is known where pre-copy was used, and then 0.
        type: u4
        enum: readiness
        valid:
          in-enum: true
      - id: reserved
        doc: Versions of the second layout, and reserved words.
        size: 12
  registers:
    seq:
      - id: aeq_int_mask
        type: u4
        -ferry-hex: true
      - id: eq_int_mask
        type: u4
        -ferry-hex: true
      - id: ifc_int_source
        type: u4
        -ferry-hex: true
      - id: ifc_int_mask
        type: u4
        -ferry-hex: true
      - id: ifc_int_set
        type: u4
        -ferry-hex: true
      - id: page_size
        type: u4
      - id: qm_eqc_dw
        doc: Context of the event queue, written to the hardware as it is.
        type: u4
        repeat: expr
        repeat-expr: 7
        -ferry-hex: true
      - id: qm_aeqc_dw
        doc: Context of the asynchronous event queue, written to the hardware as it is.
        type: u4
        repeat: expr
        repeat-expr: 7
        -ferry-hex: true
      - id: qm_rsv_regs
        type: u4
        repeat: expr
        repeat-expr: 5
        -ferry-hex: true
      - id: padding
        size: 4
      - id: eqe_dma
        doc: Address of the event queue as the driver computed it.
        type: u8
        -ferry-hex: true
      - id: aeqe_dma
        doc: Address of the asynchronous event queue as the driver computed it.
        type: u8
        -ferry-hex: true
      - id: sqc_dma
        doc: Address of the submission queue contexts in the guest's memory.
        type: u8
        -ferry-hex: true
      - id: cqc_dma
        doc: Address of the completion queue contexts in the guest's memory.
        type: u8
        -ferry-hex: true
enums:
  accelerator:
    0xa251: zip
    0xa256: sec
    0xa259: hpre
  readiness:
    0: ready
    1: not_ready
