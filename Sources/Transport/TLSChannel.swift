#if TLS
  import Dispatch
  import NIOCore

  /// What SwiftNIO takes for the connection: a channel without I/O, whose bytes others carry.
  ///
  /// SAFETY: the lock of its ``TLSSession`` is held by whoever calls, and so is that of its loop.
  final class TLSChannel: Channel, ChannelCore, @unchecked Sendable {
    let loop = TLSEventLoop()
    let allocator = ByteBufferAllocator()
    private(set) var isActive = false
    private var output = CircularBuffer<ByteBuffer>()
    private let closePromise: EventLoopPromise<Void>
    // Set once, right after the channel is made, which it refers to.
    private var ownPipeline: ChannelPipeline?

    init() { closePromise = loop.makePromise() }

    /// Begins with handlers, which may have something to send at once.
    func begin(_ handlers: [any ChannelHandler]) throws {
      try pipeline.syncOperations.addHandlers(handlers)
      isActive = true
      pipeline.syncOperations.fireChannelActive()
      loop.run()
    }

    /// Hands over bytes of the peer's.
    func take(_ bytes: ByteBuffer) {
      pipeline.syncOperations.fireChannelRead(NIOAny(bytes))
      pipeline.syncOperations.fireChannelReadComplete()
      loop.run()
    }

    /// Hands over bytes for the peer.
    func send(_ bytes: ByteBuffer) {
      pipeline.syncOperations.writeAndFlush(NIOAny(bytes), promise: nil)
      loop.run()
    }

    /// Tells the peer that nothing more will come.
    func endOutput() {
      pipeline.syncOperations.close(mode: .output, promise: nil)
      loop.run()
    }

    /// What is to go to the peer next.
    func nextOutput() -> ByteBuffer? { output.popFirst() }

    /// Drops the handlers, which refer to the channel as it does to them.
    func end() {
      removeHandlers(pipeline: pipeline)
      loop.end()
      closePromise.succeed(())
    }

    // MARK: Channel

    var pipeline: ChannelPipeline {
      if let ownPipeline { return ownPipeline }
      let made = ChannelPipeline(channel: self)
      ownPipeline = made
      return made
    }
    var eventLoop: any EventLoop { loop }
    var closeFuture: EventLoopFuture<Void> { closePromise.futureResult }
    var parent: (any Channel)? { nil }
    var localAddress: SocketAddress? { nil }
    var remoteAddress: SocketAddress? { nil }
    var isWritable: Bool { true }
    var _channelCore: any ChannelCore { self }
    var syncOptions: (any NIOSynchronousChannelOptions)? { Options() }

    func setOption<Option: ChannelOption>(
      _ option: Option, value: Option.Value
    ) -> EventLoopFuture<Void> {
      loop.makeFailedFuture(ChannelError.operationUnsupported)
    }

    func getOption<Option: ChannelOption>(_ option: Option) -> EventLoopFuture<Option.Value> {
      loop.makeFailedFuture(ChannelError.operationUnsupported)
    }

    /// What the TLS handler asks for: whether either side may end while the other goes on, and
    /// whether reads need no asking.
    private struct Options: NIOSynchronousChannelOptions {
      func setOption<Option: ChannelOption>(_ option: Option, value: Option.Value) throws {
        throw ChannelError.operationUnsupported
      }

      func getOption<Option: ChannelOption>(_ option: Option) throws -> Option.Value {
        switch option {
        case is ChannelOptions.Types.AllowRemoteHalfClosureOption,
          is ChannelOptions.Types.AutoReadOption:
          if let value = true as? Option.Value { return value }
        default: break
        }
        throw ChannelError.operationUnsupported
      }
    }

    // MARK: ChannelCore

    func write0(_ data: NIOAny, promise: EventLoopPromise<Void>?) {
      output.append(unwrapData(data, as: ByteBuffer.self))
      promise?.succeed(())
    }

    func close0(error: any Error, mode: CloseMode, promise: EventLoopPromise<Void>?) {
      // Whoever carries the bytes closes the socket.
      promise?.succeed(())
    }

    func flush0() {}
    func read0() {}
    func channelRead0(_ data: NIOAny) {}
    func errorCaught0(error: any Error) {}
    func localAddress0() throws -> SocketAddress { throw ChannelError.operationUnsupported }
    func remoteAddress0() throws -> SocketAddress { throw ChannelError.operationUnsupported }
    func register0(promise: EventLoopPromise<Void>?) { refuse(promise) }
    func registerAlreadyConfigured0(promise: EventLoopPromise<Void>?) { refuse(promise) }
    func bind0(to: SocketAddress, promise: EventLoopPromise<Void>?) { refuse(promise) }
    func connect0(to: SocketAddress, promise: EventLoopPromise<Void>?) { refuse(promise) }
    func triggerUserOutboundEvent0(_ event: Any, promise: EventLoopPromise<Void>?) {
      refuse(promise)
    }
    private func refuse(_ promise: EventLoopPromise<Void>?) {
      promise?.fail(ChannelError.operationUnsupported)
    }
  }

  /// The loop of a ``TLSChannel``: whoever calls is in it, and runs what is due before returning.
  ///
  /// No time passes in it, so what is to happen after a while happens never, and is cancelled at
  /// the end. SAFETY: as the channel's.
  final class TLSEventLoop: EventLoop, @unchecked Sendable {
    private var tasks = CircularBuffer<() -> Void>()
    private var cancellations: [() -> Void] = []

    var inEventLoop: Bool { true }

    func execute(_ task: @escaping @Sendable () -> Void) { tasks.append(task) }

    func scheduleTask<T>(
      deadline: NIODeadline, _ task: @escaping @Sendable () throws -> T
    ) -> Scheduled<T> {
      let promise = makePromise(of: T.self)
      cancellations.append { promise.fail(EventLoopError.cancelled) }
      return Scheduled(promise: promise) {}
    }

    func scheduleTask<T>(
      in: TimeAmount, _ task: @escaping @Sendable () throws -> T
    ) -> Scheduled<T> {
      scheduleTask(deadline: .distantFuture, task)
    }

    func run() { while let task = tasks.popFirst() { task() } }

    func end() {
      run()
      for cancel in cancellations { cancel() }
      cancellations = []
    }

    func shutdownGracefully(queue: DispatchQueue, _ callback: @escaping ((any Error)?) -> Void) {
      callback(EventLoopError.unsupportedOperation)
    }
  }
#endif
