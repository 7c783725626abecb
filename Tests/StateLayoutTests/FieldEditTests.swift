import StateLayout
import StateTestSupport
import Testing

@Suite struct FieldEditTests {
  private func layout() throws -> Layout {
    try Layout(
      parsing: """
        meta: { id: t, endian: le, encoding: ASCII }
        seq:
          - { id: state, type: s1, enum: state }
          - { id: bits, type: u2, -ferry-flags: bits }
          - { id: length, type: u2 }
          - { id: name, type: str, size: length }
          - { id: raw, size: 2 }
          - { id: marks, type: mark, repeat: eos }
        types:
          mark: { seq: [{ id: a, type: u1, valid: { max: 9 } }], instances: { twice: { value: a * 2 } } }
        enums:
          state: { -1: broken, 0: idle, "-2": gone }
          bits: { 1: one, 4: four }
        """)
  }

  private let bytes: [UInt8] = [0, 0, 0, 2, 0, 65, 66, 1, 2, 3, 4]

  private func edit(_ edits: String...) throws -> [UInt8] {
    let result = try layout().edit(StateBytes(bytes), try edits.map(FieldEdit.init))
    return try #require(result.payload.loadedBytes)
  }

  @Test(
    arguments: [
      ("state=broken", [0xff, 0, 0, 2, 0, 65, 66, 1, 2, 3, 4]),
      ("state=gone", [0xfe, 0, 0, 2, 0, 65, 66, 1, 2, 3, 4]),
      ("state=-2", [0xfe, 0, 0, 2, 0, 65, 66, 1, 2, 3, 4]),
      ("bits=one | four", [0, 5, 0, 2, 0, 65, 66, 1, 2, 3, 4]),
      ("bits=0x104", [0, 4, 1, 2, 0, 65, 66, 1, 2, 3, 4]),
      ("name=x=y", [0, 0, 0, 3, 0, 120, 61, 121, 1, 2, 3, 4]),
      ("name=", [0, 0, 0, 0, 0, 1, 2, 3, 4]),
      ("raw=7f FF", [0, 0, 0, 2, 0, 65, 66, 0x7f, 0xff, 3, 4]),
      ("marks[1].a=9", [0, 0, 0, 2, 0, 65, 66, 1, 2, 3, 9]),
      ("marks[].a=0", [0, 0, 0, 2, 0, 65, 66, 1, 2, 0, 0]),
    ] as [(String, [UInt8])])
  func aFieldIsChangedAndLengthsFollow(_ text: String, _ wanted: [UInt8]) throws {
    #expect(try edit(text) == wanted)
  }

  @Test func whatFollowsIsAmongTheChanges() throws {
    let result = try layout().edit(StateBytes(bytes), [try FieldEdit("name=xyz")])
    #expect(result.changes.differences.map(\.path) == ["length", "name"])
  }

  @Test(
    arguments: [
      "state=nothing", "bits=one|two", "bits=", "length=3", "raw=7f", "raw=7f+1", "raw=xy",
      "marks=1", "marks[0]=1", "marks[0].twice=4", "marks[7].a=1", "bits=65536", "nothing=1",
    ])
  func whatCannotBeIsRefused(_ text: String) throws {
    #expect(throws: EditError<Never>.self) { try edit(text) }
  }

  @Test func whatIsUnsoundThenIsRefusedWithItsField() throws {
    let layout = try layout()
    let edits = [try FieldEdit("marks[1].a=10")]
    do throws(EditError<Never>) {
      _ = try layout.edit(StateBytes(bytes), edits)
      Issue.record("expected an unsound state to be refused")
    } catch {
      guard case .unsound(let finding, let count) = error else {
        Issue.record("expected a finding, found \(error)")
        return
      }
      #expect(finding.path == "marks[1].a" && count == 1)
    }
  }

  @Test(arguments: ["state", "", "=1", "a..b=1"])
  func whatIsNoChangeIsRefused(_ text: String) {
    #expect(throws: LayoutError.self) { try FieldEdit(text) }
  }

  @Test(arguments: LayoutCase.all.filter { $0.seed < 2 })
  func aStateWithTheValueThatItHadStaysAsItWas(_ state: LayoutCase) throws {
    let layout = try ShippedLayoutTests.layout(state.name)
    let bytes = try RandomState.bytes(of: state.name, seed: state.seed)
    var edits: [FieldEdit] = []
    for field in layout.dissect(bytes).root.fields where field.origin == .sequence {
      if let value = field.integer { edits.append(try FieldEdit("\(field.name)=\(value)")) }
    }
    let result = try layout.edit(StateBytes(bytes), edits)
    #expect(result.payload.loadedBytes == bytes && result.changes.count == 0)
  }
}
