import CFerry
import FuzzSupport

/// A device of the caller's, which keeps to the kernel's arcs and fails at one call.
final class FuzzedDevice {
  enum State: UInt32 {
    case error, stop, running, stopCopy, resuming, runningP2P, preCopy, preCopyP2P
  }

  let abilities: UInt64
  var state = State.running
  var content: [UInt8]
  var config: [UInt8]
  var pasidAbilities = ferry_pasid_abilities()
  private(set) var domainCount = 0
  private(set) var attached: [UInt32] = []
  private var position = 0
  private var callsToFailure: Int
  // What it says instead of a count.
  private let lie: Int?

  /// A device that fails at the call with this number, counted from 1; 0 for never.
  init(content: [UInt8], config: [UInt8], abilities: UInt64, failingAt call: Int, lie: Int?) {
    self.content = content
    self.config = config
    self.abilities = abilities
    callsToFailure = call
    self.lie = lie
  }

  private static func of(_ context: UnsafeMutableRawPointer?) -> FuzzedDevice? {
    context.map { Unmanaged<FuzzedDevice>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Answers a call with what `body` says, or fails if that is due.
  private static func answer(
    _ context: UnsafeMutableRawPointer?, _ body: (FuzzedDevice) -> Int32
  ) -> Int32 {
    guard let device = of(context) else { return 22 }
    device.callsToFailure -= 1
    return device.callsToFailure == 0 ? 5 : body(device)
  }

  private var isArc: (State, State) -> Bool {
    let hasP2P = abilities & 2 != 0
    return { from, to in
      switch (from, to) {
      case (.stop, .stopCopy), (.stopCopy, .stop), (.stop, .resuming), (.resuming, .stop),
        (.running, .preCopy), (.preCopy, .running):
        true
      case (.running, .stop), (.stop, .running), (.preCopy, .stopCopy): !hasP2P
      case (.running, .runningP2P), (.runningP2P, .running), (.runningP2P, .stop),
        (.stop, .runningP2P), (.preCopy, .preCopyP2P), (.preCopyP2P, .preCopy),
        (.preCopyP2P, .stopCopy), (.runningP2P, .preCopyP2P), (.preCopyP2P, .runningP2P):
        hasP2P
      default: false
      }
    }
  }

  private func transition(to target: State) -> Int32 {
    require(isArc(state, target), "only the kernel's arcs are taken, not \(state) to \(target)")
    if target == .preCopy || (target == .stopCopy && state == .stop) { position = 0 }
    if target == .resuming { content = [] }
    state = target
    return 0
  }

  /// What can be read: half of the state while it runs.
  private var readable: Int {
    max(0, (state == .stopCopy ? content.count : content.count / 2) - position)
  }

  /// The functions, for a `context` that is the device.
  static let operations = ferry_device_operations(
    get_abilities: { context, flags in
      answer(context) { device in
        flags?.pointee = device.abilities
        return 0
      }
    },
    get_state: { context, state in
      answer(context) { device in
        state?.pointee = device.state.rawValue
        return 0
      }
    },
    set_state: { context, state in
      answer(context) { device in State(rawValue: state).map(device.transition) ?? 22 }
    },
    get_stop_copy_size: { context, size in
      answer(context) { device in
        size?.pointee = UInt64(device.content.count)
        return 0
      }
    },
    get_precopy_size: { context, initial, dirty, isReinitialized in
      answer(context) { device in
        initial?.pointee = UInt64(device.readable)
        dirty?.pointee = 0
        isReinitialized?.pointee = 0
        return 0
      }
    },
    read: { context, bytes, capacity, count in
      answer(context) { device in
        guard let bytes else { return 14 }
        let size = min(device.readable, capacity)
        UnsafeMutableRawBufferPointer(start: bytes, count: capacity).copyBytes(
          from: device.content[device.position..<device.position + size])
        device.position += size
        count?.pointee = device.lie ?? size
        return 0
      }
    },
    write: { context, bytes, size, count in
      answer(context) { device in
        guard let bytes, device.content.count + size <= 1 << 20 else { return 28 }
        let taken = min(size, 1000)
        device.content += UnsafeRawBufferPointer(start: bytes, count: taken)
        count?.pointee = device.lie ?? taken
        return 0
      }
    },
    reset: { context in
      answer(context) { device in
        (device.state, device.content) = (.running, [])
        return 0
      }
    },
    read_config: { context, offset, size, value in
      answer(context) { device in
        require(Int(offset + size) <= device.config.count, "registers lie in the region")
        value?.pointee = (0..<size).reduce(0) {
          $0 | UInt32(device.config[Int(offset + $1)]) << (8 * $1)
        }
        return 0
      }
    },
    write_config: { context, offset, size, value in
      answer(context) { device in
        require(Int(offset + size) <= device.config.count, "registers lie in the region")
        for index in 0..<size {
          device.config[Int(offset + index)] = UInt8(truncatingIfNeeded: value >> (8 * index))
        }
        return 0
      }
    })

  /// The functions for its PASIDs.
  static let pasidOperations = ferry_pasid_operations(
    get_pasid_abilities: { context, abilities in
      answer(context) { device in
        abilities?.pointee = device.pasidAbilities
        return 0
      }
    },
    allocate_domains: { context, domains, count in
      answer(context) { device in
        require(device.domainCount == 0 && count > 0, "domains are allocated once")
        device.domainCount = count
        return 0
      }
    },
    attach_pasid: { context, binding in
      answer(context) { device in
        require(device.domainCount > 0, "domains come before what is attached to them")
        if let binding { device.attached.append(binding.pointee.pasid) }
        return 0
      }
    },
    detach_pasid: { context, pasid in
      answer(context) { device in
        require(device.attached.contains(pasid), "only what is attached is detached")
        device.attached.removeAll { $0 == pasid }
        return 0
      }
    },
    release_domains: { context in of(context)?.domainCount = 0 })
}
