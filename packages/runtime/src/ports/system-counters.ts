// What the machine counts about itself, as an argument. All of it is cumulative since the machine started, so that two
// readings give a share or a rate of the time between them. What a system does not tell is undefined, never 0.

export interface ProcessorTimes {
  /** Time that processors worked, of all of them together. The unit is that of `total`. */
  readonly used: number;
  /** Time that passed, once per processor. */
  readonly total: number;
}

/** Not cumulative: as it is now. */
export interface MemoryState {
  readonly totalBytes: number;
  /** What programs may still get without making the machine swap. */
  readonly availableBytes: number;
}

export interface DiskCounters {
  /** Tells devices apart. */
  readonly device: string;
  /** Milliseconds in which the device had at least one request. */
  readonly busyMs: number;
  /** Read and written. */
  readonly bytes: number;
}

export interface InterfaceCounters {
  readonly name: string;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /** Of one direction; undefined where nobody knows, as on most virtual machines. */
  readonly bitsPerSecond: number | undefined;
}

export interface SystemSnapshot {
  readonly processors: ProcessorTimes | undefined;
  readonly memory: MemoryState | undefined;
  /** The devices under the paths that are watched, each once; those that the system counts nothing for are left out. */
  readonly disks: readonly DiskCounters[];
  /** Without loopback. */
  readonly interfaces: readonly InterfaceCounters[];
}

export interface SystemCounters {
  /**
   * A reader of the counters of this machine and of the disks under `paths`. The paths are looked at now and never again,
   * so that a disk that hangs later does not hold up who reads. Neither watching nor reading throws; a reading costs well
   * under a millisecond, so it belongs into a timer and not into a request.
   */
  watch(paths: readonly string[]): () => SystemSnapshot;
}
