import MigrationStream

/// The records of the device that `--device` names, picked out as they come: only those of devices that it may still
/// mean are kept.
struct SelectedDevice {
  private let selector: DeviceSelector
  private let path: String
  private var names: [String?] = []
  private var candidates: [UInt16: [Record]] = [:]
  private(set) var number: UInt16?

  init(_ selector: DeviceSelector, in path: String) {
    self.selector = selector
    self.path = path
  }

  /// Takes note of a record before the first chunk, summary or end.
  mutating func note(_ record: Record) {
    switch record {
    case .identity(let identity, let device):
      // A damaged stream may have lost the identities before this one.
      while names.count < Int(device) { names.append(nil) }
      guard names.count == Int(device) else { return }
      names.append(identity.name)
      if identity.name == selector.text || "\(device)" == selector.text { candidates[device] = [] }
    case .configuration(_, let device), .interrupts(_, let device), .pasids(_, let device):
      if Int(device) >= names.count && "\(device)" == selector.text {
        candidates[device, default: []].append(record)
      } else {
        candidates[device]?.append(record)
      }
    default: break
    }
  }

  /// Whether `device` is meant, of which a damaged stream may have lost the identity.
  mutating func includes(_ device: UInt16) -> Bool {
    if number == nil && selector.means(device, among: names) { number = device }
    return number == device
  }

  /// Decides which device is meant, once all were introduced.
  mutating func resolve(minimumCount: Int = 0) throws -> UInt16 {
    if let number { return number }
    while names.count < minimumCount { names.append(nil) }
    let number = try selector.number(among: names, in: path)
    self.number = number
    return number
  }

  /// The physical configuration space of the device, or else the synthesised one.
  var configuration: [UInt8]? {
    for case .configuration(let record, _) in records {
      return record.physical ?? record.synthesized
    }
    return nil
  }

  var pasids: PASIDTable? {
    for case .pasids(let table, _) in records { return table }
    return nil
  }

  private var records: [Record] { number.flatMap { candidates[$0] } ?? [] }
}
