import ByteIO
import Devices
import Migration
import MigrationStream
import PCIConfig
import QEMUStream
import Reports
import StreamIO
import SystemPackage
import Testing
import YAMLReader

@Suite struct FailureReportTests {
  private func report(
    _ devices: [FailureReport.Device]?, partial: JSONValue? = nil
  ) -> FailureReport {
    FailureReport(
      ErrorDetail(DeviceError(.reset, .inputOutput), device: 3), message: "it failed", exitCode: 7,
      devices: devices, partial: partial)
  }

  @Test func everyOutcomeHasItsWord() throws {
    let error = DeviceError(.reset, .busy)
    let outcomes: [(DeviceOutcome?, JSONValue)] = [
      (nil, ["outcome": .string("untouched")]),
      (.runningAsBefore, ["outcome": .string("running-as-before")]),
      (.restored, ["outcome": .string("restored")]),
      (.stopped, ["outcome": .string("stopped")]),
      (.fresh, ["outcome": .string("fresh")]),
      (.reset, ["outcome": .string("reset")]),
      (
        .unusable(.stopCopy, error),
        [
          "outcome": .string("unusable"), "state": .string("STOP_COPY"), "errno": .string("EBUSY"),
        ]
      ),
      (
        .unusable(nil, error),
        ["outcome": .string("unusable"), "errno": .string("EBUSY")]
      ),
    ]
    for (outcome, expected) in outcomes {
      let json = report([.init(4, name: "vfio:x", outcome: outcome)]).json
      let place: JSONValue = ["index": .number(4), "name": .string("vfio:x")]
      #expect(json["devices"] == .array([place.merged(with: expected)]))
    }
  }

  @Test func aCommandWithoutDevicesHasNone() {
    let json = report(nil).json
    #expect(json["devices"] == nil)
    #expect(
      json["error"] == [
        "code": .string("device"), "message": .string("it failed"), "device": .number(3),
        "errno": .string("EIO"), "exitCode": .number(7),
      ])
  }

  @Test func theReportThatItHadComeToIsKeptButForTheDevices() {
    let json = report(
      [.init(0, name: "a", outcome: nil)],
      partial: ["compatible": .bool(false), "devices": .array([]), "error": .null]
    ).json
    #expect(json["compatible"] == .bool(false))
    #expect(json.members.map(\.key) == ["error", "devices", "compatible"])
    guard case .array(let devices)? = json["devices"] else {
      Issue.record("no devices")
      return
    }
    #expect(devices.count == 1)
  }

  @Test func errorsOfEachModuleKeepTheirPlaces() {
    let stream = ErrorDetail(
      StreamIOError(
        "a.dms",
        .stream(
          StreamError(.torn, at: 500, record: 3, device: 1, expected: "more", found: "the end"))))
    #expect(
      stream.json(message: "m") == [
        "code": .string("torn"), "message": .string("m"), "file": .string("a.dms"),
        "offset": .number(500), "record": .number(3), "device": .number(1),
        "expected": .string("more"), "found": .string("the end"),
      ])
    let system = ErrorDetail(
      StreamIOError("b", .system(.noSuchFileOrDirectory, attempting: "open")))
    #expect(system.code == "system")
    #expect(system.errno == "ENOENT")
    let dump = ErrorDetail(PCIConfigError(.dump, at: .text(line: 7, column: 2), "m"), file: "d.txt")
    #expect(dump.code == "dump")
    #expect(dump.line == 7)
    #expect(dump.column == 2)
    let space = ErrorDetail(PCIConfigError(.noDevice, at: .offset(0x40), "m"), file: nil)
    #expect(space.code == "no-device")
    #expect(space.offset == 0x40)
    let yaml = ErrorDetail(
      YAMLError(.unknown, at: YAMLMark(line: 3, column: 4), "m"), file: "p.yaml")
    #expect(yaml.code == "unknown")
    #expect(yaml.line == 3)
    let placed = ErrorDetail(
      QEMUStreamError(.malformed, at: 9, expected: "a", found: "b"), file: "q")
    #expect(placed.offset == 9)
    let placeless = ErrorDetail(
      QEMUStreamError(.noMainChannel, at: 0, expected: "a", found: "b"), file: "q")
    #expect(placeless.code == "no-main-channel")
    #expect(placeless.offset == nil)
  }
}
