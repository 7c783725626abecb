import Devices
import Testing
import VFIO

/// Virtual functions whose physical function vfio-pci holds.
@Suite struct VFTokenTests {
  private static let token = "00112233-4455-6677-8899-aabbccddeeff"
  private static let bytes: [UInt8] = (0..<16).map { UInt8($0 * 0x11) }

  private func kernel(_ platform: EmulatedKernel.Platform = .init()) throws -> EmulatedKernel {
    let kernel = try Fixture.function(platform, driver: "vfio-pci")
    kernel.device?.token = Self.bytes
    let physical = "/sys/devices/pci0000:3a/0000:3b:00.0"
    kernel.links["/sys/devices/pci0000:3a/\(Fixture.slot)/physfn"] = physical
    kernel.links["\(physical)/driver"] = "/sys/bus/pci/drivers/vfio-pci"
    return kernel
  }

  private func failure(_ name: String, in kernel: EmulatedKernel) -> String {
    do {
      _ = try Fixture.open(name, in: kernel)
      return "opened"
    } catch {
      return "\(error)"
    }
  }

  @Test func aTokenIsAUUID() {
    #expect(VFToken(Self.token)?.bytes == Self.bytes)
    #expect(VFToken(Self.token.uppercased())?.description == Self.token)
    for text in ["", "0011", Self.token + "0", Self.token.replacing("a", with: "g"), "\u{ff11}"] {
      #expect(VFToken(text) == nil)
    }
  }

  @Test func theTokenGoesWithTheBinding() throws {
    let kernel = try kernel()
    _ = try Fixture.open("vfio:\(Fixture.slot)?vf-token=\(Self.token)", in: kernel)
    let call = try #require(kernel.calls.first { $0.name == "VFIO_DEVICE_BIND_IOMMUFD" })
    #expect(Array(call.bytes.prefix(8)) == [24, 0, 0, 0, 1, 0, 0, 0] && call.bytes.count == 24)
    #expect(call.memory == Self.bytes)
  }

  @Test func aGroupTakesTheTokenBehindTheName() throws {
    var old = EmulatedKernel.Platform()
    old.takesTokens = false
    let kernel = try kernel(old)
    let name = "vfio:\(Fixture.slot)?interface=group&vf-token=\(Self.token)"
    _ = try Fixture.open(name, in: kernel)
    #expect(
      failure("vfio:\(Fixture.slot)?vf-token=\(Self.token)", in: try self.kernel(old)).contains(
        "interface=group"))
  }

  @Test func anOlderKernelBindsWithoutAToken() throws {
    var old = EmulatedKernel.Platform()
    old.takesTokens = false
    _ = try Fixture.open("vfio:\(Fixture.slot)", in: try kernel(old))
    #expect(
      failure("vfio:\(Fixture.slot)?interface=group", in: try kernel(old)).contains("EACCES"))
  }

  @Test(arguments: ["", "?interface=group"])
  func withoutItTheRefusalSaysWhatIsMissing(parameters: String) throws {
    let kernel = try kernel()
    let text = failure("vfio:\(Fixture.slot)\(parameters)", in: kernel)
    for word in ["EACCES", "0000:3b:00.0", "vfio-pci", "?vf-token=UUID"] {
      #expect(text.contains(word), "\(text)")
    }
    #expect(kernel.openCount == 0)
  }

  @Test func anotherTokenIsNotTheOne() throws {
    let other = Self.token.replacing("f", with: "e")
    let text = failure("vfio:\(Fixture.slot)?vf-token=\(other)", in: try kernel())
    #expect(text.contains("EACCES") && text.contains("is not the one"), "\(text)")
    let none = try Fixture.function(driver: "vfio-pci")
    #expect(
      failure("vfio:\(Fixture.slot)?vf-token=\(other)", in: none).contains("takes no VF token"))
    for parameters in ["vf-token=1", "vf-token=\(other)&vf-token=\(other)", "token=1"] {
      let text = failure("vfio:\(Fixture.slot)?\(parameters)", in: none)
      #expect(text.contains("vf-token=UUID"), "\(text)")
    }
  }
}
