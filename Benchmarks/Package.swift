// swift-tools-version: 6.3
import PackageDescription

// Apart from the main package, which is not to depend on a benchmark harness.
let package = Package(
  name: "benchmarks",
  dependencies: [
    .package(name: "ferry", path: ".."),
    .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
  ],
  targets: [
    // The peer program of tools/bench is built from the same folder.
    .target(
      name: "CPeer", path: "Peer", exclude: ["peer.c"],
      linkerSettings: [.linkedLibrary("zstd")]),
    .target(
      name: "Workloads",
      dependencies: [
        "CPeer", .product(name: "ByteIO", package: "ferry"),
        .product(name: "MigrationStream", package: "ferry"),
      ], path: "Workloads"),
    .executableTarget(
      name: "QEMUWorkload", dependencies: [.product(name: "QEMUStream", package: "ferry")],
      path: "QEMUWorkload"),
    .executableTarget(
      name: "TransportWorkload", dependencies: [.product(name: "Transport", package: "ferry")],
      path: "TransportWorkload"),
    .executableTarget(name: "InMemory", dependencies: ["Workloads"], path: "InMemory"),
    .executableTarget(
      name: "MigrationStreamBenchmarks",
      dependencies: ["Workloads", .product(name: "Benchmark", package: "benchmark")],
      path: "MigrationStreamBenchmarks",
      plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    .executableTarget(
      name: "PCIConfigBenchmarks",
      dependencies: [
        .product(name: "PCIConfig", package: "ferry"),
        .product(name: "VirtualPCI", package: "ferry"),
        .product(name: "Benchmark", package: "benchmark"),
      ],
      path: "PCIConfigBenchmarks",
      plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    .executableTarget(
      name: "StateLayoutBenchmarks",
      dependencies: [
        .product(name: "ByteIO", package: "ferry"),
        .product(name: "StateLayout", package: "ferry"),
        .product(name: "Benchmark", package: "benchmark"),
      ],
      path: "StateLayoutBenchmarks",
      plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    .executableTarget(
      name: "TranslationBenchmarks",
      dependencies: [
        .product(name: "ByteIO", package: "ferry"),
        .product(name: "StateLayout", package: "ferry"),
        .product(name: "StateTranslation", package: "ferry"),
        .product(name: "Benchmark", package: "benchmark"),
      ],
      path: "TranslationBenchmarks",
      plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
  ],
  swiftLanguageModes: [.v6]
)

for target in package.targets where target.name != "CPeer" {
  target.swiftSettings = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
  ]
}
