// The network as an argument: byte streams between endpoints. Everything above (frames, requests) is the same on real
// sockets and in the simulation.

export interface Endpoint {
  /** An IP address as text, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** What a connection tells its owner. `closed` is called exactly once and is the last call. */
export interface ConnectionEvents {
  /**
   * Bytes arrived. On a connection that was accepted the buffer is lent: the next bytes of any connection are written
   * into it, so copy what is needed after this call. On one that was dialled it is the receiver's for good.
   */
  data(chunk: Buffer): void;
  /** What `write` refused to buffer further has left; write again. */
  drained(): void;
  /** The connection is gone: `undefined` after an orderly end, else the system error. */
  closed(error: Error | undefined): void;
}

export interface Connection {
  readonly remote: Endpoint;
  readonly local: Endpoint;
  /** Sets who is told. Must be called in the same turn in which the connection was handed out. Calling it again replaces the owner. */
  attach(events: ConnectionEvents): void;
  /**
   * Sends bytes; the caller must not change them afterwards. Returns false when more than a socket's buffer is waiting:
   * the bytes are accepted, but the caller should wait for `drained`. After the end it does nothing and returns true.
   */
  write(bytes: Uint8Array): boolean;
  /**
   * Bytes that were accepted by `write` and still wait here. 0: the kernel has copied everything, so the caller may use
   * the memory of what it sent again.
   */
  readonly pendingBytes: number;
  /** As `write` for two pieces that leave together (one system call where possible). */
  writePair(first: Uint8Array, second: Uint8Array): boolean;
  /** Stops and restarts `data`. Used for back-pressure. */
  pauseReading(): void;
  resumeReading(): void;
  /** Sends what is waiting, then closes. */
  end(): void;
  /** Closes at once; what is waiting is dropped. */
  destroy(): void;
}

export interface ListenOptions {
  /** Address to bind; "" binds every interface. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

export interface Listener {
  readonly local: Endpoint;
  /** Stops accepting. Open connections stay. May be called twice. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Local address to dial from. */
  readonly localAddress?: string | undefined;
}

export interface Network {
  /** Throws EADDRINUSE, EACCES, EADDRNOTAVAIL. */
  listen(options: ListenOptions, onConnection: (connection: Connection) => void): Promise<Listener>;
  /** Throws ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH …, or the signal's reason. */
  connect(to: Endpoint, options: ConnectOptions): Promise<Connection>;
  /** The addresses of this host's interfaces, loopback included. */
  localAddresses(): string[];
  /** Addresses of a host name; an address answers itself. Throws ENOTFOUND. */
  resolve(host: string): Promise<string[]>;
}
