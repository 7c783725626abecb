import Devices
import StateLayout

extension DriverFamily {
  static let mlx5 = DriverFamily(
    driver: "mlx5_vfio_pci",
    translations: MLX5Translation.all,
    meanings: [
      ErrnoMeaning(
        .write, .notSupported,
        "a record has a tag that the driver does not know and must"),
      ErrnoMeaning(.write, .invalid, "the firmware refused an image"),
      ErrnoMeaning(.write, .inputOutput, "the firmware refused an image"),
    ])
}

/// mlx5 with and without tagged records, and between functions that have the same.
///
/// The firmware's images are never split, merged, reordered or looked into: each record is one
/// command on the target.
struct MLX5Translation: Translation {
  enum Form: String, CaseIterable {
    case raw = "mlx5-raw"
    case tagged = "mlx5"
  }

  let from: Form
  let to: Form

  static let all: [any Translation] = Form.allCases.flatMap { from in
    Form.allCases.map { MLX5Translation(from: from, to: $0) }
  }

  var source: String { from.rawValue }
  var target: String { to.rawValue }
  var summary: String {
    switch (from, to) {
    case (.raw, .tagged): "the image becomes the one record"
    case (.tagged, .raw): "a state of one image loses its record; optional records are dropped"
    default: "nothing is rewritten; device and firmware must be the same"
    }
  }
  var facts: [String] { ["pci.vendor", "pci.device", "firmware"] }

  private static let tags: (image: Int128, mandatory: Int128) = (0, 0)
  private static let recordRule = TranslationRule(
    "since Linux 6.2 an image stands in a record, and each record is one command",
    source: "struct mlx5_vf_migration_header, drivers/vfio/pci/mlx5/cmd.h")
  private static let optionalRule = TranslationRule(
    "a record marked optional may be passed over",
    source: "MLX5_MIGF_HEADER_FLAGS_TAG_OPTIONAL, drivers/vfio/pci/mlx5/cmd.h")

  func translate(
    _ tree: LayoutTree, to layout: Layout, _ run: inout TranslationRun
  ) throws(LayoutError) -> LayoutTree {
    run.matchIdentity()
    run.matchFirmware()
    switch (from, to) {
    case (.raw, .tagged):
      let image = tree["image"]?.payload ?? Payload()
      let record = LayoutNode(
        "record",
        fields: [
          LayoutNode("flags", Self.tags.mandatory), LayoutNode("tag", Self.tags.image),
          LayoutNode("payload", .bytes(image)),
        ])
      run.rewrite("image", from: "no header", to: "a record of 16 bytes before it", Self.recordRule)
      return compose([LayoutNode("records", items: [record])], by: layout)
    case (.tagged, .raw):
      return compose([LayoutNode("image", .bytes(image(of: tree, &run)))], by: layout)
    default: return tree
    }
  }

  private func compose(_ fields: [LayoutNode], by layout: Layout) -> LayoutTree {
    LayoutTree(composing: LayoutNode(layout.id, fields: fields), by: layout)
  }

  /// The only image of a tagged state.
  private func image(of tree: LayoutTree, _ run: inout TranslationRun) -> Payload {
    guard case .list(let records)? = tree["records"]?.content, records.elidedCount == 0 else {
      run.refuse(
        "records", found: "\(tree["records"]?.items.count ?? 0) records and more",
        needed: "one firmware image, for the old driver loads only one")
      return Payload()
    }
    var images: [Payload] = []
    for (index, record) in records.first.enumerated() {
      if record["tag"]?.integer == Self.tags.image {
        images.append(record["payload"]?.payload ?? Payload())
      } else {
        run.rewrite(
          "records[\(index)]", from: "tag \(record["tag"]?.integer ?? 0)", to: "none",
          Self.optionalRule)
      }
    }
    guard images.count == 1 else {
      run.refuse(
        "records", found: "\(images.count) firmware images, of pre-copy or in chunks",
        needed: "one, for the old driver loads only one")
      return Payload()
    }
    run.rewrite("records", from: "a record of 16 bytes before it", to: "no header", Self.recordRule)
    return images[0]
  }
}
