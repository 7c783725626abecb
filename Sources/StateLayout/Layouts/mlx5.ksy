meta:
  id: mlx5
  title: State of an mlx5 virtual function, in tagged records
  license: BSD-2-Clause
  endian: le
doc: |
  What mlx5_vfio_pci hands out since Linux 6.2: records of a header of 16 bytes and a payload. Each firmware image is one
  LOAD_VHCA_STATE command on the target, so their order and their borders matter: pre-copy images first, each building on the
  one before, then the stop-copy image, in one record or in several. Since Linux 7.1 a device may begin anew and send more of
  the first. The images are the firmware's own.
-ferry-name: mlx5
-ferry-drivers: [mlx5_vfio_pci]
-ferry-detect:
  - type: beginning
    if: record_size == 8 and flags == 1 and tag == 1
    certainty: certain
    reason: begins with the record of mlx5 that announces the stop-copy size
  - type: long_beginning
    if: record_size <= _io.size - 16 and record_size > 0 and flags == 0 and tag == 0 and not (part_type >= 0x100 and part_type < 0x600 and part_flags <= 1)
    certainty: likely
    reason: begins with a record whose header is that of a firmware image
  - type: beginning
    if: record_size > 0 and record_size <= 0xffffffff and flags == 0 and tag == 0
    certainty: possible
    reason: begins with a record whose header could be that of a firmware image
-ferry-rules:
  - expect: images > 0
    message: expected a firmware image, found none
seq:
  - id: records
    type: record
    repeat: eos
    -ferry-items:
      - count: images
        if: _.tag == 0
types:
  record:
    -ferry-rules:
      - if: tag != record_tag::fw_data and tag != record_tag::stop_copy_size
        expect: (flags & 1) == 1
        message: expected a record that is known, or one marked optional, found tag {tag.to_i}; the driver refuses it
        field: tag
      - if: tag != record_tag::fw_data and tag != record_tag::stop_copy_size
        expect: (flags & 1) == 0
        message: a record with tag {tag.to_i} that is not known here; the driver passes over it
        severity: note
        field: tag
      - if: tag == record_tag::fw_data
        expect: (flags & 1) == 0
        message: expected a firmware image to be mandatory, found it optional
        severity: warning
        field: flags
      - if: tag == record_tag::stop_copy_size
        expect: record_size == 8
        message: expected 8 bytes, found {record_size}
        field: record_size
      - if: tag == record_tag::fw_data
        expect: record_size > 0
        message: an image without content
        severity: note
        field: record_size
    seq:
      - id: record_size
        doc: The number of bytes of the payload.
        type: u8
        valid:
          max: 0xffffffff
      - id: flags
        doc: Bit 0 is set where a driver that does not know the tag may pass over the record.
        type: u4
        enum: requirement
        valid:
          in-enum: true
        -ferry-severity: warning
      - id: tag
        type: u4
        enum: record_tag
      - id: payload
        size: record_size
        type:
          switch-on: tag
          cases:
            record_tag::stop_copy_size: stop_copy_size
  stop_copy_size:
    seq:
      - id: stop_copy_size
        doc: How much the target may allocate beforehand; a hint, never checked.
        type: u8
  beginning:
    seq:
      - id: record_size
        type: u8
      - id: flags
        type: u4
      - id: tag
        type: u4
  long_beginning:
    seq:
      - id: record_size
        type: u8
      - id: flags
        type: u4
      - id: tag
        type: u4
      - id: part_type
        type: u2
      - id: part_flags
        type: u2
enums:
  requirement:
    0: mandatory
    1: optional
  record_tag:
    0:
      id: fw_data
      doc: A firmware image.
    1:
      id: stop_copy_size
      doc: The size to expect of the stop-copy image.
