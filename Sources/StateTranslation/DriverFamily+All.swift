public import Devices
import MigrationStream
public import StateLayout

extension DriverFamily {
  /// The families that come with Ferry.
  static let all: [DriverFamily] = [
    hisiAcc, mlx5, nvme, pds, igb, mtty, qat, virtio, xe, synthetic,
  ]
}

extension Translator {
  /// The translations that come with Ferry.
  public static let shipped: [any Translation] = DriverFamily.all.flatMap(\.translations)

  /// The translation between two layouts, by their names.
  public static func translation(from source: String, to target: String) -> (any Translation)? {
    shipped.first { $0.source == source && $0.target == target }
  }

  /// The layouts that can be translated to `target`.
  public static func sources(of target: String) -> [String] {
    shipped.filter { $0.target == target }.map(\.source)
  }

  /// The layouts that `source` can be translated to.
  public static func targets(of source: String) -> [String] {
    shipped.filter { $0.source == source }.map(\.target)
  }
}

extension TranslationLoss: RawRepresentable, CaseIterable {
  /// The losses that the shipped translations can be allowed, by their names.
  public static let allCases: [TranslationLoss] =
    Set(Translator.shipped.flatMap(\.losses)).sorted { $0.rawValue < $1.rawValue }

  /// The loss with this name.
  public init?(rawValue name: String) {
    guard let loss = Self.allCases.first(where: { $0.rawValue == name }) else { return nil }
    self = loss
  }
}

extension DeviceError {
  /// The meaning of the errno if it comes from `driver`, else from any driver; nil if the errno
  /// speaks for itself.
  public func explanation(driver: String?) -> String? {
    let family = driver.flatMap { name in
      DriverFamily.all.first { DeviceIdentity.isSameDriver($0.driver, name) }
    }
    return family?.meanings.first { $0.fits(self) }?.text ?? explanation
  }
}

extension DeviceFacts {
  /// What a sound state tells of the device that it was taken from, which takes no other layout
  /// without a translation.
  public init(of tree: LayoutTree) {
    self.init()
    layouts = [tree.layout.name]
    for family in DriverFamily.all where tree.layout.isOf(driver: family.driver) {
      family.readState?(tree, &self)
    }
  }
}
