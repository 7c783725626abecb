meta:
  id: pds
  title: State of an AMD Pensando function
  license: BSD-2-Clause
doc: |
  What pds_vfio_pci hands out: the firmware's own bytes, at most 65,536. Nothing in it says what it is, and the target's driver
  does not notice where the end is missing.
-ferry-name: pds
-ferry-drivers: [pds_vfio_pci]
-ferry-detect:
  - type: anything
    if: _io.size > 0 and _io.size <= 65536 and _io.size % 4 == 0
    certainty: possible
    reason: state of Pensando's firmware has no mark of its own, and has such a length
-ferry-rules:
  - expect: _io.size > 0
    message: expected state, found no bytes
  - expect: _io.size <= 65536
    message: expected at most 65536 bytes, found {_io.size}
  - expect: _io.size % 4 == 0
    message: expected a multiple of 4 bytes, found {_io.size}
seq:
  - id: state
    doc: The firmware's own.
    size-eos: true
types:
  anything:
    seq: []
