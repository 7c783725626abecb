meta:
  id: virtio
  title: State of a virtio function, in device parts
  license: BSD-2-Clause
  ks-version: "0.11"
  endian: le
doc: |
  What virtio_vfio_pci hands out: records of a header of 16 bytes, each with all parts of the device (virtio 1.4, "Device
  parts"). With pre-copy there are several records; each is complete, and the last one wins. There are no ring indices in it:
  those are in the guest's memory.
doc-ref:
  - https://docs.oasis-open.org/virtio/virtio/v1.4/virtio-v1.4.html Virtual I/O Device version 1.4, Device parts
  - https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/drivers/vfio/pci/virtio/migrate.c the driver
-ferry-name: virtio
-ferry-drivers: [virtio_vfio_pci]
-ferry-detect:
  - type: beginning
    if: flags == 0 and tag == 0 and part_type == 0x100 and part_flags == 1 and reserved == 0 and selector == 0 and selector_high == 0 and part_length % 8 == 0 and record_size >= 16 + part_length and record_size <= 0xfffffff7
    certainty: certain
    reason: begins with a record of device parts, of which the first is the device's features
  - type: beginning
    if: record_size >= 16 and record_size <= 0xfffffff7 and flags == 0 and tag == 0 and part_type >= 0x100 and part_type < 0x600 and part_flags <= 1 and reserved == 0 and selector_high == 0 and part_length > 0 and part_length <= record_size - 16
    certainty: likely
    reason: begins with a record whose payload begins with a virtio device part
-ferry-rules:
  - expect: data > 0
    message: expected a record with device parts, found none
  - expect: data <= 1
    message: "{data} records with device parts; each is complete, and the last one wins"
    severity: note
seq:
  - id: records
    type: record
    repeat: eos
    -ferry-items:
      - count: data
        if: _.tag == 0
types:
  record:
    -ferry-rules:
      - if: tag != record_tag::device_data
        expect: (flags & 1) == 1
        message: expected a record that is known, or one marked optional, found tag {tag.to_i}; the driver refuses it
        field: tag
      - if: tag != record_tag::device_data
        expect: (flags & 1) == 0
        message: a record with tag {tag.to_i} that is not known here; the driver passes over it
        severity: note
        field: tag
      - if: tag == record_tag::device_data
        expect: flags != requirement::optional
        message: expected device data to be marked as mandatory, found it optional
        severity: warning
        field: flags
    seq:
      - id: record_size
        doc: The number of bytes of the payload. The driver adds 8 to it in 32 bits.
        type: u8
        valid:
          max: 0xfffffff7
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
            record_tag::device_data: device_data
  device_data:
    -ferry-rules:
      - expect: driver_features == 1
        message: expected one part with the driver's features, found {driver_features}
      - expect: statuses == 1
        message: expected one part with the device's status, found {statuses}
      - expect: device_features <= 1
        message: expected one part with the device's features, found {device_features}
      - expect: device_features > 0
        message: expected a part with the device's features, which the parts behind it are to follow, found none
        severity: warning
    seq:
      - id: parts
        type: part
        repeat: eos
        -ferry-items:
          - count: device_features
            if: _.part_type == part_type::dev_features
          - count: driver_features
            if: _.part_type == part_type::drv_features
          - count: statuses
            if: _.part_type == part_type::device_status
          - unique: _.common_cfg.offset
            if: _.part_type == part_type::pci_common_cfg
            message: expected each field of the common configuration once, found another part for it
          - unique: (_.part_type << 16) | _.queue.index
            if: _.part_type == part_type::vq_cfg or _.part_type == part_type::vq_notify_cfg
            message: expected one such part for each queue, found another
          - unique: (_.control.command_class << 8) | _.control.command
            if: _.part_type == part_type::net_cvq_cfg
            message: expected one such part for each command, found another
          - id: part_order
            ascending: _.part_type
            if: _.part_type >= part_type::dev_features and _.part_type <= part_type::vq_notify_cfg
            message: expected the parts in the order of their types, found one behind a part that must follow it
  part:
    -ferry-rules:
      - if: not (part_type >= part_type::dev_features and part_type <= part_type::vq_notify_cfg) and part_type != part_type::net_cvq_cfg
        expect: (flags & 1) == 1
        message: expected a part that is known, or one marked optional, found type {#part_type.to_i}
        field: part_type
      - if: not (part_type >= part_type::dev_features and part_type <= part_type::vq_notify_cfg) and part_type != part_type::net_cvq_cfg
        expect: (flags & 1) == 0
        message: an optional part of type {#part_type.to_i} that is not known here
        severity: note
        field: part_type
      - if: part_type == part_type::dev_features
        expect: (flags & 1) == 1
        message: expected the device's features to be marked as optional, found that they are not
        severity: warning
        field: flags
      - if: part_type > part_type::dev_features and part_type <= part_type::vq_notify_cfg
        expect: (flags & 1) == 0
        message: expected a part that must be understood, found it marked as optional, so that a device may pass over it
        severity: warning
        field: flags
      - if: part_type == part_type::pci_common_cfg
        expect: "length == (common_cfg.offset < 16 ? 4 : common_cfg.offset == common_cfg_field::device_status or common_cfg.offset == common_cfg_field::config_generation ? 1 : common_cfg.offset >= 32 and common_cfg.offset < 56 ? 8 : 2)"
        message: expected the one field at offset {common_cfg.offset}, found {length} bytes
        field: length
      - if: part_type == part_type::dev_features or part_type == part_type::drv_features
        expect: length > 0
        message: expected words of features, found none
        field: length
      - if: part_type == part_type::dev_features or part_type == part_type::drv_features or part_type == part_type::device_status
        expect: selector.max == 0
        message: expected zeros in the selector, found others
        severity: warning
        field: selector
    seq:
      - id: part_type
        type: u2
        enum: part_type
        -ferry-hex: true
      - id: flags
        doc: Bit 0 is set where a device that does not know the type may pass over the part.
        type: u1
        valid:
          max: 1
        -ferry-severity: warning
      - id: reserved
        type: u1
        valid: 0
        -ferry-severity: warning
      - id: common_cfg
        doc: The field that the part is about.
        type: common_cfg_selector
        if: part_type == part_type::pci_common_cfg
      - id: queue
        doc: The queue that the part is about.
        type: queue_selector
        if: part_type == part_type::vq_cfg or part_type == part_type::vq_notify_cfg
      - id: control
        doc: The command of the control queue that the part is about.
        type: control_selector
        if: part_type == part_type::net_cvq_cfg
      - id: selector
        size: 8
        if: part_type != part_type::pci_common_cfg and part_type != part_type::vq_cfg and part_type != part_type::vq_notify_cfg and part_type != part_type::net_cvq_cfg
      - id: length
        doc: The number of bytes of the value.
        type: u4
      - id: value
        size: length
        type:
          switch-on: part_type
          cases:
            part_type::dev_features: features
            part_type::drv_features: features
            part_type::pci_common_cfg: common_cfg_value
            part_type::device_status: device_status
            part_type::vq_cfg: queue_configuration
            part_type::vq_notify_cfg: queue_notification
            part_type::net_cvq_cfg: control_data
  common_cfg_selector:
    seq:
      - id: offset
        type: u4
        enum: common_cfg_field
        valid:
          in-enum: true
      - id: reserved
        type: u4
        valid: 0
        -ferry-severity: warning
  queue_selector:
    seq:
      - id: index
        type: u2
      - id: reserved
        size: 6
        valid: "[0, 0, 0, 0, 0, 0]"
        -ferry-severity: warning
  control_selector:
    seq:
      - id: command_class
        type: u1
        enum: control_class
      - id: command
        type: u1
      - id: reserved
        size: 6
        valid: "[0, 0, 0, 0, 0, 0]"
        -ferry-severity: warning
  features:
    seq:
      - id: words
        doc: 64 feature bits each, the lowest first.
        type: u8
        repeat: eos
        -ferry-hex: true
    instances:
      first:
        doc: The first word; the bits that devices of every type have are named.
        value: words[0]
        if: words.size > 0
        -ferry-hex: true
        -ferry-flags: feature
  common_cfg_value:
    seq:
      - id: value
        type:
          switch-on: _parent.length
          cases:
            1: u1
            2: u2
            4: u4
            8: u8
            _: opaque
  device_status:
    -ferry-rules:
      - expect: (status & 0x80) == 0
        message: expected a device that works, found that the driver has given it up (FAILED)
        severity: warning
        field: status
      - expect: (status & 0x40) == 0
        message: expected a device that works, found that it needs a reset (DEVICE_NEEDS_RESET)
        severity: warning
        field: status
      - expect: (status & 0x20) == 0
        message: expected zero in the reserved bit, found status {#status}
        severity: warning
        field: status
      - if: (status & 4) != 0
        expect: (status & 0xb) == 0xb
        message: expected ACKNOWLEDGE, DRIVER and FEATURES_OK where DRIVER_OK is set, found status {#status}
        severity: warning
        field: status
    seq:
      - id: status
        type: u1
        -ferry-hex: true
        -ferry-flags: status
    enums:
      status:
        0x01: acknowledge
        0x02: driver
        0x04: driver_ok
        0x08: features_ok
        0x40: needs_reset
        0x80: failed
  queue_configuration:
    -ferry-rules:
      - if: enabled == 1
        expect: queue_size != 0
        message: expected an enabled queue to have a size, found 0
        field: queue_size
      - if: enabled == 1
        expect: desc != 0
        message: expected an enabled queue to have an address, found 0
        severity: warning
        field: desc
      - if: enabled == 1
        expect: desc % 16 == 0 and driver % 2 == 0 and device % 4 == 0
        message: expected addresses aligned to 16, 2 and 4 bytes, found {#desc}, {#driver}, {#device}
        severity: warning
    seq:
      - id: queue_size
        type: u2
        valid:
          max: 32768
      - id: vector
        doc: The MSI-X vector; 0xffff is none.
        type: u2
      - id: enabled
        type: u2
        valid:
          max: 1
      - id: reserved
        type: u2
        valid: 0
        -ferry-severity: warning
      - id: desc
        doc: Address of the descriptor area in the guest's memory.
        type: u8
        -ferry-hex: true
      - id: driver
        doc: Address of the driver area.
        type: u8
        -ferry-hex: true
      - id: device
        doc: Address of the device area.
        type: u8
        -ferry-hex: true
  queue_notification:
    seq:
      - id: queue_notify_off
        doc: Where the guest rings for this queue; it has read that once and will not again.
        type: u2
      - id: queue_notif_config_data
        type: u2
      - id: reserved
        type: u4
        valid: 0
        -ferry-severity: warning
  control_data:
    seq:
      - id: data
        doc: The data of the command that brings about the present configuration.
        size-eos: true
        type:
          switch-on: _parent.control.command_class.to_i * 256 + _parent.control.command
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
    -ferry-rules:
      - expect: _io.size <= 8192
        message: expected at most the 4096 identifiers that there are, found {_io.size / 2}
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
  opaque:
    seq:
      - id: data
        size-eos: true
  beginning:
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
        type: u1
      - id: reserved
        type: u1
      - id: selector
        type: u4
      - id: selector_high
        doc: No part that is known has anything in it.
        type: u4
      - id: part_length
        type: u4
enums:
  truth:
    0: "no"
    1: "yes"
  requirement:
    0: mandatory
    1: optional
  record_tag:
    0: device_data
  part_type:
    0x100: dev_features
    0x101: drv_features
    0x102: pci_common_cfg
    0x103: device_status
    0x104: vq_cfg
    0x105: vq_notify_cfg
    0x200: net_cvq_cfg
  feature:
    0x10000000: ring_indirect_desc
    0x20000000: ring_event_idx
    0x100000000: version_1
    0x200000000: access_platform
    0x400000000: ring_packed
    0x800000000: in_order
    0x1000000000: order_platform
    0x2000000000: sr_iov
    0x4000000000: notification_data
    0x8000000000: notif_config_data
    0x10000000000: ring_reset
    0x20000000000: admin_vq
  common_cfg_field:
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
  control_class:
    0: rx
    1: mac
    2: vlan
    3: announce
    4: mq
