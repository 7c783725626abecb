import Testing
import VFIO

@Suite struct KernelStructureTests {
  @Test func requestsHaveTheKernelsNames() {
    #expect(IoctlRequest(named: "VFIO_DEVICE_FEATURE")?.rawValue == 15221)
  }
}
