// The names are C's.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CFerry
import StateLayout

/// Takes a state apart.
@c @implementation
public func ferry_state_open(
  _ bytes: UnsafeRawPointer?, _ size: Int, _ layout: UnsafePointer<CChar>?,
  _ driver: UnsafePointer<CChar>?, _ state: UnsafeMutablePointer<ferry_state>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(error) { () throws(Failure) in
    let result = try state.required("state")
    let dissected = try DissectedState(
      try CallerBytes.copy(bytes, size, "bytes"),
      layout: try CallerBytes.optionalText(layout, "layout"),
      driver: try CallerBytes.optionalText(driver, "driver"))
    result.pointee = try HandleTable.shared.insert(dissected)
  }
}

/// What a state is.
@c @implementation
public func ferry_state_summarize(
  _ state: ferry_state, _ summary: UnsafeMutablePointer<ferry_state_summary>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(state, as: DissectedState.self, error) { state throws(Failure) in
    let summary = try summary.required("summary")
    summary.pointee = state.summary
  }
}

/// What a layout has to say of a state.
@c @implementation
public func ferry_state_finding(
  _ state: ferry_state, _ index: UInt32, _ finding: UnsafeMutablePointer<ferry_finding>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(state, as: DissectedState.self, error) { state throws(Failure) in
    let finding = try finding.required("finding")
    finding.pointee = try state.finding(index)
  }
}

/// The state as JSON.
@c @implementation
public func ferry_state_json(
  _ state: ferry_state, _ json: UnsafePointer<ferry_sink>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(state, as: DissectedState.self, error) { state throws(Failure) in
    let json = try Output(json, "json")
    try state.tree.writeJSON(detection: state.detection, driver: state.driver) {
      (text) throws(Failure) in try json.write(text)
    }
    try json.write("\n")
  }
}

/// A field of a state.
@c @implementation
public func ferry_state_field(
  _ state: ferry_state, _ number: UInt32, _ field: UnsafeMutablePointer<ferry_field>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(state, as: DissectedState.self, error) { state throws(Failure) in
    let field = try field.required("field")
    field.pointee = try state.field(number)
  }
}
