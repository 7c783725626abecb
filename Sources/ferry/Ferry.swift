import ArgumentParser

@main struct Ferry: ParsableCommand {}
