extension Check {
  /// Every check, in the order in which they run: what may cost the device most comes last.
  public static let all: [Check] = [
    abilities, features, arcs, paths, refusedArcs, peerToPeer, cancelledSaving, newChannel,
    endedChannel, endOfStream, readSizes, poll, preCopyInformation, initialBytes,
    preCopyInformationElsewhere, preCopyEnd, reinitialization, sizeEstimate, savedTwice, soundness,
    dmaLogging, dmaLoggingPages, dmaLoggingRanges, secondOpening,
    // From here on state is loaded.
    resumingArcs, sizeInEachState, endedResumingChannel, direction, preCopySession, ownState,
    savedLoadedSaved, pieces, cancelledResuming, reset, noState, truncation, flippedBits,
    insertedBytes, doubledBytes, otherSize, arcTime, reopening, reopenedWithoutReset,
  ]
}
