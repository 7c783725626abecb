extension Translator {
  /// The translations that come with Ferry.
  public static let shipped: [any Translation] =
    HisiAccTranslation.all + Mlx5Translation.all + NVMeTranslation.all
    + [
      PDSTranslation(), IgbTranslation(), SerialTranslation(), QATTranslation(),
      VirtioTranslation(), XeTranslation(),
    ]

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
