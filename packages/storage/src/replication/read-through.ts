// A file that a client asks for may not have come here yet. If its name says which member took it, that one is asked
// instead of answering that there is no such file. Only where it can help: the source is a member in service, its records
// have not passed the file's time by much, and the file was not deleted here. One hop at most: a request that comes from a storage is never passed on.
import {
  type Command,
  type DownloadRequest,
  type ErrorKind,
  FdfsError,
  fileInfoFlags,
  fileSource,
  type NameFacts,
  parseNameFacts,
  READ_THROUGH_FLAG,
  storageCommands,
  TRUE_PATH_BYTES,
} from "@fastdfs-ts/protocol";
import { ConnectionPool, type Session, type StreamedAnswer } from "@fastdfs-ts/rpc";
import type { Clock, Deadlines, Logger, Network } from "@fastdfs-ts/runtime";

import type { RecentDeletions } from "../files/recent-deletions.ts";
import type { Peer } from "../tracker-link/membership-view.ts";
import type { Introductions } from "./introductions.ts";
import type { ReceivedStamps } from "./received-stamps.ts";

/** Requests passed on at once; beyond them the answer is that the file is not here. */
const MAX_UNDER_WAY = 64;
/** Of these to one source. */
const MAX_PER_SOURCE = 32;
const MAX_IDLE_MS = 60_000;
const TEST_AFTER_IDLE_MS = 10_000;
/** A source that could not be reached is not tried again before. */
const REST_MS = 5000;
/**
 * Records of different names do not wait for each other: a large file, or one that was refused at first, comes later than
 * younger small ones. A file that is missing so long after the records have passed its time was deleted.
 */
const LATE_SECONDS = 300;

interface ReadThroughOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly log: Logger;
  readonly connectTimeoutMs: number;
  readonly networkTimeoutMs: number;
  readonly localAddress?: string | undefined;
  /** The source word of the names that are made here. */
  readonly ownSource: number;
  readonly peers: () => readonly Peer[];
  readonly stamps: ReceivedStamps;
  readonly introductions: Introductions;
  readonly deletions: RecentDeletions;
}

/** What a client asked for and is not here. */
export interface MissingFile {
  readonly logicalName: string;
  readonly pathInStore: string;
  readonly session: Session;
  /** Byte 9 of its request. */
  readonly flags: number;
}

export class ReadThrough {
  private readonly options: ReadThroughOptions;
  private readonly pool: ConnectionPool;
  /** By storage id: when a source may be tried again, on the monotonic clock. */
  private readonly resting = new Map<string, number>();
  private underWay = 0;

  constructor(options: ReadThroughOptions) {
    this.options = options;
    this.pool = new ConnectionPool({
      ...options,
      maxPerEndpoint: MAX_PER_SOURCE,
      maxIdleMs: MAX_IDLE_MS,
      testAfterIdleMs: TEST_AFTER_IDLE_MS,
      activeTest: storageCommands.activeTest,
    });
  }

  /** May be called twice. */
  close(): void {
    this.pool.close();
  }

  /** The content as the source sends it; undefined if nobody can be asked or the source has not got it either. */
  download(missing: MissingFile, request: DownloadRequest): Promise<StreamedAnswer | undefined> {
    return this.atSource(missing, async (source, giveBack) => {
      const connection = await this.pool.acquire(endpointOf(source));
      try {
        const incoming = await connection.fetch(storageCommands.downloadFile, request, this.exchange(missing));
        return {
          bodyBytes: incoming.bodyBytes,
          next: () => incoming.next(),
          close: () => {
            incoming.cancel();
            this.pool.release(connection);
            giveBack();
          },
        };
      } catch (error) {
        this.pool.release(connection);
        throw error;
      }
    });
  }

  /** The source's answer to a small question; undefined as with `download`. */
  ask<Request, Answer>(
    missing: MissingFile,
    command: Command<Request, Answer>,
    request: Request,
  ): Promise<Answer | undefined> {
    return this.atSource(missing, async (source, giveBack) => {
      const ask = () =>
        this.pool.with(endpointOf(source), undefined, (connection) =>
          connection.call(command, request, this.exchange(missing)),
        );
      const answer = await ask();
      giveBack();
      return answer;
    });
  }

  private exchange({ flags }: MissingFile) {
    return { timeoutMs: this.options.networkTimeoutMs, flags: flags | READ_THROUGH_FLAG };
  }

  /** Runs `use`, which calls `giveBack` when the source is no longer busy for it. */
  private async atSource<T>(
    missing: MissingFile,
    use: (source: Peer, giveBack: () => void) => Promise<T>,
  ): Promise<T | undefined> {
    const source = this.sourceOf(missing);
    if (source === undefined || this.underWay >= MAX_UNDER_WAY) return undefined;
    this.underWay++;
    const giveBack = () => {
      this.underWay--;
    };
    try {
      const result = await use(source, giveBack);
      this.resting.delete(source.storageId);
      return result;
    } catch (error) {
      giveBack();
      this.withoutSource(source, FdfsError.fromUnknown(error), missing);
      return;
    }
  }

  /** Who is to be asked, if anybody. */
  private sourceOf({ logicalName, pathInStore, session, flags }: MissingFile): Peer | undefined {
    const { ownSource, peers, stamps, introductions, deletions, clock } = this.options;
    if ((flags & READ_THROUGH_FLAG) !== 0 || introductions.of(session) !== undefined) return undefined;
    if (deletions.has(logicalName)) return undefined;
    const facts = parseNameFacts(pathInStore, TRUE_PATH_BYTES);
    if (facts === undefined || facts.source === ownSource) return undefined;
    const source = peers().find((peer) => isSource(peer, facts));
    if (source?.status !== "ACTIVE" && source?.status !== "ONLINE") return undefined;
    if (stamps.get(source.storageId) > facts.createdSeconds + LATE_SECONDS) return undefined;
    const isResting = (this.resting.get(source.storageId) ?? -Infinity) > clock.monotonic();
    return isResting ? undefined : source;
  }

  /** The client hears that the file is not here, unless the source had something else to say of the request. */
  private withoutSource(source: Peer, error: FdfsError, { logicalName }: MissingFile): undefined {
    if (error.kind === "NOT_FOUND") return;
    if (!noAnswer.has(error.kind)) throw error;
    const { clock, log } = this.options;
    this.resting.set(source.storageId, clock.monotonic() + REST_MS);
    log.warn("read-through.failed", { source: source.storageId, file: logicalName, reason: error.message });
  }
}

/** Failures that say something of the source and nothing of the file. */
const noAnswer: ReadonlySet<ErrorKind> = new Set([
  "UNREACHABLE",
  "TIMED_OUT",
  "CONNECTION_LOST",
  "POOL_EXHAUSTED",
  "BAD_ANSWER",
  "ABORTED",
]);

function isSource({ storageId, address }: Peer, facts: NameFacts): boolean {
  const source = fileSource(facts.source);
  return source.type === "id" ? storageId === source.storageId : address === source.ip;
}

function endpointOf({ address: host, port }: Peer) {
  return { host, port };
}

/**
 * Whether an answer to 22 decides for its sender if content is pushed here: so asks a C storage, and not on a connection
 * that it has introduced itself on. It must hear what is here and nothing else.
 */
export function decidesAboutPush(flags: number): boolean {
  return (flags & fileInfoFlags.skipCrc32) !== 0;
}
