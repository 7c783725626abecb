// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "ferry",
  products: [
    .library(name: "ByteIO", targets: ["ByteIO"]),
    .library(name: "YAMLReader", targets: ["YAMLReader"]),
    .library(name: "MigrationStream", targets: ["MigrationStream"]),
    .library(name: "StreamIO", targets: ["StreamIO"]),
    .library(name: "PCIConfig", targets: ["PCIConfig"]),
    .library(name: "VirtualPCI", targets: ["VirtualPCI"]),
    .library(name: "StateLayout", targets: ["StateLayout"]),
    .library(name: "QEMUStream", targets: ["QEMUStream"]),
    .library(name: "Inputs", targets: ["Inputs"]),
    .library(name: "Devices", targets: ["Devices"]),
    .library(name: "StateTranslation", targets: ["StateTranslation"]),
    .library(name: "Migration", targets: ["Migration"]),
    .library(name: "Conformance", targets: ["Conformance"]),
    .library(name: "EmulatedDevices", targets: ["EmulatedDevices"]),
    .library(name: "VFIO", targets: ["VFIO"]),
    .library(name: "VFIOUser", targets: ["VFIOUser"]),
    .library(name: "DeviceServer", targets: ["DeviceServer"]),
    .library(name: "Transport", targets: ["Transport"]),
    .library(name: "Handover", targets: ["Handover"]),
    .library(name: "Reports", targets: ["Reports"]),
    .library(name: "FerryC", type: .static, targets: ["FerryC"]),
    .executable(name: "ferry", targets: ["ferry"]),
  ],
  traits: [
    .trait(
      name: "TLS", description: "Connections over TLS; brings swift-nio-ssl and its BoringSSL."),
    .default(enabledTraits: ["TLS"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
  ],
  targets: [
    .systemLibrary(
      name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(
      name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CBZip2", providers: [.apt(["libbz2-dev"])]),
    .systemLibrary(
      name: "CLZMA", pkgConfig: "liblzma", providers: [.apt(["liblzma-dev"])]),
    .systemLibrary(name: "CFerry"),
    .target(name: "CChecksum"),
    .target(name: "CCommit"),
    .target(name: "CStateDictionaries"),
    .target(name: "CStateLayouts"),
    .target(name: "CXXHash"),
    .target(name: "CVFIO"),
    .target(name: "CGlibc"),

    .target(name: "ByteIO", dependencies: ["CChecksum"]),
    .target(name: "YAMLReader", dependencies: ["ByteIO", "CYAML"]),
    .target(
      name: "MigrationStream",
      dependencies: ["ByteIO", "CStateDictionaries", "CXXHash", "CZstd"],
      exclude: ["Dictionaries"]),
    .target(
      name: "StreamIO",
      dependencies: [
        "ByteIO", "CGlibc", "MigrationStream",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .target(name: "PCIConfig", dependencies: ["ByteIO"]),
    .target(name: "VirtualPCI", dependencies: ["ByteIO", "PCIConfig", "YAMLReader"]),
    .target(
      name: "StateLayout", dependencies: ["ByteIO", "CStateLayouts", "YAMLReader"],
      exclude: ["Layouts"]),
    .target(name: "QEMUStream", dependencies: ["ByteIO", "MigrationStream", "PCIConfig"]),
    .target(
      name: "Inputs",
      dependencies: [
        "ByteIO", "CBZip2", "CLZMA", "CZlib", "CZstd", "MigrationStream", "PCIConfig",
        "QEMUStream", "StateLayout", "StreamIO",
      ]),
    .target(name: "Devices", dependencies: ["ByteIO", "MigrationStream"]),
    .target(
      name: "StateTranslation",
      dependencies: [
        "ByteIO", "Devices", "MigrationStream", "PCIConfig", "StateLayout", "VirtualPCI",
        "YAMLReader",
      ]),
    .target(
      name: "Migration",
      dependencies: [
        "ByteIO", "Devices", "MigrationStream", "PCIConfig", "StateLayout", "StateTranslation",
        "VirtualPCI", "YAMLReader",
      ]),
    .target(
      name: "FerryC",
      dependencies: [
        "ByteIO", "CFerry", "Devices", "Migration", "MigrationStream", "PCIConfig", "StateLayout",
        "StateTranslation", "StreamIO", "VFIO", "VirtualPCI", "YAMLReader",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .target(
      name: "Conformance",
      dependencies: ["ByteIO", "Devices", "MigrationStream", "StateLayout", "YAMLReader"]),
    .target(
      name: "EmulatedDevices",
      dependencies: [
        "ByteIO", "Devices", "MigrationStream", "PCIConfig", "StateLayout", "StateTranslation",
        "VirtualPCI",
      ]),
    .target(
      name: "VFIO",
      dependencies: [
        "ByteIO", "CGlibc", "CVFIO", "Devices", "MigrationStream", "PCIConfig", "YAMLReader",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .target(
      name: "VFIOUser",
      dependencies: [
        "ByteIO", "CGlibc", "Devices", "MigrationStream", "PCIConfig", "VFIO", "YAMLReader",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .target(
      name: "DeviceServer",
      dependencies: [
        "ByteIO", "CGlibc", "Devices", "Migration", "MigrationStream", "PCIConfig",
        "StateTranslation", "StreamIO", "VFIO", "VFIOUser", "VirtualPCI", "YAMLReader",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .target(
      name: "Transport",
      dependencies: [
        "ByteIO", "CGlibc",
        .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["TLS"])),
        .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["TLS"])),
        .product(name: "NIOTLS", package: "swift-nio", condition: .when(traits: ["TLS"])),
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .target(
      name: "Handover",
      dependencies: [
        "ByteIO", "Devices", "Migration", "MigrationStream", "PCIConfig", "QEMUStream",
        "StateLayout", "StateTranslation", "StreamIO", "Transport", "YAMLReader",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .target(
      name: "Reports",
      dependencies: [
        "ByteIO", "Conformance", "DeviceServer", "Devices", "EmulatedDevices", "Handover", "Inputs",
        "Migration", "MigrationStream", "PCIConfig", "QEMUStream", "StateLayout",
        "StateTranslation", "StreamIO", "Transport", "VFIO", "VirtualPCI", "YAMLReader",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .executableTarget(
      name: "ferry",
      dependencies: [
        "ByteIO", "CCommit", "CGlibc", "Conformance", "DeviceServer", "Devices", "EmulatedDevices",
        "Handover", "Inputs", "Migration", "MigrationStream", "PCIConfig", "QEMUStream", "Reports",
        "StateLayout",
        "StateTranslation", "StreamIO", "Transport", "VFIO", "VFIOUser", "VirtualPCI", "YAMLReader",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "SystemPackage", package: "swift-system"),
      ]),

    .target(
      name: "TestSupport", dependencies: ["ByteIO", "MigrationStream"], path: "Tests/TestSupport"),
    .target(
      name: "PCITestSupport",
      dependencies: [
        "PCIConfig", "VirtualPCI", "TestSupport",
      ],
      path: "Tests/PCITestSupport"),
    .target(
      name: "StateTestSupport",
      dependencies: [
        "ByteIO", "StateLayout", "TestSupport",
      ],
      path: "Tests/StateTestSupport"),
    .target(
      name: "DeviceTestSupport",
      dependencies: [
        "ByteIO", "Devices", "EmulatedDevices", "Migration", "MigrationStream", "StateLayout",
        "StateTranslation", "TestSupport",
      ],
      path: "Tests/DeviceTestSupport"),
    .testTarget(name: "ByteIOTests", dependencies: ["ByteIO", "CChecksum", "TestSupport"]),
    .testTarget(name: "YAMLReaderTests", dependencies: ["YAMLReader", "TestSupport"]),
    .testTarget(
      name: "MigrationStreamTests",
      dependencies: [
        "ByteIO", "MigrationStream", "TestSupport",
      ]),
    .testTarget(
      name: "StreamIOTests",
      dependencies: [
        "ByteIO", "MigrationStream", "StreamIO", "TestSupport",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .testTarget(
      name: "PCIConfigTests",
      dependencies: [
        "ByteIO", "PCIConfig", "QEMUStream", "Reports", "VirtualPCI", "PCITestSupport",
        "TestSupport",
      ]),
    .testTarget(
      name: "VirtualPCITests",
      dependencies: [
        "ByteIO", "PCIConfig", "QEMUStream", "Reports", "VirtualPCI", "PCITestSupport",
        "TestSupport",
      ]),
    .testTarget(
      name: "StateLayoutTests",
      dependencies: [
        "ByteIO", "MigrationStream", "StateLayout", "YAMLReader", "StateTestSupport",
        "TestSupport",
      ]),
    .testTarget(
      name: "QEMUStreamTests",
      dependencies: [
        "ByteIO", "MigrationStream", "PCIConfig", "QEMUStream", "VirtualPCI", "PCITestSupport",
        "TestSupport",
      ]),
    .testTarget(
      name: "InputsTests",
      dependencies: [
        "ByteIO", "Inputs", "MigrationStream", "PCIConfig", "QEMUStream", "StateLayout",
        "StreamIO", "TestSupport",
      ]),
    .testTarget(
      name: "DevicesTests",
      dependencies: [
        "Devices", "TestSupport",
      ]),
    .testTarget(
      name: "StateTranslationTests",
      dependencies: [
        "ByteIO", "Devices", "EmulatedDevices", "MigrationStream", "PCIConfig", "StateLayout",
        "StateTranslation", "VirtualPCI", "YAMLReader", "DeviceTestSupport", "StateTestSupport",
        "TestSupport",
      ]),
    .testTarget(
      name: "MigrationTests",
      dependencies: [
        "ByteIO", "Devices", "EmulatedDevices", "Migration", "MigrationStream", "PCIConfig",
        "StateLayout", "StateTranslation", "VFIO", "VirtualPCI", "YAMLReader", "DeviceTestSupport",
        "TestSupport",
      ]),
    .testTarget(
      name: "ConformanceTests",
      dependencies: [
        "ByteIO", "Conformance", "Devices", "EmulatedDevices", "MigrationStream",
        "DeviceTestSupport", "TestSupport",
      ]),
    .testTarget(
      name: "EmulatedDevicesTests",
      dependencies: [
        "ByteIO", "Devices", "EmulatedDevices", "Migration", "MigrationStream",
        "StateLayout", "StateTranslation", "DeviceTestSupport", "TestSupport",
      ]),
    .testTarget(
      name: "ReportsTests",
      dependencies: [
        "ByteIO", "Devices", "EmulatedDevices", "Migration", "MigrationStream", "PCIConfig",
        "QEMUStream", "Reports", "StateLayout", "StateTranslation", "StreamIO", "VFIO",
        "YAMLReader", "DeviceTestSupport", "PCITestSupport", "TestSupport",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .testTarget(
      name: "VFIOTests",
      dependencies: [
        "ByteIO", "CGlibc", "CVFIO", "Conformance", "Devices", "EmulatedDevices", "Migration",
        "MigrationStream", "PCIConfig", "StreamIO", "VFIO", "YAMLReader", "TestSupport",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      exclude: ["Data"]),
    .testTarget(
      name: "VectorTests",
      dependencies: [
        "ByteIO", "Devices", "MigrationStream", "PCIConfig", "StateLayout", "StateTranslation",
        "StreamIO", "VirtualPCI", "YAMLReader", "TestSupport",
      ]),
    .testTarget(
      name: "TransportTests",
      dependencies: [
        "ByteIO", "StreamIO", "Transport",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .testTarget(
      name: "HandoverTests",
      dependencies: [
        "ByteIO", "Handover", "Migration", "MigrationStream", "StreamIO", "Transport",
        "TestSupport",
      ]),
    .testTarget(
      name: "DeviceServerTests",
      dependencies: [
        "ByteIO", "DeviceServer", "Devices", "EmulatedDevices", "MigrationStream", "StreamIO",
        "VFIO", "VFIOUser", "VirtualPCI", "TestSupport",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .testTarget(
      name: "VFIOUserTests",
      dependencies: [
        "ByteIO", "Devices", "VFIOUser", "TestSupport",
      ]),
  ],
  swiftLanguageModes: [.v6]
)

// A sanitizer builds only the tests that it runs.
if let names = Context.environment["FERRY_TESTS"]?.split(separator: ",") {
  package.targets.removeAll { $0.type == .test && !names.contains(Substring($0.name)) }
}

let testTargets: Set<String> = [
  "DeviceTestSupport", "PCITestSupport", "StateTestSupport", "TestSupport",
]
for target in package.targets where target.type != .system {
  target.cSettings = [.treatAllWarnings(as: .error)]
  let isTest = target.type == .test || testTargets.contains(target.name)
  // The C interface is made of its callers' pointers: to mark each use says nothing there.
  let marksUnsafeUse = !isTest && target.name != "FerryC"
  target.swiftSettings =
    (marksUnsafeUse ? [.strictMemorySafety()] : []) + [
      .treatAllWarnings(as: .error),
      .enableUpcomingFeature("ExistentialAny"),
      .enableUpcomingFeature("InternalImportsByDefault"),
      .enableUpcomingFeature("MemberImportVisibility"),
      .enableExperimentalFeature("Lifetimes"),
    ]
}
