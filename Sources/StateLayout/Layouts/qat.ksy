meta:
  id: qat
  title: State of an Intel QAT function
  license: BSD-2-Clause
  ks-version: "0.11"
  endian: le
doc: |
  What qat_vfio_pci hands out for a virtual function of the fourth generation, and in the same form of the sixth: 4096 bytes
  with two blobs of nested sections, and zeros behind them. The first blob, which is all of the pre-copy data, says what the
  device can do; the second has its registers. Sections are found by their names, in any order.
doc-ref:
  - https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/drivers/crypto/intel/qat/qat_common/adf_mstate_mgr.c blobs and sections
  - https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/drivers/crypto/intel/qat/qat_common/adf_gen4_vf_mig.c what they hold
-ferry-name: qat
-ferry-drivers: [qat_vfio_pci]
-ferry-detect:
  - type: preh
    if: magic == 0xadf5caea
    certainty: certain
    reason: begins with the magic of a blob of the driver
-ferry-rules:
  - expect: setup.preamble.size == 74
    message: "expected 90 bytes of setup, as drivers of version 1 write, found {setup.preamble.size + 16}"
    field: setup
    severity: warning
  - expect: rest.length == 0 or rest.max == 0
    message: expected zeros behind the blobs, found others
    field: rest
    severity: warning
seq:
  - id: setup
    doc: What the target must be able to do.
    type: setup_blob
  - id: state
    doc: Registers, and what the physical function knows of the virtual one.
    type: state_blob
  - id: rest
    doc: Zeros; a state has 4096 bytes, though no driver insists.
    size: 4096 - _io.pos
    -ferry-padding: true
types:
  setup_blob:
    seq:
      - id: preamble
        type: preh
      - id: sections
        size: preamble.size
        type: setup_sections
  state_blob:
    seq:
      - id: preamble
        type: preh
      - id: sections
        size: preamble.size
        type: state_sections
  preh:
    doc: struct adf_mstate_preh of the driver.
    seq:
      - id: magic
        type: u4
        valid: 0xadf5caea
        -ferry-hex: true
      - id: version
        doc: Drivers take their own and older ones.
        type: u4
        valid: 1
      - id: preh_len
        doc: Bytes of the preamble.
        type: u2
        valid: 16
      - id: n_sects
        doc: Sections of the blob, without those within others.
        type: u2
      - id: size
        doc: Bytes behind the preamble.
        type: u4
  setup_sections:
    -ferry-rules:
      - expect: config_count == 1
        message: "expected one section CONFIG, found {config_count}"
    seq:
      - id: sects
        type: section
        repeat: expr
        repeat-expr: _parent.preamble.n_sects
        -ferry-items:
          - count: config_count
            if: _.id == "CONFIG"
  state_sections:
    -ferry-rules:
      - expect: gener_count == 1 and miscbar_count == 1 and etrbar_count == 1
        message: "expected one section each of GENER, MISCBAR and ETRBAR, found {gener_count}, {miscbar_count} and {etrbar_count}"
    seq:
      - id: sects
        type: section
        repeat: expr
        repeat-expr: _parent.preamble.n_sects
        -ferry-items:
          - count: gener_count
            if: _.id == "GENER"
          - count: miscbar_count
            if: _.id == "MISCBAR"
          - count: etrbar_count
            if: _.id == "ETRBAR"
  section:
    doc: struct adf_mstate_sect_h of the driver, and what it is of.
    -ferry-rules:
      - if: id != "CONFIG" and id != "gencap" and id != "svcmap" and id != "extdc" and id != "GENER" and id != "iovinit" and id != "compver" and id != "sla" and id != "MISCBAR" and id != "visrc" and id != "vimsk" and id != "vispv" and id != "vimpv" and id != "pf2vm" and id != "vm2pf" and id != "ETRBAR" and id != "bnk0" and id != "bnk1" and id != "bnk2" and id != "bnk3" and id != "mregs"
        expect: "false"
        message: "found the section {id}, which is not known; the driver ignores it"
        field: id
        severity: note
      - if: id != "CONFIG" and id != "GENER" and id != "MISCBAR" and id != "ETRBAR" and id != "bnk0" and id != "bnk1" and id != "bnk2" and id != "bnk3"
        expect: sub_sects == 0
        message: "expected a section without others in it, found that it claims {sub_sects}"
        field: sub_sects
        severity: warning
    seq:
      - id: id
        type: str
        size: 8
        encoding: ASCII
        pad-right: 0
      - id: size
        doc: Bytes of the section behind its header, with the sections in it.
        type: u4
      - id: sub_sects
        doc: Sections directly in this one.
        type: u4
      - id: data
        size: size
        type:
          switch-on: id
          cases:
            '"CONFIG"': config
            '"gencap"': capability
            '"svcmap"': capability
            '"extdc"': capability
            '"GENER"': general
            '"iovinit"': iov_init
            '"compver"': compatibility_version
            '"sla"': slas
            '"MISCBAR"': misc_bar
            '"visrc"': register
            '"vimsk"': register
            '"vispv"': register
            '"vimpv"': register
            '"pf2vm"': register
            '"vm2pf"': register
            '"ETRBAR"': etr_bar
            '"bnk0"': bank
            '"bnk1"': bank
            '"bnk2"': bank
            '"bnk3"': bank
            '"mregs"': bank_registers
  config:
    -ferry-rules:
      - expect: gencap_count == 1 and svcmap_count == 1 and extdc_count == 1
        message: "expected one section each of gencap, svcmap and extdc, found {gencap_count}, {svcmap_count} and {extdc_count}"
    seq:
      - id: sects
        type: section
        repeat: expr
        repeat-expr: _parent.sub_sects
        -ferry-items:
          - count: gencap_count
            if: _.id == "gencap"
          - count: svcmap_count
            if: _.id == "svcmap"
          - count: extdc_count
            if: _.id == "extdc"
  capability:
    doc: |
      gencap and extdc, of which the target must have every bit; svcmap, which must be the same. The driver compares them
      as integers of 64 bits, whatever they take here.
    seq:
      - id: value
        type:
          switch-on: _parent.size
          cases:
            1: u1
            2: u2
            4: u4
            _: u8
        -ferry-hex: true
  general:
    -ferry-rules:
      - expect: iovinit_count == 1 and compver_count == 1 and sla_count == 1
        message: "expected one section each of iovinit, compver and sla, found {iovinit_count}, {compver_count} and {sla_count}"
    seq:
      - id: sects
        type: section
        repeat: expr
        repeat-expr: _parent.sub_sects
        -ferry-items:
          - count: iovinit_count
            if: _.id == "iovinit"
          - count: compver_count
            if: _.id == "compver"
          - count: sla_count
            if: _.id == "sla"
  iov_init:
    seq:
      - id: value
        doc: Whether the function's driver has greeted the physical function; the target takes it over.
        type: u1
        enum: truth
        valid:
          in-enum: true
  compatibility_version:
    seq:
      - id: value
        doc: Version of the messages between the functions that was agreed on; 0 is none.
        type: u1
  slas:
    doc: Rate limits of this function's ring pairs; the target must have each of them, with as much at least.
    -ferry-rules:
      - expect: slas.size <= 4
        message: "expected at most 4 rate limits, found {slas.size}"
    seq:
      - id: slas
        type: mig_user_sla
        repeat: eos
  mig_user_sla:
    doc: struct mig_user_sla of the driver.
    -ferry-rules:
      - expect: cir <= pir
        message: "expected a committed rate up to the peak rate, {pir}, found {cir}"
        field: cir
        severity: warning
    seq:
      - id: srv
        type: u4
        enum: service
        valid:
          in-enum: true
        -ferry-severity: warning
      - id: padding
        doc: Whatever was in the driver's memory.
        size: 4
        -ferry-padding: true
      - id: rp_mask
        doc: Ring pairs, numbered through all functions; function n has the bits from 4 n.
        type: u8
        -ferry-hex: true
      - id: cir
        doc: The rate that is committed.
        type: u4
      - id: pir
        doc: The rate at the peak.
        type: u4
  misc_bar:
    -ferry-rules:
      - expect: visrc_count == 1 and vimsk_count == 1 and vispv_count == 1 and vimpv_count == 1 and pf2vm_count == 1 and vm2pf_count == 1
        message: "expected one section each of visrc, vimsk, vispv, vimpv, pf2vm and vm2pf, found {visrc_count}, {vimsk_count}, {vispv_count}, {vimpv_count}, {pf2vm_count} and {vm2pf_count}"
    seq:
      - id: sects
        type: section
        repeat: expr
        repeat-expr: _parent.sub_sects
        -ferry-items:
          - count: visrc_count
            if: _.id == "visrc"
          - count: vimsk_count
            if: _.id == "vimsk"
          - count: vispv_count
            if: _.id == "vispv"
          - count: vimpv_count
            if: _.id == "vimpv"
          - count: pf2vm_count
            if: _.id == "pf2vm"
          - count: vm2pf_count
            if: _.id == "vm2pf"
  register:
    doc: Of interrupts (vi…) and of the mailboxes between the functions; visrc and vispv are not restored.
    seq:
      - id: value
        type: u4
        -ferry-hex: true
  etr_bar:
    -ferry-rules:
      - expect: bnk0_count == 1 and bnk1_count == 1 and bnk2_count == 1 and bnk3_count == 1
        message: "expected the banks 0 to 3, each once, found {bnk0_count}, {bnk1_count}, {bnk2_count} and {bnk3_count}"
    seq:
      - id: sects
        type: section
        repeat: expr
        repeat-expr: _parent.sub_sects
        -ferry-items:
          - count: bnk0_count
            if: _.id == "bnk0"
          - count: bnk1_count
            if: _.id == "bnk1"
          - count: bnk2_count
            if: _.id == "bnk2"
          - count: bnk3_count
            if: _.id == "bnk3"
  bank:
    -ferry-rules:
      - expect: mregs_count == 1
        message: "expected one section mregs, found {mregs_count}"
    seq:
      - id: sects
        type: section
        repeat: expr
        repeat-expr: _parent.sub_sects
        -ferry-items:
          - count: mregs_count
            if: _.id == "mregs"
  bank_registers:
    doc: struct bank_state of the driver.
    -ferry-rules:
      - expect: ringexpstat == 0
        message: "expected no exception of a ring, found {#ringexpstat}; the driver would restore a part of the rings and report success"
        field: ringexpstat
      - expect: reserved0 == 0
        message: "expected zero, found {#reserved0}"
        field: reserved0
        severity: warning
    seq:
      - id: ringstat0
        type: u4
        -ferry-hex: true
      - id: ringstat1
        type: u4
        -ferry-hex: true
      - id: ringuostat
        type: u4
        -ferry-hex: true
      - id: ringestat
        type: u4
        -ferry-hex: true
      - id: ringnestat
        type: u4
        -ferry-hex: true
      - id: ringnfstat
        type: u4
        -ferry-hex: true
      - id: ringfstat
        type: u4
        -ferry-hex: true
      - id: ringcstat0
        type: u4
        -ferry-hex: true
      - id: ringcstat1
        type: u4
        -ferry-hex: true
      - id: ringcstat2
        type: u4
        -ferry-hex: true
      - id: ringcstat3
        type: u4
        -ferry-hex: true
      - id: iaintflagen
        type: u4
        -ferry-hex: true
      - id: iaintflagreg
        type: u4
        -ferry-hex: true
      - id: iaintflagsrcsel0
        type: u4
        -ferry-hex: true
      - id: iaintflagsrcsel1
        type: u4
        -ferry-hex: true
      - id: iaintcolen
        type: u4
        -ferry-hex: true
      - id: iaintcolctl
        type: u4
        -ferry-hex: true
      - id: iaintflagandcolen
        type: u4
        -ferry-hex: true
      - id: ringexpstat
        type: u4
        -ferry-hex: true
      - id: ringexpintenable
        type: u4
        -ferry-hex: true
      - id: ringsrvarben
        type: u4
        -ferry-hex: true
      - id: reserved0
        type: u4
        -ferry-hex: true
      - id: rings
        doc: A function of these generations uses the first two, one to send and one to receive.
        type: ring
        repeat: expr
        repeat-expr: 16
  ring:
    seq:
      - id: base
        doc: Address of the ring in the guest's memory.
        type: u8
        -ferry-hex: true
      - id: config
        type: u4
        -ferry-hex: true
      - id: head
        type: u4
      - id: tail
        type: u4
      - id: reserved0
        type: u4
        valid: 0
        -ferry-severity: warning
        -ferry-hex: true
enums:
  service:
    0: asym
    1: sym
    2: dc
    3:
      id: decomp
      doc: Of the sixth generation.
  truth:
    0: "no"
    1: "yes"
