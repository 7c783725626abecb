extension Layout {
  /// Reads a layout from the text of a `.ksy` file.
  ///
  /// Throws where the text is no layout, with line and column, and where it uses more of Kaitai Struct than the subset, with
  /// the name of the feature.
  public init(parsing text: [UInt8]) throws(LayoutError) {
    self.init(try LayoutReader.read(text))
  }
}
