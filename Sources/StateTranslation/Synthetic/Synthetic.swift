import Devices

extension DriverFamily {
  static let synthetic = DriverFamily(
    driver: "synthetic",
    isClearedByReset: false,
    meanings: [
      ErrnoMeaning(.write, .invalid, "the state is not of a synthetic device of this size"),
      ErrnoMeaning(.write, .inputOutput, "these bytes are not the ones that their block has"),
      ErrnoMeaning(.load, .invalid, "blocks are missing"),
    ])
}
