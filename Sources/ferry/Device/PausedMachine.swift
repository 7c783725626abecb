import ByteIO
import DeviceServer
import Devices
import Inputs
import Migration
import MigrationStream
import StreamIO

extension PausedMachine {
  /// The VM that the options name, for the devices of a stream that are restored onto served ones;
  /// nil if they name none.
  init?(
    _ options: PauseOptions, _ open: OpenDevices, _ targets: [ReplayTarget], file: String,
    _ limits: DecodingLimits
  ) throws {
    guard let path = options.qmp else { return nil }
    guard file != "-" else {
      throw CommandError.usage("--qmp needs a stream in a file, for it is read twice")
    }
    let stream = try ArchivedState(StreamArchive(InputFile(path: file), limits: limits))
    let devices = try options.devices(open.controls)
    var records: [(device: UInt16, ConfigurationRecord?, target: PausedVM.Device)] = []
    for number in open.controls.keys.sorted().map({ targets[$0].number }) {
      guard let introduction = try stream.introduction(of: number) else {
        throw CommandError.no(
          "\(file): expected a device \(number), found \(stream.catalog.devices.count)")
      }
      records.append((number, introduction.configuration, devices[records.count]))
    }
    do throws(QMPError) {
      try self.init(path: path, records: records)
    } catch {
      throw CommandError(error, path)
    }
  }
}

extension CommandError {
  /// The end of a command that has touched no device: by a signal if one came, for it is why
  /// servers were not waited for.
  static func signalOr(_ error: ControlRefusal) -> any Error {
    guard let signal = SignalGuard.signal else { return error }
    return CommandError.signal(signal, "ended by a signal\n  no device was touched")
  }

  /// What QEMU did not do at the monitor `path`.
  init(_ error: QMPError, _ path: String) {
    if error == .system(.interrupted), let signal = SignalGuard.signal {
      self = .signal(signal, "\(path): ended by a signal; the VM is as it was")
      return
    }
    switch error {
    case .unsuitable: self = .no("\(path): \(error)")
    default: self = .input("\(path): \(error)")
    }
  }
}
