import Handover
import Testing

@Suite struct DecisionTests {
  @Test func theSourcesDecisionsFollowInTheseOrdersAndNoOther() {
    let followed: [SourceDecision: Set<SourceDecision>] = [
      .begun: [.aborted, .commit],
      .commit: [.handedOver, .inDoubt, .otherIsDead, .takenBack, .lost],
      .inDoubt: [.handedOver, .otherIsDead, .takenBack, .lost],
      .otherIsDead: [.handedOver, .takenBack, .lost],
    ]
    for decision in SourceDecision.allCases {
      let next = Set(SourceDecision.allCases.filter { decision.isFollowed(by: $0) })
      #expect(next == followed[decision] ?? [], "\(decision)")
      #expect(decision.isEnd == next.isEmpty)
    }
  }

  @Test func theTargetsDecisionsFollowInTheseOrdersAndNoOther() {
    let followed: [TargetDecision: Set<TargetDecision>] = [
      .begun: [.prepared, .aborted],
      .prepared: [.aborted, .commit],
      .commit: [.running, .failed],
    ]
    for decision in TargetDecision.allCases {
      let next = Set(TargetDecision.allCases.filter { decision.isFollowed(by: $0) })
      #expect(next == followed[decision] ?? [], "\(decision)")
      #expect(decision.isEnd == next.isEmpty)
    }
  }

  /// Whatever both journals can say together when a connection is lost, no source that believes the
  /// target runs its devices beside it.
  @Test func noTwoRun() {
    func journals<Decision: JournalDecision & CaseIterable>(
      _ type: Decision.Type
    ) -> [[Decision]] {
      var result: [[Decision]] = [[Decision.first]]
      var index = 0
      while index < result.count {
        let journal = result[index]
        for next in Decision.allCases where journal[journal.count - 1].isFollowed(by: next) {
          result.append(journal + [next])
        }
        index += 1
      }
      return result
    }
    let targets = journals(TargetDecision.self)
    #expect(targets.count == 7)
    for target in targets {
      let runs = target.contains(.commit) && !target.contains(.failed)
      switch target[target.count - 1].meansRunning {
      case true?: #expect(runs)
      case false?: #expect(!runs)
      case nil: #expect(!target[target.count - 1].isEnd)
      }
    }
    // It never takes its devices back without having been in a state from which it may be told to.
    for source in journals(SourceDecision.self) where source.last == .takenBack {
      #expect(source.contains(.commit))
    }
  }
}
