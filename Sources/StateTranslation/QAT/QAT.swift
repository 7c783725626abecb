import ByteIO
import Devices
import YAMLReader

extension DriverFamily {
  static let qat = DriverFamily(
    driver: "qat_vfio_pci",
    translations: [QATTranslation()],
    facts: .group("qat", \.qat),
    readState: { tree, facts in facts.qat = QATTranslation().facts(of: tree) },
    meanings: [
      ErrnoMeaning(
        .write, .invalid,
        "the capabilities or services of the source are not those of this device"),
      ErrnoMeaning(
        .load, .invalid,
        "a section of the state is missing or unsound, or a service level of the source "
          + "is not this device's"),
    ])
}

extension DeviceFacts {
  /// The facts of the family qat, below the key `qat`.
  public var qat: QAT? {
    get { self[QAT.self] }
    set { self[QAT.self] = newValue }
  }

  /// A virtual function of an Intel QuickAssist accelerator.
  public struct QAT: Sendable, Hashable {
    /// The number of the virtual function; its ring pairs are 4·n to 4·n + 3 of the physical
    /// function's.
    public var virtualFunction: Int?
    /// The general capabilities (`gencap`).
    public var capabilities: UInt64?
    /// The extended data compression capabilities (`extdc`).
    public var compressionCapabilities: UInt64?
    /// Which service each ring pair has (`svcmap`).
    public var serviceMap: UInt64?
    /// The service level agreements that the physical function has set for the function's ring
    /// pairs.
    public var serviceLevels: [ServiceLevel]?

    public init() {}

    /// One service level agreement.
    public struct ServiceLevel: Sendable, Hashable {
      /// The service, as the layout `qat` numbers it (`service`).
      public var service: UInt32
      /// The ring pairs of the physical function, by their bits.
      public var ringPairs: UInt64
      /// The rate that the service is guaranteed (`cir`).
      public var committedRate: UInt32
      /// The rate that the service may not exceed (`pir`).
      public var peakRate: UInt32

      /// An agreement for a service on some ring pairs.
      public init(service: UInt32, ringPairs: UInt64, committedRate: UInt32, peakRate: UInt32) {
        self.service = service
        self.ringPairs = ringPairs
        self.committedRate = committedRate
        self.peakRate = peakRate
      }
    }
  }
}

extension DeviceFacts.QAT: FactGroup {
  static let fields: [FactField<Self>] = [
    .integer("vf", \.virtualFunction, in: 0...15),
    .integer("gencap", \.capabilities, hexDigits: 8),
    .integer("extdc", \.compressionCapabilities, hexDigits: 8),
    .integer("svcmap", \.serviceMap, hexDigits: 4),
    FactField(
      "slas",
      read: { (node, facts) throws(YAMLError) in
        var levels: [ServiceLevel] = []
        for item in try node.items() { levels.append(try ServiceLevel(yaml: item)) }
        facts.serviceLevels = levels
      },
      write: { facts in
        facts.serviceLevels.map { levels in
          .line("[\(levels.map(\.yaml).joined(separator: ", "))]")
        }
      }),
  ]
}

extension DeviceFacts.QAT.ServiceLevel {
  fileprivate init(yaml node: YAMLNode) throws(YAMLError) {
    let fields = try node.fields(["srv", "rp-mask", "cir", "pir"])
    self.init(
      service: try fields.required("srv").integer(),
      ringPairs: try fields.required("rp-mask").integer(),
      committedRate: try fields.required("cir").integer(),
      peakRate: try fields.required("pir").integer())
  }

  fileprivate var yaml: String {
    "{ srv: \(service), rp-mask: 0x\(hex(ringPairs)), cir: \(committedRate), pir: \(peakRate) }"
  }
}
