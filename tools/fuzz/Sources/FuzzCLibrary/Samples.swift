/// A profile whose guest reaches the device.
let profileText = """
  profile: fuzz.v1
  identity: { vendor: 0x1af4, device: 0x1041, class: 0x020000, revision: 1 }
  bars:
    - { index: 0, kind: mem32, size: 4KiB }
  capabilities:
    - { id: express, at: 0x40, version: 2, type: endpoint }
    - { id: pm, at: 0x7c, version: 3 }
    - { id: vendor, at: 0xc8, bytes: "14 05 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00" }
  extended:
    - { id: aer, at: 0x100, version: 2 }
  registers:
    - { at: 0xd0, bits: 0xffffffff, source: device, reset: 0, name: window offset }
    - { at: 0xd8, bits: 0xffffffff, source: device, reset: 0, name: window data }
  """

/// The state of an mtty device without ports, which its layout refuses, and says so.
let mttyState: [UInt8] =
  [0x4e, 0x2c, 0x3e, 0x8c, 0x89, 0x09, 0x9d, 0x7e, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
  + [UInt8](repeating: 0, count: 36)
