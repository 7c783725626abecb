import Handover
import TestSupport
import Testing

@Suite struct TunnelOrderTests {
  /// Pieces that go over several connections, each in its order, come out as they were sent.
  @Test(arguments: seeds(64))
  func piecesComeOutInTheirOrderWhicheverWayTheyCome(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let sizes = (0..<Int.random(in: 1...60, using: &random)).map { _ in
      Int.random(in: 1...3000, using: &random)
    }
    var lanes = [[(position: UInt64, byteCount: Int, number: Int)]](
      repeating: [], count: .random(in: 1...16, using: &random))
    var position: UInt64 = 0
    for (number, size) in sizes.enumerated() {
      lanes[.random(in: 0..<lanes.count, using: &random)].append((position, size, number))
      position += UInt64(size)
    }
    var order = TunnelOrder<Int>(permitted: position)
    var taken: [Int] = []
    let endAt = Int.random(in: 0...sizes.count, using: &random)
    for step in 0...sizes.count {
      // The end may come before what it ends.
      if step == endAt { try order.finish(at: position) }
      guard step < sizes.count else { break }
      let lane = try #require(
        lanes.indices.filter { !lanes[$0].isEmpty }.randomElement(using: &random))
      let piece = lanes[lane].removeFirst()
      try order.add(piece.number, at: piece.position, byteCount: piece.byteCount)
      #expect(throws: TunnelDamage.self) {
        try order.add(piece.number, at: piece.position, byteCount: piece.byteCount)
      }
      if Bool.random(using: &random) { while let next = order.take() { taken.append(next) } }
      #expect(!order.isComplete || taken.count == sizes.count)
    }
    while let next = order.take() { taken.append(next) }
    #expect(taken == Array(sizes.indices))
    #expect(order.isComplete && order.pieceCount == 0 && order.next == position)
  }

  @Test func whatOverlapsIsRefused() throws {
    var order = TunnelOrder<Int>(permitted: 100)
    try order.add(1, at: 10, byteCount: 10)
    for (position, byteCount) in [(10, 1), (9, 2), (0, 11), (19, 1), (15, 30), (5, 50)] {
      #expect(throws: TunnelDamage.self) {
        try order.add(2, at: UInt64(position), byteCount: byteCount)
      }
    }
    try order.add(2, at: 20, byteCount: 5)
    try order.add(0, at: 0, byteCount: 10)
    #expect([order.take(), order.take(), order.take(), order.take()] == [0, 1, 2, nil])
    #expect(throws: TunnelDamage.self) { try order.add(3, at: 24, byteCount: 1) }
  }

  @Test func nobodySendsMoreThanItMay() throws {
    var order = TunnelOrder<Int>(permitted: 100)
    #expect(throws: TunnelDamage.self) { try order.add(1, at: 100, byteCount: 1) }
    #expect(throws: TunnelDamage.self) { try order.add(1, at: 0, byteCount: 101) }
    try order.add(1, at: 0, byteCount: 100)
    #expect(throws: TunnelDamage.self) { try order.add(2, at: 100, byteCount: 1) }
    order.permit(1)
    try order.add(2, at: 100, byteCount: 1)
  }

  @Test func anEndIsOneAndBehindAll() throws {
    var order = TunnelOrder<Int>(permitted: 100)
    try order.add(1, at: 10, byteCount: 10)
    #expect(throws: TunnelDamage.self) { try order.finish(at: 19) }
    try order.finish(at: 20)
    #expect(throws: TunnelDamage.self) { try order.finish(at: 20) }
    #expect(throws: TunnelDamage.self) { try order.add(2, at: 20, byteCount: 1) }
    #expect(order.take() == nil && !order.isComplete)
    try order.add(0, at: 0, byteCount: 10)
    #expect(order.take() == 0 && order.take() == 1 && order.isComplete)
  }
}
