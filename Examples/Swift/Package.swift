// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "copy-stream",
  dependencies: [.package(name: "ferry", path: "../..")],
  targets: [
    .executableTarget(
      name: "copy-stream",
      dependencies: [
        .product(name: "MigrationStream", package: "ferry"),
        .product(name: "StreamIO", package: "ferry"),
      ])
  ])
