// What a client can be told, what it assumes when it is not told, and the check of both.
import { checkGroupName, FdfsError } from "@fastdfs-ts/protocol";
import { type Endpoint, parseServerAddress, type ServerAddress } from "@fastdfs-ts/runtime";

/** What every operation takes. */
export interface CallOptions {
  /** Fires ABORTED into the operation, in whatever phase it is. */
  readonly signal?: AbortSignal | undefined;
}

export interface PoolSettings {
  /** Connections to one server at most; further operations wait for a free one. Default 32. */
  readonly maxPerServer?: number | undefined;
  /** Idle connections are closed after this time, in milliseconds. Default 60,000. */
  readonly maxIdleMs?: number | undefined;
  /**
   * A connection that was idle for longer is tested (command 111) before it is used, in milliseconds. Default 3,000.
   * It is what keeps an upload from being sent into a connection that a restarted server has forgotten.
   */
  readonly testAfterIdleMs?: number | undefined;
}

export interface ClientOptions {
  /**
   * "host:port" of every tracker; the port may be left out (22122). Two addresses of one tracker are written
   * "a,b:port", IPv6 in brackets.
   */
  readonly trackers: readonly string[];
  /** Longest wait for a connection, in milliseconds. Default 5,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** Longest silence of a server inside an exchange, in milliseconds. Long transfers may take any time. Default 30,000. */
  readonly networkTimeoutMs?: number | undefined;
  readonly pool?: PoolSettings | undefined;
  /** Group for uploads that name none. Default: the trackers choose. */
  readonly group?: string | undefined;
  /** Local address to connect from. */
  readonly localAddress?: string | undefined;
  /**
   * Translates the address that a storage announced into one that can be reached from here: containers, NAT, a second
   * network card.
   */
  readonly storageAddress?: ((announced: Endpoint) => Endpoint) | undefined;
  /** How often a storage (or all that qualify) is dialled before giving up, with growing pauses between. Default 3. */
  readonly connectAttempts?: number | undefined;
  /** How long a tracker that failed is asked only when no other is left, in milliseconds. Default 10,000. */
  readonly trackerRestMs?: number | undefined;
}

/** All options with their values. */
export interface ClientSettings {
  readonly trackers: readonly ServerAddress[];
  readonly connectTimeoutMs: number;
  readonly networkTimeoutMs: number;
  readonly maxPerServer: number;
  readonly maxIdleMs: number;
  readonly testAfterIdleMs: number;
  readonly group: string | undefined;
  readonly localAddress: string | undefined;
  readonly storageAddress: (announced: Endpoint) => Endpoint;
  readonly connectAttempts: number;
  readonly trackerRestMs: number;
}

const DEFAULT_TRACKER_PORT = 22122;

/** Fills in the defaults. Throws FdfsError BAD_REQUEST that says which option is wrong and why. */
export function clientSettings(options: ClientOptions): ClientSettings {
  if (options.trackers.length === 0) throw wrong("trackers", 'is empty. Name at least one: "192.0.2.10:22122".');
  if (options.group !== undefined) checkGroupName(options.group);
  return {
    trackers: options.trackers.map(trackerAddress),
    connectTimeoutMs: atLeastOne("connectTimeoutMs", options.connectTimeoutMs, 5000),
    networkTimeoutMs: atLeastOne("networkTimeoutMs", options.networkTimeoutMs, 30_000),
    maxPerServer: atLeastOne("pool.maxPerServer", options.pool?.maxPerServer, 32),
    maxIdleMs: atLeastOne("pool.maxIdleMs", options.pool?.maxIdleMs, 60_000),
    testAfterIdleMs: notNegative("pool.testAfterIdleMs", options.pool?.testAfterIdleMs, 3000),
    group: options.group,
    localAddress: options.localAddress,
    storageAddress: options.storageAddress ?? ((announced) => announced),
    connectAttempts: atLeastOne("connectAttempts", options.connectAttempts, 3),
    trackerRestMs: notNegative("trackerRestMs", options.trackerRestMs, 10_000),
  };
}

function trackerAddress(text: string): ServerAddress {
  const address = parseServerAddress(text, DEFAULT_TRACKER_PORT);
  if (typeof address === "string") throw wrong("trackers", `"${text}": ${address}`);
  return address;
}

function atLeastOne(name: string, value: number | undefined, assumed: number): number {
  if (value === undefined) return assumed;
  if (!(value >= 1)) throw wrong(name, `is ${value}. Set a number of at least 1.`);
  return value;
}

function notNegative(name: string, value: number | undefined, assumed: number): number {
  if (value === undefined) return assumed;
  if (!(value >= 0)) throw wrong(name, `is ${value}. Set 0 or more.`);
  return value;
}

function wrong(option: string, problem: string): FdfsError {
  return new FdfsError("BAD_REQUEST", { reason: `option ${option} ${problem}` });
}
