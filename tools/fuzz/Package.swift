// swift-tools-version: 6.2
import PackageDescription

// One executable for each entry point that reads untrusted bytes; `tools/fuzz/run` builds and runs them.
// Apart from the main package because libFuzzer brings a `main` of its own and instruments everything.

/// What each fuzz target reaches, by product of the main package.
let targets = [
  "FuzzStreamDecoder": "MigrationStream"
]

let package = Package(
  name: "fuzz",
  dependencies: [.package(name: "ferry", path: "../..")],
  targets: targets.sorted { $0.key < $1.key }.map { name, product in
    .executableTarget(
      name: name,
      dependencies: [.product(name: product, package: "ferry")],
      swiftSettings: [
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableExperimentalFeature("Lifetimes"),
        .unsafeFlags(["-parse-as-library"]),
      ])
  },
  swiftLanguageModes: [.v6]
)
