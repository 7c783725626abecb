import CFerry
import FerryC
import FuzzSupport

extension Session {
  /// Captures a device, or replays what was written onto one; what the outcome says is so.
  func migrate() {
    let isCapture = input.byte() & 1 == 0
    let content = isCapture ? (input.byte() & 1 == 0 ? mttyState : input.some()) : []
    let device = FuzzedDevice(
      content: content, config: [UInt8](self.device.prefix(256)),
      abilities: UInt64(input.byte() & 7), failingAt: Int(input.byte()),
      lie: input.byte() == 0xff ? Int(bitPattern: UInt(input.word())) : nil)
    device.pasidAbilities.width = UInt32(input.byte() & 31)
    device.pasidAbilities.permissions = UInt32(input.byte() & 3)
    device.pasidAbilities.nested_types = UInt64(input.byte())

    let binding = ferry_pasid_binding(pasid: input.word(), domain: 1, permissions: 0)
    var domain = ferry_pasid_domain()
    domain.id = UInt32(input.byte() & 1)
    var outcome: UInt32 = .max
    let hasBindings = input.byte() & 3 == 0
    let status = withExtendedLifetime(device) {
      withUnsafePointer(to: FuzzedDevice.operations) { operations in
        withUnsafePointer(to: FuzzedDevice.pasidOperations) { pasidOperations in
          withUnsafePointer(to: binding) { binding in
            withUnsafePointer(to: domain) { domain in
              var known = ferry_device()
              if hasBindings {
                (known.bindings, known.binding_count) = (binding, 1)
                (known.domains, known.domain_count) = (domain, 1)
              }
              return withUnsafePointer(to: known) { known in
                var migrating = ferry_migration_device()
                migrating.operations = operations
                migrating.context = Unmanaged.passUnretained(device).toOpaque()
                migrating.known = known
                migrating.config_size = [0, 256, 64, 255][input.number(below: 4)]
                migrating.number = UInt32(input.byte() & 1)
                migrating.vfio = input.byte() & 15 == 0 ? handle() : 0
                migrating.pasid_operations = input.byte() & 1 == 0 ? pasidOperations : nil
                return isCapture ? capture(&migrating, &outcome) : replay(&migrating, &outcome)
              }
            }
          }
        }
      }
    }
    check(status)
    requireTrue(outcome, of: device, content)
  }

  private func capture(
    _ device: UnsafePointer<ferry_migration_device>, _ outcome: inout UInt32
  ) -> ferry_status {
    var options = ferry_capture_options()
    options.flags = UInt32(input.byte() & 15)
    options.iteration_limit = UInt32(input.byte() & 3)
    options.observer = observer()
    var sink = sink
    written = []
    return ferry_capture(device, 1, &options, &sink, &outcome, nil, &error)
  }

  private func replay(
    _ device: UnsafePointer<ferry_migration_device>, _ outcome: inout UInt32
  ) -> ferry_status {
    var options = ferry_replay_options()
    options.flags = UInt32(input.byte() & 127)
    options.observer = observer()
    var source = source
    readPosition = 0
    if input.byte() & 7 == 0, !written.isEmpty {
      written[Int(input.word()) % written.count] ^= 1 << (input.byte() & 7)
    }
    return ferry_replay(&source, device, 1, &options, &outcome, nil, &error)
  }

  /// One that cancels after a number of questions.
  private func observer() -> ferry_observer {
    questionsToCancellation = Int(input.byte())
    return ferry_observer(progress: nil, is_cancelled: isCancelled, context: context)
  }

  private func requireTrue(_ outcome: UInt32, of device: FuzzedDevice, _ content: [UInt8]) {
    switch Int(outcome) {
    case FERRY_OUTCOME_UNTOUCHED:
      require(device.state == .running && device.content == content, "it is as it was")
    case FERRY_OUTCOME_RUNNING_AS_BEFORE:
      require(device.state == .running && device.domainCount == 0, "it runs as before")
    case FERRY_OUTCOME_RESTORED, FERRY_OUTCOME_FRESH, FERRY_OUTCOME_RESET:
      require(device.state == .running, "it runs")
    case FERRY_OUTCOME_STOPPED: require(device.state == .stop, "it is stopped")
    case FERRY_OUTCOME_UNUSABLE, Int(UInt32.max): break
    default: require(false, "outcome \(outcome) is known")
    }
  }

  /// Reads all that is intact of what was written, which may be damaged.
  func salvage() {
    if input.byte() & 1 == 0, !written.isEmpty {
      written[Int(input.word()) % written.count] ^= 1 << (input.byte() & 7)
    }
    if input.byte() & 7 == 0 { written.removeLast(min(written.count, Int(input.byte()))) }
    var source = source
    readPosition = 0
    let verified = ferry_stream_verify(&source, nil, &error)
    check(verified)
    var file = ferry_file(read: giveInputAt, size: UInt64(written.count), context: context)
    var reader: ferry_reader = 0
    let status = ferry_reader_salvage(&file, &reader, &error)
    given(status, reader, .reader)
    guard status == FERRY_OK else { return }
    var record = ferry_record()
    repeat {
      check(ferry_reader_next(reader, &record, &error), reader, .reader)
      if record.kind == FERRY_RECORD_STATE { readState(reader) }
    } while record.kind != FERRY_RECORD_NONE
    var damage = ferry_damage()
    var loss = ferry_loss()
    check(ferry_reader_damage(reader, &damage, &error), reader, .reader)
    require((damage.fault == FERRY_OK) == (verified == FERRY_OK), "both judge it alike")
    for device in 0..<damage.device_count {
      check(ferry_reader_loss(reader, UInt16(device), &loss, &error), reader, .reader)
    }
  }
}
