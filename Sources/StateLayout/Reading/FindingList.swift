/// Findings as they come, the first of them kept.
struct FindingList {
  private(set) var findings: [LayoutFinding] = []
  private(set) var more: UInt64 = 0
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  mutating func add(_ finding: LayoutFinding) {
    if findings.count < limit {
      findings.append(finding)
    } else if finding.severity == .error,
      let index = findings.firstIndex(where: { $0.severity != .error })
    {
      // An error must not go unseen behind notes.
      findings.remove(at: index)
      findings.append(finding)
      more += 1
    } else {
      more += 1
    }
  }
}
