// swift-tools-version: 6.2
import PackageDescription

// One executable for each entry point that reads untrusted bytes; `tools/fuzz/run` builds and runs
// them. Apart from the main package because libFuzzer brings a `main` of its own and instruments
// everything.

/// Each fuzz target, with the products of the main package that it reaches.
let targets = [
  "FuzzComparison": ["ByteIO", "MigrationStream", "StreamIO"],
  "FuzzConfigSpace": ["ByteIO", "PCIConfig", "Reports"],
  "FuzzDissect": ["StateLayout"],
  "FuzzLayout": ["StateLayout"],
  "FuzzProfile": ["PCIConfig", "QEMUStream", "Reports", "VirtualPCI"],
  "FuzzQEMUExtract": ["ByteIO", "MigrationStream", "QEMUStream"],
  "FuzzQEMULog": ["QEMUStream"],
  "FuzzQEMUReplace": ["ByteIO", "MigrationStream", "QEMUStream"],
  "FuzzQEMUStream": ["ByteIO", "MigrationStream", "QEMUStream"],
  "FuzzSalvage": ["ByteIO", "MigrationStream", "StreamIO"],
  "FuzzStreamArchive": ["ByteIO", "MigrationStream", "StreamIO"],
  "FuzzStreamDecoder": ["ByteIO", "MigrationStream"],
  "FuzzTrace": ["ByteIO", "VFIO"],
  "FuzzTranslate": ["StateLayout", "StateTranslation"],
]

let settings: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableExperimentalFeature("Lifetimes"),
  .unsafeFlags(["-parse-as-library"]),
]

let package = Package(
  name: "fuzz",
  dependencies: [.package(name: "ferry", path: "../..")],
  targets: [
    .target(
      name: "FuzzSupport",
      dependencies: ["ByteIO", "MigrationStream", "QEMUStream", "StreamIO"].map {
        .product(name: $0, package: "ferry")
      },
      swiftSettings: settings)
  ]
    + targets.sorted { $0.key < $1.key }.map { name, products in
      .executableTarget(
        name: name,
        dependencies: ["FuzzSupport"] + products.map { .product(name: $0, package: "ferry") },
        swiftSettings: settings)
    },
  swiftLanguageModes: [.v6]
)
