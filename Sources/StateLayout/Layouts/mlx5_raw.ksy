meta:
  id: mlx5_raw
  title: State of an mlx5 virtual function, as it was before tagged records
  license: BSD-2-Clause
doc: |
  What mlx5_vfio_pci of Linux 5.18 to 6.1 hands out: one firmware image without anything around it. Nothing in it says what it
  is.
-ferry-name: mlx5-raw
-ferry-drivers: [mlx5_vfio_pci]
-ferry-detect:
  - type: anything
    if: _io.size > 0
    certainty: possible
    reason: an image of mlx5's firmware from before Linux 6.2 has no mark of its own
-ferry-rules:
  - expect: _io.size > 0
    message: expected a firmware image, found no bytes
  - expect: _io.size <= 0xffffffff
    message: expected at most 4294967295 bytes, found {_io.size}
seq:
  - id: image
    doc: The firmware's own.
    size-eos: true
types:
  anything:
    seq: []
