private import CStateLayouts

extension Layout {
  /// The layouts that come with Ferry.
  public static let shipped: [Layout] = texts.map { text in
    do throws(LayoutError) {
      return try Layout(parsing: Array(text))
    } catch {
      preconditionFailure("a shipped layout must parse: \(error)")
    }
  }

  private static var texts: [ArraySlice<UInt8>] {
    // SAFETY: the array and its size are constants of the program.
    let all = unsafe UnsafeBufferPointer(start: ferry_layouts(), count: ferry_layouts_size())
    return unsafe Array(all).split(separator: 0)
  }
}
