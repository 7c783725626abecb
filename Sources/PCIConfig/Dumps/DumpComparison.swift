/// Two dumps compared, function by function.
public struct DumpComparison: Sendable {
  /// A function of both dumps, and in what its spaces differ.
  public struct Pair: Sendable {
    /// Where it sits; nil if a dump does not say.
    public let address: PCIAddress?
    /// Its two spaces, compared.
    public let comparison: ConfigSpaceComparison
  }

  /// The functions of both dumps, in the order of the first.
  public let pairs: [Pair]
  /// The functions that only the first dump has.
  public let onlyInFirst: [PCIAddress]
  /// The functions that only the second dump has.
  public let onlyInSecond: [PCIAddress]

  /// Pairs functions by their addresses; the only one of each dump whatever its address.
  ///
  /// - Throws: `PCIConfigError` with code `noDevice` if a function of several has no address, or
  ///   the address of another one.
  public init(_ first: [DumpedDevice], _ second: [DumpedDevice]) throws(PCIConfigError) {
    if first.count == 1, second.count == 1 {
      pairs = [
        Pair(
          address: first[0].address,
          comparison: ConfigSpaceComparison(first[0].space, second[0].space))
      ]
      (onlyInFirst, onlyInSecond) = ([], [])
      return
    }
    let (a, b) = (try Self.byAddress(first, "first"), try Self.byAddress(second, "second"))
    let addresses = first.compactMap(\.address)
    pairs = addresses.compactMap { address in
      guard let x = a[address], let y = b[address] else { return nil }
      return Pair(address: address, comparison: ConfigSpaceComparison(x, y))
    }
    onlyInFirst = addresses.filter { b[$0] == nil }
    onlyInSecond = second.compactMap(\.address).filter { a[$0] == nil }
  }

  private static func byAddress(
    _ devices: [DumpedDevice], _ name: String
  ) throws(PCIConfigError) -> [PCIAddress: ConfigSpace] {
    var spaces: [PCIAddress: ConfigSpace] = [:]
    for device in devices {
      guard let address = device.address, spaces[address] == nil else {
        throw PCIConfigError(
          .noDevice,
          "expected functions at slots of their own to pair, found in the \(name) dump "
            + "\(ConfigSpaceDump.list(devices)): choose one by its number")
      }
      spaces[address] = device.space
    }
    return spaces
  }

  /// What the comparison says.
  public var verdict: ConfigSpaceComparison.Verdict {
    let verdicts = pairs.map(\.comparison.verdict)
    if !onlyInFirst.isEmpty || !onlyInSecond.isEmpty || verdicts.contains(.different) {
      return .different
    }
    return verdicts.contains(.unknown) ? .unknown : .equal
  }
}
