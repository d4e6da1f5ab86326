// What other members push to this one (wire-protocol.md §9.2 to §9.9): who they are, and the records of their logs. What is
// done to the files is in replication/apply-*.ts; here is what all records have in common: checks, status, progress.
import {
  ANSWER_COMMAND,
  EXTENSION_VERSION,
  FdfsError,
  frame,
  storageCommands,
  type SyncFileRequest,
  TOGETHER_BYTES_MAX,
  type TogetherRequest,
} from "@fastdfs-ts/protocol";
import {
  answer,
  answerRaw,
  type ContentReader,
  receive,
  type Route,
  type Session,
  type WholeFrame,
} from "@fastdfs-ts/rpc";

import { mayBeAhead } from "../files/record-seconds.ts";
import { type FileStore, requireOwnGroup } from "../files/file-store.ts";
import { applyAppend, applyModify, applyTruncate } from "../replication/apply-changes.ts";
import { applyFile } from "../replication/apply-files.ts";
import { applyDelete, applyLink, applyRename } from "../replication/apply-names.ts";
import { type ApplyOutcome, requireApplied } from "../replication/apply-outcome.ts";
import { applyTogether, readNewFiles } from "../replication/apply-together.ts";
import type { Introductions } from "../replication/introductions.ts";
import { PushedChanges, Pusher } from "../replication/pusher.ts";
import { requireAnnounced } from "../replication/replica-content.ts";
import type { ReceivedStamps } from "../replication/received-stamps.ts";
import { after, type Awaitable, rescue } from "../store/awaitable.ts";

export interface ReplicaServices {
  readonly introductions: Introductions;
  readonly stamps: ReceivedStamps;
  /** When it was found that this machine had lost its power, Unix milliseconds, 0 if never: peers see by it that they have to go back. */
  readonly powerLossMs: number;
}

export function replicaRoutes(store: FileStore, services: ReplicaServices): Route[] {
  const { introductions, powerLossMs } = services;
  const apply = new RecordApplier(store, services);
  return [
    answer(storageCommands.reportServerId, ({ storageId }, session) => {
      introductions.note(session, { storageId, isOurs: false });
      return {};
    }),
    answer(storageCommands.peerHello, ({ storageId, extensionVersion }, session) => {
      introductions.note(session, { storageId, isOurs: true });
      return { extensionVersion: Math.min(extensionVersion, EXTENSION_VERSION), powerLossMs };
    }),
    receive(storageCommands.syncCreateFile, (request, content, session, flags) =>
      apply.record(request, request.logicalName, session, () =>
        applyFile(store, "c", request, content, flags, apply.pusher(session)),
      ),
    ),
    receive(storageCommands.syncTogether, (request, content, session) => apply.together(request, content, session)),
    receive(storageCommands.syncUpdateFile, (request, content, session, flags) =>
      apply.record(request, request.logicalName, session, () =>
        applyFile(store, "u", request, content, flags, apply.pusher(session)),
      ),
    ),
    receive(storageCommands.syncAppendFile, (request, content, session) =>
      apply.record(request, request.logicalName, session, () => applyAppend(store, request, content)),
    ),
    receive(storageCommands.syncModifyFile, (request, content, session) =>
      apply.record(request, request.logicalName, session, () =>
        applyModify(store, request, content, apply.pusher(session)),
      ),
    ),
    answerRaw(storageCommands.syncTruncateFile, (request, session) =>
      apply.record(request, request.logicalName, session, () =>
        after(applyTruncate(store, request), (outcome) => apply.unblocking(outcome, session)),
      ),
    ),
    answerRaw(storageCommands.syncDeleteFile, (request, session) =>
      // A file that is not here is deleted: the sender accepts the 2.
      apply.record(request, request.logicalName, session, () => applyDelete(store, request), ["applied", "missing"]),
    ),
    answerRaw(storageCommands.syncCreateLink, (request, session) =>
      apply.record(request, request.linkName, session, () => applyLink(store, request)),
    ),
    answerRaw(storageCommands.syncRenameFile, (request, session) =>
      apply.record(request, request.newName, session, () => applyRename(store, request), UNSTAMPED),
    ),
  ];
}

interface PushedRecord {
  readonly timestampSeconds: number;
  readonly groupName: string;
}

/** The outcomes with which a sender is done with a record. */
const DONE: readonly ApplyOutcome[] = ["applied", "held"];
/** C takes no progress from renamings. */
const UNSTAMPED: readonly ApplyOutcome[] = [];

class RecordApplier {
  private readonly store: FileStore;
  private readonly introductions: Introductions;
  private readonly stamps: ReceivedStamps;
  private readonly changes = new PushedChanges();

  constructor(store: FileStore, { introductions, stamps }: ReplicaServices) {
    this.store = store;
    this.introductions = introductions;
    this.stamps = stamps;
  }

  /** Who pushes on this connection. */
  pusher(session: Session): Pusher {
    return new Pusher(this.introductions.of(session)?.storageId, this.changes);
  }

  /**
   * Runs `work`, whose outcome becomes the answer, always without a body. Outcomes in `done` move the progress of the
   * sender, if it has introduced itself.
   */
  record(
    { timestampSeconds, groupName }: PushedRecord,
    name: string,
    session: Session,
    work: () => Awaitable<ApplyOutcome>,
    done = DONE,
  ): Awaitable<undefined> {
    const { store } = this;
    session.subject = name;
    return rescue(
      () => {
        requireRecord(store, groupName, timestampSeconds);
        return after(work(), (outcome) => {
          if (outcome === "applied") store.statistics.lastSyncUpdateSeconds = Math.floor(store.clock.now() / 1000);
          if (done.includes(outcome)) this.noteProgress(session, name, timestampSeconds);
          requireApplied(outcome, name);
          return undefined;
        });
      },
      (error) => {
        const failure = FdfsError.fromUnknown(error, { fileName: name });
        if (failure.kind === "BAD_REQUEST") this.noteRefusal(failure, session);
        throw failure;
      },
    );
  }

  private noteProgress(session: Session, name: string, seconds: number): void {
    const source = this.introductions.of(session);
    if (source === undefined || seconds <= this.stamps.get(source.storageId)) return;
    if (source.isOurs && mayBeAhead(name)) return;
    this.stamps.note(source.storageId, seconds);
  }

  /** Several new files (125); the answer has a status for each. Throws FdfsError BAD_REQUEST if they cannot be read. */
  together({ contentBytes }: TogetherRequest, content: ContentReader, session: Session): Awaitable<WholeFrame> {
    requireAnnounced(contentBytes, content);
    const body = content.takeWhole();
    if (body === undefined || body.length > TOGETHER_BYTES_MAX) {
      throw new FdfsError("BAD_REQUEST", { reason: `${content.totalBytes} bytes of requests are too many` });
    }
    const files = readNewFiles(body);
    const check = ({ groupName, timestampSeconds }: PushedRecord) =>
      requireRecord(this.store, groupName, timestampSeconds);
    return after(applyTogether(this.store, files, check, this.pusher(session)), (outcomes) => {
      const statuses = outcomes.map((outcome, index) => this.statusOf(outcome, files[index]!.request, session));
      return { frame: frame(ANSWER_COMMAND, Buffer.from(statuses)) };
    });
  }

  private statusOf(outcome: ApplyOutcome | FdfsError, request: SyncFileRequest, session: Session): number {
    try {
      void this.record(request, request.logicalName, session, () => {
        if (typeof outcome === "string") return outcome;
        throw outcome;
      });
      return 0;
    } catch (error) {
      return FdfsError.fromUnknown(error).wireStatus;
    }
  }

  /**
   * A C sender repeats a truncation that is answered with 2 for ever, and everything behind it waits (wire-protocol.md §12
   * no. 14). It is told to go on; one of ours pushes the whole file instead.
   */
  unblocking(outcome: ApplyOutcome, session: Session): ApplyOutcome {
    if (outcome !== "missing" || this.introductions.of(session)?.isOurs === true) return outcome;
    this.store.log.warn("replica.truncated-file-missing", {
      file: session.subject,
      from: session.remote.host,
      reason: "the file is not here, and its sender cannot push it again; it comes with the next disk recovery",
    });
    return "held";
  }

  /** The sender will repeat it, so somebody has to look at it. */
  private noteRefusal(failure: FdfsError, session: Session): void {
    const from = this.introductions.of(session)?.storageId ?? session.remote.host;
    this.store.log.warn("replica.refused", { from, file: session.subject, reason: failure.message });
  }
}

/** For this group, and with a time that readers of our log take. */
function requireRecord(store: FileStore, groupName: string, seconds: number): void {
  requireOwnGroup(store, groupName);
  if (seconds >= 0) return;
  throw new FdfsError("BAD_REQUEST", { reason: `${seconds} is not the time of a record` });
}
