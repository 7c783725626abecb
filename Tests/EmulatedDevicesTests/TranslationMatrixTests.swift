import DeviceTestSupport
import EmulatedDevices
import StateLayout
import StateTranslation
import TestSupport
import Testing

@Suite struct TranslationMatrixTests {
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
