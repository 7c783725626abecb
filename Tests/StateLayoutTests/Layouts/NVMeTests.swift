import StateLayout
import StateTestSupport
import TestSupport
import Testing

/// Both packings of a controller's state.
@Suite struct NVMeTests {
  struct Form: Sendable, CustomTestStringConvertible {
    let name: String
    let packing: NVMeState.Packing
    let headerByteCount: Int
    var testDescription: String { name }

    static let all = [
      Form(name: "nvme-tp4159", packing: .specification, headerByteCount: 48),
      Form(name: "nvme-linux-rfc", packing: .linux, headerByteCount: 20),
    ]
  }

  @Test(arguments: Form.all) func everyFieldIsTakenApart(form: Form) throws {
    let state = NVMeState.sample(form.packing)
    // Three queues of 24 bytes, or one of 22 with two of padding.
    #expect(state.bytes.count == form.headerByteCount + 8 + 72 + 4)
    let tree = try expectSound(state.bytes, form.name)
    #expect(tree.integer("csattr") == 1)
    #expect(tree.integer("nvmecss") == 20)
    #expect(tree.integer("vss") == 1)
    #expect(tree.integer("nvmecs.niosq") == 2)
    #expect(tree.integer("nvmecs.submission_queues[1].prp1") == 0x5_0000)
    #expect(tree.integer("nvmecs.submission_queues[1].qsize") == 1024)
    #expect(tree.integer("nvmecs.submission_queues[1].cqid") == 1)
    #expect(tree["nvmecs.submission_queues[1].priority"]?.meaning == "medium")
    #expect(tree.integer("nvmecs.submission_queues[1].head") == 1000)
    #expect(tree.integer("nvmecs.completion_queues[0].tail") == 4)
    #expect(tree.integer("nvmecs.completion_queues[0].interrupts_enabled") == 1)
    #expect(tree.integer("nvmecs.completion_queues[0].phase") == 0)
    #expect(
      tree.integer("nvmecs.completion_queues[0].vector")
        == (form.packing == .specification ? 1 : nil))
    #expect(tree["vendor_specific"]?.payload?.loadedBytes == [1, 2, 3, 4])
  }

  @Test(arguments: Form.all, seeds(30))
  func randomStatesAreSound(form: Form, seed: UInt64) throws {
    try expectSound(NVMeState.random(form.packing, seed: seed).bytes, form.name)
  }

  /// The lengths in the header, which grow with the queues, are no other layout's words.
  @Test(arguments: Form.all, [nil, "nvme_vfio_pci"])
  func anyNumberOfQueuesIsRecognised(form: Form, driver: String?) throws {
    let counts = Array(0...130 as ClosedRange<UInt16>) + [256, 341, 512, 700, 1024, 5461, 8192]
    // The proposal's controller state has at most 1024 units of four bytes.
    for count in counts where form.packing == .specification || count <= 88 {
      for (address, vendorState) in [(0x1000, []), (0x7_0000_4000, [1, 2, 3, 4])]
        as [(UInt64, [UInt8])]
      {
        let state = NVMeState(
          packing: form.packing,
          submissionQueues: (0..<count).map {
            .init(address: address, id: $0 + 1, completionQueue: $0 + 1)
          }, completionQueues: (0..<count).map { .init(id: $0 + 1) }, vendorState: vendorState)
        let bytes = state.bytes
        let detection = Layout.detect(
          prefix: Array(bytes.prefix(512)), byteCount: UInt64(bytes.count), driver: driver)
        #expect(
          detection.best?.layout.name == form.name,
          "\(count) queues: \(detection.candidates.map(\.reason))")
      }
    }
  }

  @Test(arguments: Form.all) func everyCutIsFound(form: Form) throws {
    try expectEveryCutFound(NVMeState.sample(form.packing).bytes, form.name)
  }

  @Test(arguments: Form.all) func queuesCanBeTakenOut(form: Form) throws {
    var tree = try expectSound(NVMeState.sample(form.packing).bytes, form.name)
    try tree.root.update("nvmecs.submission_queues") { node in
      guard case .list(var items) = node.content else { return }
      items.first.removeLast()
      node.content = .list(items)
    }
    try tree.set("vendor_specific", to: [])
    var expected = NVMeState.sample(form.packing)
    expected.submissionQueues.removeLast()
    expected.vendorState = []
    let bytes = try tree.encodedBytes()
    #expect(bytes == expected.bytes)
  }

  @Test(arguments: Form.all) func whatIsFound(form: Form) throws {
    func expectOne(
      _ severity: LayoutFinding.Severity, at path: String, _ words: String, among count: Int = 1,
      sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout NVMeState) -> Void
    ) throws {
      var state = NVMeState.sample(form.packing)
      change(&state)
      try StateLayoutTests.expectOne(
        severity, at: path, words, in: state.bytes, form.name, among: count,
        sourceLocation: sourceLocation)
    }
    try expectOne(.error, at: "ver", "expected 0") { $0.version = 2 }
    try expectOne(.error, at: "csattr", "suspended") { $0.attributes = 0 }
    try expectOne(.warning, at: "csattr", "at most 1") { $0.attributes = 3 }
    try expectOne(.warning, at: "reserved", "expected") { $0.reserved[12] = 1 }
    try expectOne(.error, at: "nvmecs.ver", "expected 0") { $0.innerVersion = 2 }
    try expectOne(.warning, at: "nvmecs.reserved", "expected 0") { $0.innerReserved = 1 }
    try expectOne(.error, at: "nvmecs.submission_queues[1]", "submission queue once") {
      $0.submissionQueues[1].id = 1
    }
    try expectOne(.error, at: "nvmecs.completion_queues[1]", "completion queue once") {
      $0.completionQueues.append($0.completionQueues[0])
    }
    try expectOne(.error, at: "nvmecs.submission_queues[0].qid", "at least 1") {
      $0.submissionQueues[0].id = 0
    }
    try expectOne(.error, at: "nvmecs.submission_queues[0].cqid", "at least 1") {
      $0.submissionQueues[0].completionQueue = 0
    }
    try expectOne(.error, at: "nvmecs.submission_queues[1]", "the completion queue 3 of") {
      $0.submissionQueues[1].completionQueue = 3
    }
    // Once for each queue that is not there.
    try expectOne(.error, at: "nvmecs.submission_queues[0]", "the completion queue 1 of") {
      $0.completionQueues = []
    }
    try StateLayoutTests.expectOne(
      .error, at: "nvmecs.completion_queues[0].qid", "at least 1",
      in: {
        var state = NVMeState.sample(form.packing)
        state.completionQueues[0].id = 0
        return state.bytes
      }(), form.name, among: 2)
    try expectOne(.error, at: "nvmecs.submission_queues[0].qsize", "at least 1") {
      ($0.submissionQueues[0].size, $0.submissionQueues[0].head) = (0, 0)
      $0.submissionQueues[0].tail = 0
    }
    try expectOne(.error, at: "nvmecs.completion_queues[0].qsize", "at least 1") {
      ($0.completionQueues[0].size, $0.completionQueues[0].head) = (0, 0)
      $0.completionQueues[0].tail = 0
    }
    try expectOne(.error, at: "nvmecs.submission_queues[0]", "size 64") {
      $0.submissionQueues[0].head = 65
    }
    try expectOne(.error, at: "nvmecs.submission_queues[0]", "size 64") {
      $0.submissionQueues[0].tail = 65
    }
    try expectOne(.error, at: "nvmecs.completion_queues[0]", "size 2048") {
      $0.completionQueues[0].head = 2049
    }
    try expectOne(.error, at: "nvmecs.completion_queues[0]", "size 2048") {
      $0.completionQueues[0].tail = 2049
    }
    try expectOne(.warning, at: "nvmecs.submission_queues[0].prp1", "begin with a page") {
      $0.submissionQueues[0].address = 0x1_0008
    }
    try expectOne(.warning, at: "nvmecs.completion_queues[0].prp1", "begin with a page") {
      $0.completionQueues[0].address = 0x1_0008
    }
    try expectOne(.warning, at: "nvmecs.submission_queues[0]", "reserved") {
      $0.submissionQueues[0].attributes = 9
    }
    try expectOne(.warning, at: "nvmecs.submission_queues[0]", "reserved") {
      $0.submissionQueues[0].reserved = 1
    }
    try expectOne(.warning, at: "nvmecs.completion_queues[0]", "reserved") {
      $0.completionQueues[0].attributes = 0x1_000b
    }
    try expectOne(.warning, at: "nvmecs.completion_queues[0]", "reserved") {
      $0.completionQueues[0].reserved = 1
    }
    try expectOne(.error, at: "nvmecs", "fill the controller's state", among: 2) {
      $0.padding = Array(repeating: 0, count: form.packing == .specification ? 4 : 6)
    }
    try expectOne(.error, at: "vendor_specific", "expected 8 bytes") { $0.vendorSize = 2 }
    try expectOne(.error, at: "", "4 more") { $0.vendorSize = 0 }
  }

  @Test func sizesOf128Bits() throws {
    let bytes = NVMeState.sample(.specification).bytes
    for (offset, path) in [(24, "nvmecss_high"), (40, "vss_high")] {
      try expectOne(
        .error, at: path, "expected 0", in: bytes.replacing(1 as UInt8, at: offset), "nvme-tp4159")
    }
  }

  @Test func limitsOfTheLinuxDriver() throws {
    var state = NVMeState.sample(.linux)
    state.vendorState = Array(repeating: 1, count: 4 * 1025)
    try expectOne(.error, at: "vss", "at most 1024", in: state.bytes, "nvme-linux-rfc")
    state = NVMeState.sample(.linux)
    state.submissionQueues = (1...171).map { .init(id: $0, completionQueue: 1) }
    try expectOne(.error, at: "nvmecss", "at most 1024", in: state.bytes, "nvme-linux-rfc")
  }

  @Test func statesWithoutAnyQueue() throws {
    for form in Form.all {
      let bytes = [0, 0, 1] + Array(repeating: 0 as UInt8, count: form.headerByteCount - 3)
      try expectOne(.error, at: "nvmecs.ver", "found 0", in: bytes, form.name)
    }
  }
}
