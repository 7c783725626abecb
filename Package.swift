// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "ferry",
  products: [
    .library(name: "ByteIO", targets: ["ByteIO"]),
    .library(name: "MigrationStream", targets: ["MigrationStream"]),
    .library(name: "PCIConfig", targets: ["PCIConfig"]),
    .library(name: "StateLayout", targets: ["StateLayout"]),
    .library(name: "StreamIO", targets: ["StreamIO"]),
    .library(name: "QEMUStream", targets: ["QEMUStream"]),
    .library(name: "Replay", targets: ["Replay"]),
    .library(name: "VFIO", targets: ["VFIO"]),
    .executable(name: "ferry", targets: ["ferry"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
  ],
  targets: [
    .systemLibrary(
      name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(
      name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .target(name: "CChecksum"),
    .target(name: "CXXHash"),
    .target(name: "CVFIO"),
    .target(name: "CGlibc"),

    .target(name: "ByteIO", dependencies: ["CChecksum"]),
    .target(name: "YAMLReader", dependencies: ["CYAML"]),
    .target(
      name: "MigrationStream", dependencies: ["ByteIO", "CZstd", "CXXHash"],
      resources: [.embedInCode("Dictionaries")]),
    .target(name: "PCIConfig", dependencies: ["ByteIO", "YAMLReader"]),
    .target(
      name: "StateLayout", dependencies: ["ByteIO", "YAMLReader"],
      resources: [.embedInCode("Layouts")]),
    .target(
      name: "StreamIO",
      dependencies: [
        "ByteIO", "CGlibc", "MigrationStream", "YAMLReader",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .target(name: "QEMUStream", dependencies: ["ByteIO", "MigrationStream", "PCIConfig"]),
    .target(
      name: "Replay", dependencies: ["ByteIO", "MigrationStream", "PCIConfig", "StateLayout"]),
    .target(
      name: "VFIO",
      dependencies: [
        "ByteIO", "CVFIO", "MigrationStream", "PCIConfig", "Replay", "YAMLReader",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .executableTarget(
      name: "ferry",
      dependencies: [
        "ByteIO", "CGlibc", "MigrationStream", "PCIConfig", "QEMUStream", "Replay", "StateLayout",
        "StreamIO", "VFIO", "YAMLReader",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "SystemPackage", package: "swift-system"),
      ]),

    .target(
      name: "TestSupport", dependencies: ["ByteIO", "MigrationStream"], path: "Tests/TestSupport"),
    .testTarget(name: "ByteIOTests", dependencies: ["ByteIO", "TestSupport"]),
    .testTarget(name: "YAMLReaderTests", dependencies: ["YAMLReader", "TestSupport"]),
    .testTarget(name: "PCIConfigTests", dependencies: ["PCIConfig", "TestSupport"]),
    .testTarget(
      name: "StateLayoutTests",
      dependencies: ["ByteIO", "MigrationStream", "StateLayout", "YAMLReader", "TestSupport"]),
    .testTarget(
      name: "MigrationStreamTests", dependencies: ["ByteIO", "MigrationStream", "TestSupport"]),
    .testTarget(
      name: "QEMUStreamTests",
      dependencies: ["ByteIO", "MigrationStream", "PCIConfig", "QEMUStream", "TestSupport"]),
    .testTarget(
      name: "ReplayTests",
      dependencies: [
        "ByteIO", "MigrationStream", "PCIConfig", "Replay", "StateLayout", "TestSupport",
      ]),
    .testTarget(
      name: "VFIOTests",
      dependencies: [
        "ByteIO", "CVFIO", "MigrationStream", "Replay", "VFIO", "YAMLReader", "TestSupport",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      exclude: ["Data"]),
    .testTarget(
      name: "StreamIOTests",
      dependencies: [
        "ByteIO", "MigrationStream", "StreamIO", "YAMLReader", "TestSupport",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)

let testTargets: Set<String> = ["TestSupport"]
for target in package.targets where target.type != .system {
  target.cSettings = [.treatAllWarnings(as: .error)]
  let isTest = target.type == .test || testTargets.contains(target.name)
  target.swiftSettings =
    (isTest ? [] : [.strictMemorySafety()]) + [
      .treatAllWarnings(as: .error),
      .enableUpcomingFeature("ExistentialAny"),
      .enableUpcomingFeature("InternalImportsByDefault"),
      .enableUpcomingFeature("MemberImportVisibility"),
      .enableExperimentalFeature("Lifetimes"),
    ]
}
