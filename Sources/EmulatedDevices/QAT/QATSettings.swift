import ByteIO

/// The settings of a QAT virtual function: its device, and its host's allotment.
struct QATSettings: Sendable, Hashable {
  /// Which device the function is of.
  enum Device: String, Sendable, Hashable, CaseIterable {
    case gen4 = "4xxx"
    case gen4b = "401xx"
    case gen4c = "402xx"
    case gen4d = "420xx"
    case gen6

    /// Of its virtual function.
    var deviceID: UInt16 {
      switch self {
      case .gen4: 0x4941
      case .gen4b: 0x4943
      case .gen4c: 0x4945
      case .gen4d: 0x4947
      case .gen6: 0x4949
      }
    }
  }

  /// A share of a service's rate (`struct mig_user_sla`, adf_gen4_vf_mig.c).
  struct ServiceLevel: Sendable, Hashable {
    static let byteCount = 24
    static let services = ["asym", "sym", "dc", "decomp"]

    /// `enum adf_base_services`.
    var service: UInt32
    /// The ring pairs, counted from the physical function's first.
    var ringPairs: UInt64
    /// The rate that is committed, and the most.
    var committed: UInt32
    var peak: UInt32

    var bytes: [UInt8] {
      var writer = ByteWriter(reserving: Self.byteCount)
      writer.little(service)
      writer.little(0 as UInt32)
      writer.little(ringPairs)
      writer.little(committed)
      writer.little(peak)
      return writer.bytes
    }

    init(service: UInt32, ringPairs: UInt64, committed: UInt32, peak: UInt32) {
      self.service = service
      self.ringPairs = ringPairs
      self.committed = committed
      self.peak = peak
    }

    init(parsing bytes: RawSpan) {
      service = bytes.little(UInt32.self, at: 0)
      ringPairs = bytes.little(UInt64.self, at: 8)
      committed = bytes.little(UInt32.self, at: 16)
      peak = bytes.little(UInt32.self, at: 20)
    }
  }

  var device = Device.gen4
  /// The number of the virtual function: its four ring pairs are 4 N and the next three.
  var number = 0
  /// `accel_capabilities_mask`, and `extended_dc_capabilities`.
  var capabilities: UInt32 = 0x0010_3fff
  var compressionCapabilities: UInt32 = 0x1f
  /// `ring_to_svc_map`: three bits for each pair.
  var serviceMap: UInt16 = 0x0a1c
  /// At most four.
  var serviceLevels: [ServiceLevel] = []
  /// The version that the guest's driver spoke; 0 if it did not say.
  var compatibility: UInt8 = 5
  /// Whether the guest has set the function up.
  var isReady = true
  var seed: UInt64 = 0
}
