import DeviceTestSupport
import EmulatedDevices
import StateLayout
import StateTranslation
import TestSupport
import Testing

@Suite struct TranslationMatrixTests {
  /// The page of the documentation is what the command prints.
  @Test func theDocumentationHasTheTable() throws {
    let path = Corpus.root + "/Sources/EmulatedDevices/EmulatedDevices.docc/Matrix.md"
    let page = String(decoding: try Corpus.contents(path), as: UTF8.self)
    let parts = page.components(fencedBy: "```")
    #expect(try #require(parts.dropFirst().first) == "\n" + TranslationMatrix().text)
  }

  @Test func whatIsAcceptedIsOfTheTarget() throws {
    let matrix = try TranslationMatrix()
    #expect(matrix.cells.count == matrix.devices.count * matrix.devices.count)
    for cell in matrix.cells {
      let isSame = cell.source == cell.target
      #expect(!isSame || cell.verdict == .accepted, "\(matrix.devices[cell.source])")
      // A driver never refuses what a translation says it will take.
      #expect(cell.translated == nil)
      // A translation never refuses a device what its own kind handed out.
      #expect(!isSame || cell.report.isAccepted)
    }
  }
}

extension String {
  /// The parts between lines of `fence`.
  fileprivate func components(fencedBy fence: String) -> [String] {
    var parts = [""]
    for line in split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix(fence) {
        parts.append("\n")
      } else {
        parts[parts.count - 1] += line + "\n"
      }
    }
    return parts
  }
}
