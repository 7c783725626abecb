private import YAMLReader

extension Profile {
  /// Reads a profile's text, as `schemas/vpci-profile.schema.json` describes it; ``ProfileLayout`` then judges it.
  public init(parsing text: [UInt8]) throws(ProfileError) {
    do throws(YAMLError) {
      self = try ProfileReader.profile(try YAMLNode(parsing: text))
    } catch {
      throw ProfileError(error)
    }
  }
}
