public import QEMUStream
public import StreamIO

extension DeviceSelector {
  /// Whether this may be the id or the address of a function that QEMU emulates.
  public var mayMeanEmulatedFunction: Bool { text.contains(":") && !text.hasSuffix("/vfio") }
}

extension QEMUMigrationContent {
  /// The numbers of the VFIO devices that are meant: the one of `selector`, or all without one.
  /// `path` is the file of the main channel.
  ///
  /// - Throws: `InputError` with cause `qemuStream` if there is none because the stream cannot be
  ///   read on, else with `unsuitable`; with `absent` if the selector means none of them.
  public func numbers(
    of selector: DeviceSelector?, in path: String
  ) throws(InputError) -> [Int] {
    if catalog.vfioDevices.isEmpty {
      if let defect { throw InputError(defect) }
      throw InputError(path, .unsuitable(expected: "a VFIO device", found: "none"))
    }
    guard let selector else { return Array(catalog.vfioDevices.indices) }
    return [Int(try selector.number(among: catalog.vfioDevices.map { $0.id as String? }, in: path))]
  }

  /// The function that QEMU emulates and `selector` means, by its id or its address; nil if none
  /// may be meant.
  fileprivate func emulatedFunction(
    _ selector: DeviceSelector, in path: String
  ) throws(InputError) -> EmulatedFunction? {
    let named = emulatedFunctions(named: selector.text)
    if named.count == 1 { return named[0] }
    guard named.isEmpty, Int(selector.text) == nil else { return nil }
    if let defect { throw InputError(defect) }
    throw InputError(
      path,
      .unsuitable(
        expected: "a VFIO device or \(emulatedFunctionList)", found: "no '\(selector.text)'"))
  }

  /// The functions that QEMU emulates, as many as an error can name and still be read.
  fileprivate var emulatedFunctionList: String {
    let functions = emulatedFunctions
    guard !functions.isEmpty else {
      return "a function that QEMU emulates, of which there is none,"
    }
    let names = functions.prefix(16).map(\.name).joined(separator: ", ")
    return "one of the functions that QEMU emulates (\(names)"
      + (functions.count > 16 ? " … \(functions.count) in all)" : ")")
  }
}

extension QEMUMigration where Failure == StreamIOError, Input: ~Copyable {
  /// The configuration space that the stream has of a device, and how the device comes into the
  /// machine.
  ///
  /// Of a function that QEMU emulates the main channel is read once more.
  ///
  /// - Parameters:
  ///   - selector: a VFIO device, or a function that QEMU emulates; the only VFIO device if it is
  ///     nil.
  ///   - content: what was read of this migration.
  /// - Throws: `InputError` with cause `unsuitable` or `absent` if not just one device is meant, or
  ///   the stream has no space of it; with `qemuStream` if it cannot be read on.
  public func space(
    of selector: DeviceSelector?, in content: QEMUMigrationContent
  ) throws(InputError) -> (bytes: [UInt8], function: QEMUFunction) {
    let path = main.name
    let devices = content.catalog.vfioDevices
    if let selector, !devices.contains(where: { $0.id == selector.text }),
      let function = try content.emulatedFunction(selector, in: path)
    {
      do throws(QEMUReadError<StreamIOError>) {
        return (try space(of: function), .emulated)
      } catch {
        switch error {
        case .stream(let cause): throw InputError(path, .qemuStream(cause))
        case .source(let cause): throw InputError(path, .file(cause))
        }
      }
    }
    if selector == nil, devices.isEmpty, content.defect == nil {
      throw InputError(
        path,
        .unsuitable(
          expected: "a VFIO device",
          found: "none: choose \(content.emulatedFunctionList) with --device"))
    }
    let numbers = try content.numbers(of: selector, in: path)
    guard numbers.count == 1 else {
      throw InputError(
        path,
        .unsuitable(
          expected: "one VFIO device", found: "\(numbers.count): choose one with --device"))
    }
    let device = devices[numbers[0]]
    guard let record = device.configuration else {
      if let defect = content.defect { throw InputError(defect) }
      throw InputError(
        path, .unsuitable(expected: "a configuration record of \(device.id)", found: "none"))
    }
    return (record.space, .assigned)
  }
}

extension InputError {
  fileprivate init(_ defect: (path: String, error: QEMUStreamError)) {
    self.init(defect.path, .qemuStream(defect.error))
  }
}
