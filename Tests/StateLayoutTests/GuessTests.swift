import StateLayout
import TestSupport
import Testing

/// Layouts that nothing in a state speaks for.
@Suite struct GuessTests {
  @Test(arguments: ["mlx5_vfio_pci", "pds_vfio_pci"], seeds(20))
  func whatOnlyTheDriverPointsToIsAGuess(driver: String, seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let state = [0xff] + random.bytes(4 * Int.random(in: 50...500, using: &random) - 1)
    let detection = Layout.detect(prefix: state, byteCount: UInt64(state.count), driver: driver)
    #expect(try #require(detection.best).isGuess)
    let preview = try #require(StatePreview(StateBytes(state), driver: driver))
    #expect(preview.isGuess)
    // That nothing contradicts it says nothing.
    #expect(preview.isComplete == nil)
    #expect(preview.isSound == nil)
    #expect(preview.text.contains("which is a guess"))
  }

  @Test func whatIsWrongForTheDriverIsSaid() throws {
    let state = [UInt8](repeating: 0xfe, count: 70_000)
    let preview = StatePreview(
      prefix: Array(state.prefix(1024)), byteCount: UInt64(state.count), driver: "pds_vfio_pci")
    #expect(preview == nil || preview?.isGuess == true)
  }

  @Test func contentThatSaysWhatItIsIsNoGuess() throws {
    let state = try Corpus.bytes("mtty/mtty2-5.state")
    let preview = try #require(StatePreview(StateBytes(state), driver: nil))
    #expect(!preview.isGuess)
    #expect(preview.isComplete == true)
  }

  @Test(arguments: ["mlx5_vfio_pci", "pds_vfio_pci", nil])
  func textIsNoLayoutWithoutAMark(driver: String?) {
    let text = [UInt8](String(repeating: "an error was found\n", count: 100).utf8)
    let detection = Layout.detect(prefix: text, byteCount: UInt64(text.count), driver: driver)
    #expect(detection.best == nil)
    #expect(detection.candidates.allSatisfy { !$0.isGuess })
  }
}
