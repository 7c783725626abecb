meta:
  id: virtio
  title: State of a virtio function, as device parts
  license: BSD-2-Clause
  ks-version: "0.11"
  endian: le
  bit-endian: le
doc: |
  What virtio_vfio_pci hands out: records, each with the device parts that the function's owner returned for one administration
  command. With pre-copy there are several, each of them whole, and the last is what counts. The parts have no ring indices,
  no interrupt vectors' table and no configuration space.
doc-ref:
  - https://docs.oasis-open.org/virtio/virtio/v1.4/virtio-v1.4.html Virtual I/O Device version 1.4, Device parts
  - https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/drivers/vfio/pci/virtio/migrate.c the driver
-ferry-name: virtio
-ferry-drivers: [virtio_vfio_pci]
-ferry-detect:
  - type: opening
    if: flags == 0 and tag == 0 and part_type == device_part::dev_features and part_flags == 1 and reserved == 0 and selector == 0 and length % 8 == 0 and record_size >= 16 + length and record_size <= 0xfffffff7
    certainty: certain
    reason: begins with a record of device parts, of which the first is the device's features
  - type: opening
    if: flags == 0 and tag == 0 and part_type >= 0x100 and part_type < 0x600 and part_flags <= 1 and reserved == 0 and record_size >= 16 + length and record_size <= 0xfffffff7
    certainty: likely
    reason: begins like a record of device parts
-ferry-rules:
  - expect: device_data_count > 0
    message: expected at least one record of device data, found none
    field: records
seq:
  - id: records
    type: record
    repeat: eos
    -ferry-items:
      - count: device_data_count
        if: _.header.tag == tag::device_data
types:
  record:
    -ferry-rules:
      - if: header.tag != tag::device_data and header.flags == record_flags::optional
        expect: "false"
        message: "found a record with tag {header.tag}, which is not known and may be skipped"
        severity: note
      - if: header.tag != tag::device_data
        expect: header.flags == record_flags::optional
        message: "expected a record of device data, found tag {header.tag}, which must be understood; drivers refuse it"
        field: header
      - if: header.tag == tag::device_data
        expect: header.flags == record_flags::mandatory
        message: "expected device data to be marked as mandatory, found flags {header.flags}"
        field: header
        severity: warning
    seq:
      - id: header
        type: header
      - id: data
        size: header.record_size
        type:
          switch-on: header.tag
          cases:
            tag::device_data: device_parts
  header:
    doc: struct virtiovf_migration_header of the driver.
    seq:
      - id: record_size
        doc: Bytes behind the header; a few more would make the driver's own length wrap.
        type: u8
        valid:
          max: 0xfffffff7
      - id: flags
        type: u4
        enum: record_flags
        valid:
          in-enum: true
        -ferry-severity: warning
      - id: tag
        type: u4
        enum: tag
  device_parts:
    -ferry-rules:
      - expect: drv_features_count == 1
        message: "expected one part with the driver's features, found {drv_features_count}"
      - expect: device_status_count == 1
        message: "expected one part with the device status, found {device_status_count}"
      - expect: dev_features_count <= 1
        message: "expected at most one part with the device's features, found {dev_features_count}"
      - if: dev_features_count == 0
        expect: "false"
        message: expected the device's features before the other parts, found none; they are optional, but the order names them
        severity: warning
    seq:
      - id: parts
        type: part
        repeat: eos
        -ferry-items:
          - count: dev_features_count
            if: _.part_type == device_part::dev_features
          - count: drv_features_count
            if: _.part_type == device_part::drv_features
          - count: device_status_count
            if: _.part_type == device_part::device_status
          - ascending: _.part_type
            if: _.part_type >= 0x100 and _.part_type < 0x200
            message: "expected the common parts in the order of their types, found type {#_.part_type} behind a later one"
          - unique: _.offset
            if: _.part_type == device_part::pci_common_cfg
            message: "expected one part for each field of the common configuration, found offset {_.offset} again"
          - unique: _.vq_index
            if: _.part_type == device_part::vq_cfg
            message: "expected one configuration for each queue, found queue {_.vq_index} again"
          - unique: _.vq_index
            if: _.part_type == device_part::vq_notify_cfg
            message: "expected one notification configuration for each queue, found queue {_.vq_index} again"
          - unique: _.cvq_class * 256 + _.cvq_command
            if: _.part_type == device_part::net_cvq_cfg
            message: "expected one part for each control command, found class {_.cvq_class}, command {_.cvq_command} again"
  part:
    -ferry-rules:
      - expect: flags_reserved == 0 and reserved == 0
        message: expected zeros in the reserved bits of the part's header, found others
      - if: part_type >= 0x100 and part_type <= 0x105 or part_type == device_part::net_cvq_cfg
        expect: selector_reserved.max == 0
        message: expected zeros in the rest of the selector, found others
        field: selector_reserved
      - if: part_type == device_part::dev_features
        expect: optional == 1
        message: expected the device's features to be marked as optional, found that they are not
        field: optional
        severity: warning
      - if: part_type >= 0x101 and part_type <= 0x105
        expect: optional == 0
        message: expected a part that must be understood, found it marked as optional, so that a device may ignore it
        field: optional
        severity: warning
      - if: (part_type < 0x100 or part_type > 0x105) and part_type != device_part::net_cvq_cfg and optional == 1
        expect: "false"
        message: "found a part of type {#part_type}, which is not known and may be ignored"
        field: part_type
        severity: note
      - if: (part_type < 0x100 or part_type > 0x105) and part_type != device_part::net_cvq_cfg
        expect: optional == 1
        message: "expected a known part, found type {#part_type}, which must be understood"
        field: part_type
      - if: part_type == device_part::pci_common_cfg
        expect: "length == (offset < 16 ? 4 : offset == common_cfg::device_status or offset == common_cfg::config_generation ? 1 : offset >= 32 and offset < 56 ? 8 : 2)"
        message: "expected the one field at offset {offset}, found {length} bytes"
        field: length
      - if: part_type == device_part::dev_features or part_type == device_part::drv_features
        expect: length > 0
        message: expected at least one word of features, found none
        field: length
    seq:
      - id: part_type
        type: u2
        enum: device_part
        -ferry-hex: true
      - id: optional
        doc: Whether the target may ignore the part.
        type: b1
      - id: flags_reserved
        type: b7
      - id: reserved
        type: u1
      - id: offset
        doc: Selector; the field of the common configuration.
        type: u4
        enum: common_cfg
        if: part_type == device_part::pci_common_cfg
        valid:
          in-enum: true
      - id: vq_index
        doc: Selector; the queue.
        type: u2
        if: part_type == device_part::vq_cfg or part_type == device_part::vq_notify_cfg
      - id: cvq_class
        doc: Selector; the class of the command on the control queue.
        type: u1
        enum: cvq_class
        if: part_type == device_part::net_cvq_cfg
      - id: cvq_command
        doc: Selector; the command of the class.
        type: u1
        if: part_type == device_part::net_cvq_cfg
      - id: selector_reserved
        doc: The rest of the selector of eight bytes.
        size: "part_type == device_part::pci_common_cfg ? 4 : part_type == device_part::vq_cfg or part_type == device_part::vq_notify_cfg or part_type == device_part::net_cvq_cfg ? 6 : 8"
        -ferry-padding: true
      - id: length
        doc: Bytes of the value.
        type: u4
      - id: value
        size: length
        type:
          switch-on: part_type
          cases:
            device_part::dev_features: features
            device_part::drv_features: features
            device_part::pci_common_cfg: common_cfg_field
            device_part::device_status: device_status
            device_part::vq_cfg: vq_cfg
            device_part::vq_notify_cfg: vq_notify_cfg
            device_part::net_cvq_cfg: cvq_cfg
  features:
    seq:
      - id: words
        doc: Feature bits, the lowest 64 first.
        type: u8
        repeat: eos
        -ferry-hex: true
  common_cfg_field:
    seq:
      - id: field
        type:
          switch-on: _parent.length
          cases:
            1: u1
            2: u2
            4: u4
            _: u8
        -ferry-hex: true
  device_status:
    -ferry-rules:
      - expect: failed == 0
        message: expected a device that works, found that the driver has given it up (FAILED)
        field: failed
        severity: warning
      - expect: device_needs_reset == 0
        message: expected a device that works, found that it needs a reset (DEVICE_NEEDS_RESET)
        field: device_needs_reset
        severity: warning
      - if: driver_ok == 1
        expect: acknowledge == 1 and driver == 1 and features_ok == 1
        message: expected ACKNOWLEDGE, DRIVER and FEATURES_OK where DRIVER_OK is set, found one of them clear
        severity: warning
    seq:
      - id: acknowledge
        type: b1
      - id: driver
        type: b1
      - id: driver_ok
        type: b1
      - id: features_ok
        type: b1
      - id: suspend
        type: b1
      - id: reserved
        type: b1
        valid: 0
      - id: device_needs_reset
        type: b1
      - id: failed
        type: b1
  vq_cfg:
    -ferry-rules:
      - if: enabled == 1
        expect: queue_size > 0
        message: expected an enabled queue to have a size, found 0
        field: queue_size
      - if: enabled == 1
        expect: queue_desc % 16 == 0 and queue_driver % 2 == 0 and queue_device % 4 == 0
        message: "expected addresses aligned to 16, 2 and 4 bytes, found {#queue_desc}, {#queue_driver}, {#queue_device}"
        severity: warning
    seq:
      - id: queue_size
        type: u2
        valid:
          max: 32768
      - id: vector
        doc: MSI-X vector; 0xffff is none.
        type: u2
        -ferry-hex: true
      - id: enabled
        type: u2
        enum: truth
        valid:
          in-enum: true
      - id: reserved
        type: u2
        valid: 0
      - id: queue_desc
        doc: Address of the descriptor area in the guest's memory.
        type: u8
        -ferry-hex: true
      - id: queue_driver
        doc: Address of the driver area.
        type: u8
        -ferry-hex: true
      - id: queue_device
        doc: Address of the device area.
        type: u8
        -ferry-hex: true
  vq_notify_cfg:
    seq:
      - id: queue_notify_off
        doc: Where the guest rings; it has computed the address and keeps it.
        type: u2
      - id: queue_notif_config_data
        doc: What it writes there where VIRTIO_F_NOTIF_CONFIG_DATA was negotiated.
        type: u2
      - id: reserved
        type: u4
        valid: 0
  cvq_cfg:
    seq:
      - id: data
        doc: The data of the command that brings about the present configuration.
        size-eos: true
        type:
          switch-on: _parent.cvq_class.to_i * 256 + _parent.cvq_command
          cases:
            0x000: rx_mode
            0x001: rx_mode
            0x002: rx_mode
            0x003: rx_mode
            0x004: rx_mode
            0x005: rx_mode
            0x100: mac_table
            0x101: mac_address
            0x200: vlan_table
            0x400: vq_pairs
            0x401: rss_config
            0x402: hash_config
  rx_mode:
    doc: One of promisc, allmulti, alluni, nomulti, nouni, nobcast, by the command's number.
    seq:
      - id: is_on
        type: u1
        enum: truth
        valid:
          in-enum: true
  mac_table:
    seq:
      - id: unicast
        type: mac_list
      - id: multicast
        type: mac_list
  mac_list:
    seq:
      - id: entries
        type: u4
      - id: macs
        type: mac_address
        repeat: expr
        repeat-expr: entries
  mac_address:
    seq:
      - id: octets
        size: 6
  vlan_table:
    doc: All of the table, though the command adds one.
    seq:
      - id: vlan_ids
        type: u2
        repeat: eos
  vq_pairs:
    seq:
      - id: virtqueue_pairs
        type: u2
        valid:
          min: 1
          max: 0x8000
  rss_config:
    seq:
      - id: hash_types
        type: u4
        -ferry-hex: true
      - id: indirection_table_mask
        doc: Entries of the table, less one.
        type: u2
      - id: unclassified_queue
        type: u2
      - id: indirection_table
        type: u2
        repeat: expr
        repeat-expr: indirection_table_mask + 1
      - id: max_tx_vq
        type: u2
      - id: hash_key_length
        type: u1
      - id: hash_key_data
        size: hash_key_length
  hash_config:
    seq:
      - id: hash_types
        type: u4
        -ferry-hex: true
      - id: reserved
        contents: [0, 0, 0, 0, 0, 0, 0, 0]
      - id: hash_key_length
        type: u1
      - id: hash_key_data
        size: hash_key_length
  opening:
    doc: The start of a state, by which it is told.
    seq:
      - id: record_size
        type: u8
      - id: flags
        type: u4
      - id: tag
        type: u4
      - id: part_type
        type: u2
        enum: device_part
      - id: part_flags
        type: u1
      - id: reserved
        type: u1
      - id: selector
        type: u8
      - id: length
        type: u4
enums:
  record_flags:
    0:
      id: mandatory
      doc: Who does not know the record's tag must refuse the state.
    1:
      id: optional
      doc: Who does not know the record's tag passes over it.
  tag:
    0:
      id: device_data
      doc: Device parts, as VIRTIO_ADMIN_CMD_DEV_PARTS_GET returned them.
  device_part:
    0x100:
      id: dev_features
      doc: What the device offers; a target compares it with its own and never sets it.
    0x101:
      id: drv_features
      doc: What was negotiated.
    0x102:
      id: pci_common_cfg
      doc: One field of the common configuration structure.
    0x103:
      id: device_status
      doc: The device status byte.
    0x104:
      id: vq_cfg
      doc: Size, vector and addresses of a queue.
    0x105:
      id: vq_notify_cfg
      doc: Where and with what the driver notifies a queue.
    0x200:
      id: net_cvq_cfg
      doc: Of a network device, what one command on the control queue has configured.
  common_cfg:
    0: device_feature_select
    4: device_feature
    8: driver_feature_select
    12: driver_feature
    16: config_msix_vector
    18: num_queues
    20: device_status
    21: config_generation
    22: queue_select
    24: queue_size
    26: queue_msix_vector
    28: queue_enable
    30: queue_notify_off
    32: queue_desc
    40: queue_driver
    48: queue_device
    56: queue_notif_config_data
    58: queue_reset
    60: admin_queue_index
    62: admin_queue_num
  cvq_class:
    0: rx
    1: mac
    2: vlan
    3: announce
    4: mq
  truth:
    0: "no"
    1: "yes"
