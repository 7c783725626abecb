// swift-tools-version: 6.3
import PackageDescription

// One executable for each entry point that reads untrusted bytes; `tools/fuzz/run` builds and runs
// them. Apart from the main package because libFuzzer brings a `main` of its own and instruments
// everything.

/// Each fuzz target, with the products of the main package, and of swift-system, that it reaches.
let targets = [
  "FuzzArgument": [
    "ByteIO", "Inputs", "MigrationStream", "PCIConfig", "QEMUStream", "StreamIO", "VFIO",
  ],
  "FuzzCLibrary": ["FerryC"],
  "FuzzComparison": ["ByteIO", "MigrationStream", "StreamIO"],
  "FuzzConfigSpace": ["ByteIO", "PCIConfig", "Reports"],
  "FuzzDeviceName": ["Devices", "EmulatedDevices", "SystemPackage", "VFIO"],
  "FuzzDissect": ["StateLayout"],
  "FuzzEmulatedLoad": ["ByteIO", "Devices", "EmulatedDevices"],
  "FuzzHandOver": ["SystemPackage", "VFIO"],
  "FuzzHostTree": ["ByteIO", "Inputs", "Reports", "StateLayout", "VFIO"],
  "FuzzInputs": ["Inputs"],
  "FuzzLayout": ["StateLayout"],
  "FuzzMttyFile": ["ByteIO", "Devices", "EmulatedDevices"],
  "FuzzPASIDTable": ["Migration", "MigrationStream", "YAMLReader"],
  "FuzzProfile": ["PCIConfig", "QEMUStream", "Reports", "VirtualPCI"],
  "FuzzQEMUExtract": ["ByteIO", "MigrationStream", "QEMUStream"],
  "FuzzQEMULog": ["QEMUStream"],
  "FuzzQEMURelay": ["ByteIO", "PCIConfig", "QEMUStream"],
  "FuzzQEMUReplace": ["ByteIO", "MigrationStream", "QEMUStream"],
  "FuzzQEMUStream": ["ByteIO", "MigrationStream", "QEMUStream"],
  "FuzzSalvage": ["ByteIO", "MigrationStream", "StreamIO"],
  "FuzzStreamArchive": ["ByteIO", "MigrationStream", "StreamIO"],
  "FuzzStreamDecoder": ["ByteIO", "MigrationStream"],
  "FuzzStripedReader": ["ByteIO", "MigrationStream", "StreamIO"],
  "FuzzTrace": ["ByteIO", "VFIO"],
  "FuzzTranslate": ["StateLayout", "StateTranslation"],
  "FuzzTunnel": ["ByteIO", "Handover"],
  "FuzzHandoverMessage": ["Handover"],
  "FuzzVFIOUser": ["ByteIO", "DeviceServer", "Devices", "EmulatedDevices", "VFIOUser"],
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
  dependencies: [
    // Without TLS, whose BoringSSL would be instrumented too.
    .package(name: "ferry", path: "../..", traits: []),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
  ],
  targets: [
    .target(name: "Comparisons", path: "Comparisons"),
    .target(
      name: "FuzzSupport",
      dependencies: ["Comparisons"]
        + ["ByteIO", "MigrationStream", "QEMUStream", "StreamIO"].map {
          .product(name: $0, package: "ferry")
        },
      swiftSettings: settings),
  ]
    + targets.sorted { $0.key < $1.key }.map { name, products in
      .executableTarget(
        name: name,
        dependencies: ["FuzzSupport"]
          + products.map {
            .product(name: $0, package: $0 == "SystemPackage" ? "swift-system" : "ferry")
          },
        swiftSettings: settings)
    },
  swiftLanguageModes: [.v6]
)
