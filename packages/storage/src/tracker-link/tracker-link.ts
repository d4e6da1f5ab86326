// One tracker: connect, join, settle the source, report; and when anything fails, rest and begin again. The state is in
// link-states.ts; how long to rest is decided here (cluster-behaviour.md §1.4).
import { FdfsError, JoinRequest, type StorageStatus, storageStatusOf, trackerCommands } from "@fastdfs-ts/protocol";
import { type ExchangeOptions, RpcConnection } from "@fastdfs-ts/rpc";
import { type Deadlines, invariant, type Network, sleep } from "@fastdfs-ts/runtime";

import type { StorageIdentity } from "../identity.ts";
import { offeredExtensions } from "./cluster-parameters.ts";
import { type LinkEvent, type LinkState, linkStates, statusMeaning } from "./link-states.ts";
import { STATUS_UNKNOWN } from "./own-status.ts";
import { explainRefusal, Reports, type ReportSources } from "./reports.ts";
import type { JoinedConnection } from "./source-negotiation.ts";
import type { TrackerAddress } from "./tracker-address.ts";

const SHORT_REST_MS = 1000;
/** How long a new storage waits for its joins at the other trackers before it settles its source at one. */
const FIRST_JOINS_MS = 1000;

export interface LinkContext extends ReportSources {
  readonly network: Network;
  readonly deadlines: Deadlines;
  readonly connectTimeoutMs: number;
  readonly networkTimeoutMs: number;
  readonly localAddress: string | undefined;
  readonly identity: StorageIdentity;
  /** What a join says beside the identity and the trackers. */
  readonly joinFacts: Pick<
    JoinRequest,
    "storePathCount" | "subdirCountPerPath" | "uploadPriority" | "joinTimeSeconds" | "upTimeSeconds" | "version"
  >;
  /** All trackers, for the list in a join. */
  readonly trackers: readonly TrackerAddress[];
  readonly onJoined: () => void;
}

/** For status displays. */
export interface LinkStatus {
  /** "host:port" as configured. */
  readonly tracker: string;
  readonly state: LinkState;
  /** Wall clock of the last change of state, in milliseconds. */
  readonly sinceMs: number;
  /** In words: what is going on, and what it waits for. */
  readonly reason: string;
  /** Status of this storage at this tracker; undefined before the first join. */
  readonly statusThere: StorageStatus | undefined;
  readonly lastError: FdfsError | undefined;
  /** Wall clock of the next try, while resting. */
  readonly retryAtMs: number | undefined;
  readonly lastBeatMs: number | undefined;
}

/** How a session ended: what to say, and how long to rest. */
interface Ending {
  readonly reason: string;
  readonly error: FdfsError | undefined;
  readonly restMs: number;
}

export class TrackerLink {
  readonly tracker: TrackerAddress;
  private readonly context: LinkContext;
  private state: LinkState = "RESTING";
  private sinceMs: number;
  private reason = "about to connect";
  private lastError: FdfsError | undefined;
  private retryAtMs: number | undefined;
  private reports: Reports | undefined;
  private rejoinedAtMs = -Infinity;
  /** The last join left open what this storage is, because other trackers had not been tried yet. */
  private saidUnknown = false;
  /** Sessions in a row that did not get through their first round of reports. */
  private failures = 0;
  private loggedReason = "";

  constructor(tracker: TrackerAddress, context: LinkContext) {
    this.tracker = tracker;
    this.context = context;
    this.sinceMs = context.clock.now();
  }

  status(): LinkStatus {
    const statusThere = this.context.own.at(this.tracker.name);
    const isReporting = this.state === "REPORTING" && statusThere !== undefined;
    return {
      tracker: this.tracker.name,
      state: this.state,
      sinceMs: this.sinceMs,
      reason: isReporting ? statusMeaning(statusThere, this.context.negotiation.source) : this.reason,
      statusThere,
      lastError: this.lastError,
      retryAtMs: this.retryAtMs,
      lastBeatMs: this.reports?.lastBeatMs,
    };
  }

  /** Tells this tracker before the next beat, if it is one of ours. */
  reportSoon(): void {
    if (this.state === "REPORTING") this.reports?.reportSoon();
  }

  /** Keeps the link up until `signal` aborts. Never throws. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.context;
    const isStopping = (): boolean => signal.aborted;
    while (!isStopping()) {
      this.enter("dial", "connecting");
      const ending = await this.session(signal);
      if (isStopping()) break;
      this.lastError = ending.error;
      this.retryAtMs = clock.now() + ending.restMs;
      this.enter("failed", `${ending.reason}; next try in ${Math.ceil(ending.restMs / 1000)} s`);
      this.logEnding(ending);
      await sleep(clock, ending.restMs, signal).catch(() => {}); // aborted: the loop ends
      this.retryAtMs = undefined;
    }
    this.enter("stopped", "stopped");
  }

  private async session(signal: AbortSignal): Promise<Ending> {
    const { own } = this.context;
    // Aborts when the link is stopped and when the connection is lost, so that nothing sleeps on a dead connection.
    const over = new AbortController();
    const stop = () => over.abort(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    let connection: RpcConnection | undefined;
    try {
      connection = await this.dial(over.signal);
      connection.onGone = () => over.abort(lost(this.tracker));
      return await this.joinAndReport(connection, over.signal);
    } catch (thrown) {
      const error = asFdfsError(thrown, over.signal);
      return { reason: explainRefusal(error), error, restMs: this.restAfter(error) };
    } finally {
      own.noteLinkEnded(this.tracker.name);
      signal.removeEventListener("abort", stop);
      if (connection !== undefined) {
        connection.onGone = undefined;
        connection.end();
      }
    }
  }

  private async dial(signal: AbortSignal): Promise<RpcConnection> {
    const { network, deadlines, connectTimeoutMs, localAddress } = this.context;
    const { endpoints } = this.tracker;
    // A tracker with two addresses is tried at them by turns.
    const endpoint = endpoints[this.failures % endpoints.length]!;
    return RpcConnection.dial(network, endpoint, { connectTimeoutMs, deadlines, signal, localAddress });
  }

  private async joinAndReport(connection: RpcConnection, signal: AbortSignal): Promise<Ending> {
    this.enter("connected", "joining");
    const exchange = { timeoutMs: this.context.networkTimeoutMs, signal };
    const extensionVersion = await this.askForExtensions(connection, exchange);
    const joined: JoinedConnection = { connection, exchange, tracker: this.tracker.name, extensionVersion };
    await this.requireMember(joined);
    await this.join(joined);
    this.enter("joined", "settling who copies old files to this server");
    await this.letOthersJoin(signal);
    await this.context.negotiation.settle(joined);
    this.enter("negotiated", "reporting");
    this.context.log.info("tracker-link.up", {
      tracker: this.tracker.name,
      status: this.context.own.at(this.tracker.name),
      source: this.context.negotiation.source || "none",
    });
    this.loggedReason = "";
    this.lastError = undefined;
    this.context.onJoined();
    const reports = new Reports(this.context, joined, this.tracker, this.reports?.lastBeatMs);
    this.reports = reports;
    try {
      const reason = await reports.run(signal);
      return { reason: rejoinReasons[reason], error: undefined, restMs: this.restBeforeRejoin() };
    } finally {
      if (reports.isFirstRoundDone) this.failures = 0;
    }
  }

  /** Which of our extensions the tracker knows: each may be of another kind than the one that was asked at the start. */
  private async askForExtensions(connection: RpcConnection, exchange: ExchangeOptions): Promise<number> {
    try {
      return offeredExtensions(await connection.call(trackerCommands.parameters, {}, exchange));
    } catch (error) {
      if (connection.isUsable) return 0;
      throw error;
    }
  }

  /** Throws NOT_ACTIVE if this storage was removed: then it must not join. Only a tracker of ours can tell. */
  private async requireMember({ connection, exchange, extensionVersion }: JoinedConnection): Promise<void> {
    const { removal, groupName } = this.context;
    if (extensionVersion > 0) {
      const request = { groupName, removals: removal.all };
      removal.take((await connection.call(trackerCommands.shareRemovals, request, exchange)).removals);
    }
    removal.requireMember();
  }

  /**
   * A storage is new only until its source is settled at one tracker; a tracker that is joined after that refuses it at
   * first, because it looks like one that could be known elsewhere. So all of them are told first.
   */
  private async letOthersJoin(signal: AbortSignal): Promise<void> {
    const { clock, negotiation, own } = this.context;
    if (negotiation.isPending) await Promise.race([own.allTried, sleep(clock, FIRST_JOINS_MS, signal)]);
  }

  private async join({ connection, exchange }: JoinedConnection): Promise<void> {
    const { identity, joinFacts, negotiation, own, trackers } = this.context;
    const status = own.statusToReport(this.tracker.name);
    this.saidUnknown = status === STATUS_UNKNOWN;
    const answer = await connection.call(
      trackerCommands.join,
      {
        ...joinFacts,
        groupName: identity.groupName,
        storagePort: identity.port,
        isInitialSyncPending: negotiation.isPending,
        status,
        storageId: identity.mode === "id" ? identity.storageId : "",
        trackerIp: connection.endpoint.host,
        trackers: trackers.map(({ joinLine }) => joinLine),
      },
      exchange,
    );
    own.noteTried(this.tracker.name);
    const given = storageStatusOf(answer.status);
    if (given === undefined) {
      const reason = `the join gave the unknown status ${answer.status}`;
      throw new FdfsError("BAD_ANSWER", { peer: this.tracker.name, reason });
    }
    own.noteStatus(this.tracker.name, given);
  }

  /** A lost connection is tried again soon, a tracker that refuses or cannot be reached not sooner than it makes sense. */
  private restAfter(error: FdfsError): number {
    const { heartBeatMs } = this.context;
    const shortly = Math.min(heartBeatMs, SHORT_REST_MS);
    const failuresBefore = this.failures++;
    switch (this.state) {
      case "JOINING":
        // Refused because another tracker, not tried yet, could know better: that will be settled in a moment.
        return error.kind === "IMPOSSIBLE_STATUS" && this.saidUnknown ? shortly : heartBeatMs;
      case "NEGOTIATING":
        // If the source is lost, the next join asks for another one.
        return failuresBefore === 0 ? shortly : heartBeatMs;
      default:
        return Math.min(heartBeatMs, SHORT_REST_MS * 2 ** Math.min(failuresBefore, 10));
    }
  }

  /** Joining anew at once helps once; two opinions that do not come together must not keep the link busy. */
  private restBeforeRejoin(): number {
    const { clock, heartBeatMs } = this.context;
    const isRepeated = clock.monotonic() - this.rejoinedAtMs < 2 * heartBeatMs;
    this.rejoinedAtMs = clock.monotonic();
    return isRepeated ? heartBeatMs : Math.min(heartBeatMs, SHORT_REST_MS);
  }

  private enter(event: LinkEvent, reason: string): void {
    const next = linkStates.next(this.state, event);
    invariant(next !== undefined, `a link that is ${this.state} is not told ${event}`);
    if (next !== this.state) this.sinceMs = this.context.clock.now();
    this.state = next;
    this.reason = reason;
  }

  /** The same trouble at each try is said once. */
  private logEnding({ reason, error, restMs }: Ending): void {
    if (reason === this.loggedReason) return;
    this.loggedReason = reason;
    const fields = { tracker: this.tracker.name, reason, retryInMs: restMs };
    if (error === undefined) this.context.log.info("tracker-link.rejoining", fields);
    else this.context.log.warn("tracker-link.down", fields);
  }
}

const rejoinReasons = {
  "told-not-complete": "the leader says that old files are still missing here; joining anew",
  "source-changed": "the source of old files is another one, or lost; joining anew",
  "status-corrected": "told this tracker the leader's opinion of this server; joining anew",
} as const;

function lost(tracker: TrackerAddress): FdfsError {
  return new FdfsError("CONNECTION_LOST", { peer: tracker.name, reason: "the tracker closed the connection" });
}

/** When the connection was lost during a pause, the signal knows why. */
function asFdfsError(thrown: unknown, signal: AbortSignal): FdfsError {
  const error = FdfsError.fromUnknown(thrown);
  return error.kind === "ABORTED" && signal.reason instanceof FdfsError ? signal.reason : error;
}
