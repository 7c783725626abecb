extension UInt64 {
  /// The sum, or the largest number if there is none: what a driver says of sizes may be
  /// anything.
  package func addingSaturating(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
