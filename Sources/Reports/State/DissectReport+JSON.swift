import ByteIO
import StateLayout

extension DissectReport {
  /// Gives the JSON to `sink` in pieces of some KiB; no line feed at its end.
  ///
  /// - Parameters:
  ///   - failure: what the command ends with, if it is no success; its members are the first.
  ///   - sink: takes the pieces.
  public func writeJSON<Failure: Error>(
    failure: FailureReport? = nil, to sink: (String) throws(Failure) -> Void
  ) throws(Failure) {
    try tree.writeJSON(
      behind: failure?.json.members ?? [], detection: detection, driver: driver,
      checksums: checksums, selection: selection, levels: levels, to: sink)
  }
}
