meta:
  id: qat
  title: State of an Intel QAT virtual function
  license: BSD-2-Clause
  ks-version: "0.11"
  endian: le
  encoding: ASCII
doc: |
  What qat_vfio_pci hands out: always 4096 bytes, of which a setup blob and a state blob fill the first part. A blob is a
  preamble and sections, which may have sections in them. The driver finds sections by their names and passes over those that it
  does not know; it does not check how much was written before it loads the state.
  Linux 7.2 does not clear the memory that it writes them to: behind the last section and behind names then stands what was there.
  Linux 6.12.117 clears it.
doc-ref:
  - https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/drivers/crypto/intel/qat/qat_common/adf_mstate_mgr.c blobs and sections
  - https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/drivers/crypto/intel/qat/qat_common/adf_gen4_vf_mig.c what they hold
-ferry-name: qat
-ferry-drivers: [qat_vfio_pci]
-ferry-detect:
  - type: preamble
    if: magic == 0xadf5caea
    certainty: certain
    reason: begins with the magic of QAT's state
-ferry-rules:
  - if: padding.size > 0
    expect: padding.max == 0
    message: bytes behind the state that mean nothing, as drivers leave them that do not clear their memory (Linux 7.2)
    severity: note
    field: padding
seq:
  - id: setup
    doc: What the target must be able to do; all of the pre-copy data.
    type: setup_blob
  - id: state
    doc: Registers and rings.
    type: state_blob
  - id: padding
    size: 4096 - _io.pos
    -ferry-padding: true
types:
  preamble:
    seq:
      - id: magic
        type: u4
        valid: 0xadf5caea
        -ferry-hex: true
      - id: version
        doc: The driver takes its own version and older ones.
        type: u4
        valid: 1
      - id: preh_len
        doc: The number of bytes of the preamble.
        type: u2
        valid: 16
      - id: n_sects
        doc: The number of sections, without those in them.
        type: u2
      - id: size
        doc: The number of bytes behind the preamble.
        type: u4
  setup_blob:
    -ferry-rules:
      - expect: preamble.size == 74
        message: expected 74 bytes of sections, as version 1 has, found {preamble.size}
        severity: warning
        field: preamble
    seq:
      - id: preamble
        type: preamble
      - id: body
        size: preamble.size
        type: setup_sections
  setup_sections:
    -ferry-rules:
      - expect: config == 1
        message: expected one section CONFIG, found {config}
      - expect: _io.eof
        message: expected the sections to fill the blob, found {_io.size - _io.pos} bytes behind them
    seq:
      - id: sections
        type: section
        repeat: expr
        repeat-expr: _parent.preamble.n_sects
        -ferry-items:
          - count: config
            if: _.id == "CONFIG"
  state_blob:
    seq:
      - id: preamble
        type: preamble
      - id: body
        size: preamble.size
        type: state_sections
  state_sections:
    -ferry-rules:
      - expect: gener == 1 and miscbar == 1 and etrbar == 1
        message: expected one section each of GENER, MISCBAR and ETRBAR, found {gener}, {miscbar} and {etrbar}
      - expect: _io.eof
        message: expected the sections to fill the blob, found {_io.size - _io.pos} bytes behind them
    seq:
      - id: sections
        type: section
        repeat: expr
        repeat-expr: _parent.preamble.n_sects
        -ferry-items:
          - count: gener
            if: _.id == "GENER"
          - count: miscbar
            if: _.id == "MISCBAR"
          - count: etrbar
            if: _.id == "ETRBAR"
  section:
    -ferry-rules:
      - if: id == "iovinit" or id == "compver"
        expect: size == 1
        message: expected 1 byte, found {size}
        field: size
      - if: id == "visrc" or id == "vimsk" or id == "vispv" or id == "vimpv" or id == "pf2vm" or id == "vm2pf"
        expect: size == 4
        message: expected 4 bytes, found {size}
        field: size
      - if: id == "CONFIG" or id == "GENER" or id == "MISCBAR" or id == "ETRBAR" or id == "bnk0" or id == "bnk1" or id == "bnk2" or id == "bnk3"
        expect: sub_sects != 0
        message: expected sections in {id}, found none
        field: sub_sects
      - if: id != "CONFIG" and id != "GENER" and id != "MISCBAR" and id != "ETRBAR" and id != "bnk0" and id != "bnk1" and id != "bnk2" and id != "bnk3"
        expect: sub_sects == 0
        message: expected {id} without sections in it, found {sub_sects}
        severity: warning
        field: sub_sects
      - if: id != "CONFIG" and id != "gencap" and id != "svcmap" and id != "extdc" and id != "GENER" and id != "iovinit" and id != "compver" and id != "sla" and id != "MISCBAR" and id != "visrc" and id != "vimsk" and id != "vispv" and id != "vimpv" and id != "pf2vm" and id != "vm2pf" and id != "ETRBAR" and id != "bnk0" and id != "bnk1" and id != "bnk2" and id != "bnk3" and id != "mregs"
        expect: "false"
        message: a section {id} that is not known here; the driver passes over it
        severity: note
        field: id
      - if: id == "sla"
        expect: size <= 96
        message: expected up to 4 agreements, 96 bytes, found {size} bytes
        field: size
      - if: id == "gencap" or id == "svcmap" or id == "extdc"
        expect: size <= 8 and size > 0
        message: expected 1 to 8 bytes, found {size}
        field: size
    seq:
      - id: id
        doc: The driver compares it up to its end; what stands behind that in its 8 bytes is not written by all kernels.
        type: str
        size: 8
        pad-right: 0
        terminator: 0
      - id: size
        doc: The number of bytes behind the header, sections in it included.
        type: u4
      - id: sub_sects
        doc: The number of sections directly in it.
        type: u4
      - id: children
        size: size
        type: child_sections
        if: sub_sects != 0
      - id: value
        size: size
        type:
          switch-on: id
          cases:
            '"gencap"': number
            '"svcmap"': number
            '"extdc"': number
            '"iovinit"': number
            '"compver"': number
            '"visrc"': number
            '"vimsk"': number
            '"vispv"': number
            '"vimpv"': number
            '"pf2vm"': number
            '"vm2pf"': number
            '"sla"': agreements
            '"mregs"': bank
        if: sub_sects == 0
  child_sections:
    -ferry-rules:
      - if: _parent.id == "CONFIG"
        expect: config == 3
        message: expected gencap, svcmap and extdc, found {config} of them
      - if: _parent.id == "GENER"
        expect: gener == 3
        message: expected iovinit, compver and sla, found {gener} of them
      - if: _parent.id == "MISCBAR"
        expect: miscbar == 6
        message: expected visrc, vimsk, vispv, vimpv, pf2vm and vm2pf, found {miscbar} of them
      - if: _parent.id == "ETRBAR"
        expect: etrbar == 4
        message: expected bnk0 to bnk3, found {etrbar} of them
      - if: _parent.id == "bnk0" or _parent.id == "bnk1" or _parent.id == "bnk2" or _parent.id == "bnk3"
        expect: bank == 1
        message: expected mregs, found {bank} of them
      - expect: _io.eof
        message: expected the sections to fill the one around, found {_io.size - _io.pos} bytes behind them
    seq:
      - id: sections
        type: section
        repeat: expr
        repeat-expr: _parent.sub_sects
        -ferry-items:
          - unique: _.id
            message: expected each section once, found another of the name
          - count: config
            if: _.id == "gencap" or _.id == "svcmap" or _.id == "extdc"
          - count: gener
            if: _.id == "iovinit" or _.id == "compver" or _.id == "sla"
          - count: miscbar
            if: _.id == "visrc" or _.id == "vimsk" or _.id == "vispv" or _.id == "vimpv" or _.id == "pf2vm" or _.id == "vm2pf"
          - count: etrbar
            if: _.id == "bnk0" or _.id == "bnk1" or _.id == "bnk2" or _.id == "bnk3"
          - count: bank
            if: _.id == "mregs"
  number:
    -ferry-rules:
      - if: _parent.id == "iovinit" and _parent.size == 1
        expect: value <= 1
        message: expected 0 or 1, found {value}
        severity: warning
        field: value
    seq:
      - id: value
        type:
          switch-on: _parent.size
          cases:
            1: u1
            2: u2
            4: u4
            8: u8
            _: opaque
        -ferry-hex: true
  opaque:
    seq:
      - id: data
        size-eos: true
  agreements:
    seq:
      - id: entries
        type: agreement
        repeat: eos
  agreement:
    doc: A service level agreement that touches the function; the target must have the same with at least these rates.
    -ferry-rules:
      - expect: cir <= pir
        message: expected a committed rate up to the peak rate, {pir}, found {cir}
        severity: warning
        field: cir
    seq:
      - id: srv
        doc: The service.
        type: u4
        enum: service
        valid:
          in-enum: true
        -ferry-severity: warning
      - id: padding
        size: 4
      - id: rp_mask
        doc: Ring pairs by their number in the physical function, four for each virtual one.
        type: u8
        -ferry-hex: true
      - id: cir
        doc: Committed rate.
        type: u4
      - id: pir
        doc: Peak rate.
        type: u4
  bank:
    -ferry-rules:
      - expect: ringexpstat == 0
        message: expected no exception, found {#ringexpstat}; the driver then restores a part only and reports success
        field: ringexpstat
      - expect: reserved0 == 0
        message: expected zero, found {#reserved0}
        severity: warning
        field: reserved0
      - expect: rings_contradicted == 0
        message: expected head and tail of the rings to agree with ringestat and ringfstat ({#ringestat} and {#ringfstat}), found {rings_contradicted} that do not; the driver refuses what the hardware does not agree with
        field: rings
      - expect: rings_without_memory == 0
        message: expected rings that are set up to have memory, found {rings_without_memory} without; the hardware raises an exception, and the driver refuses the state
        field: rings
      - expect: rings_unused == 0
        message: expected zeros in rings 2 to 15, found {rings_unused} with others; the driver does not restore them
        severity: warning
        field: rings
    seq:
      - id: ringstat
        type: u4
        repeat: expr
        repeat-expr: 2
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
      - id: ringcstat
        type: u4
        repeat: expr
        repeat-expr: 4
        -ferry-hex: true
      - id: iaintflagen
        type: u4
        -ferry-hex: true
      - id: iaintflagreg
        type: u4
        -ferry-hex: true
      - id: iaintflagsrcsel
        type: u4
        repeat: expr
        repeat-expr: 2
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
        doc: Number 0 sends and number 1 receives; the others are not used.
        type: ring
        repeat: expr
        repeat-expr: 16
        -ferry-items:
          # An empty ring and a full one have their head at their tail; one that is not set up may be
          # neither.
          - count: rings_contradicted
            if: >-
              _index < 2 and (_.head == _.tail
              ? ((ringestat ^ ringfstat) >> _index) & 1 == 0 and ((ringestat >> _index) & 1 == 1 or _.config != 0)
              : (ringestat >> _index) & 1 == 1)
          - count: rings_without_memory
            if: _index < 2 and _.config != 0 and _.base == 0
          - count: rings_unused
            if: _index >= 2 and (_.base != 0 or _.config != 0 or _.head != 0 or _.tail != 0)
  ring:
    seq:
      - id: base
        doc: Address in the guest's memory.
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
