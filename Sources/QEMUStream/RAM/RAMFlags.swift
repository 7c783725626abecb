/// The low bits of the address that begins an entry of a RAM section (QEMU migration/ram.c, `RAM_SAVE_FLAG_…`).
struct RAMFlags: OptionSet {
  let rawValue: UInt64

  static var zero: Self { Self(rawValue: 0x02) }
  static var memorySize: Self { Self(rawValue: 0x04) }
  static var page: Self { Self(rawValue: 0x08) }
  static var endOfSection: Self { Self(rawValue: 0x10) }
  /// The page is of the same block as the one before, and the block's name is left out.
  static var sameBlock: Self { Self(rawValue: 0x20) }
  static var xbzrle: Self { Self(rawValue: 0x40) }
  static var hook: Self { Self(rawValue: 0x80) }
  static var compressed: Self { Self(rawValue: 0x100) }
  static var multifdFlush: Self { Self(rawValue: 0x200) }
}
