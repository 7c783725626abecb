import PCIConfig
import Testing

@Suite struct ConfigSpaceTests {
  @Test func sizeIsChecked() {
    let error = #expect(throws: PCIConfigError.self) { try ConfigSpace([0]) }
    #expect(error?.code == .size)
  }
}
