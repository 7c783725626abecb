#if canImport(Glibc)
  import Glibc
#endif

/// The seeds from 0 on that a property is tested with: `count`, or fewer if FERRY_TEST_SEEDS says
/// so, as it does where every instruction is slow.
public func seeds(_ count: UInt64) -> Range<UInt64> { 0..<min(count, mostSeeds) }

/// All of `cases`; every eighth where seeds are cut, for reading many of a kind is slow there.
public func cases<Case>(_ cases: [Case]) -> [Case] {
  mostSeeds == .max ? cases : cases.indices.filter { $0 % 8 == 0 }.map { cases[$0] }
}

private let mostSeeds = getenv("FERRY_TEST_SEEDS").flatMap { UInt64(String(cString: $0)) } ?? .max
