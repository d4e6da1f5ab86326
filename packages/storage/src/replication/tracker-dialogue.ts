// What replication asks trackers and tells them, on short connections: who gives a peer its old files (86), and that a
// backfill has begun or ended (76) (wire-protocol.md §6.8, §6.9).
import { FdfsError, type StorageStatus, storageStatusValue, trackerCommands } from "@fastdfs-ts/protocol";

import type { MembershipView, Peer } from "../tracker-link/membership-view.ts";
import { isAt } from "../tracker-link/tracker-address.ts";
import { TrackerQuestions, type TrackerQuestionsOptions } from "../tracker-link/tracker-questions.ts";
import type { BackfillSource } from "./start-position.ts";

export interface TrackerDialogueOptions extends Omit<TrackerQuestionsOptions, "signal"> {
  readonly groupName: string;
  readonly view: MembershipView;
}

export class TrackerDialogue {
  private readonly options: TrackerDialogueOptions;

  constructor(options: TrackerDialogueOptions) {
    this.options = options;
  }

  /**
   * Who gives `peer` its old files; undefined if nobody does. Asks until a tracker answers, the leader first. Throws FdfsError
   * NOT_FOUND if the trackers do not know the peer in a state in which that is settled, and the signal's reason.
   */
  async sourceOf(peer: Peer, signal: AbortSignal): Promise<BackfillSource | undefined> {
    const { groupName, view } = this.options;
    const isFinal = ({ kind }: FdfsError) => kind === "NOT_FOUND" || kind === "BAD_REQUEST";
    const request = { groupName, destinationStorageId: peer.storageId };
    const { leader } = view;
    const trackers = [...this.options.trackers].sort(
      (a, b) => Number(leader !== undefined && isAt(b, leader)) - Number(leader !== undefined && isAt(a, leader)),
    );
    const questions = new TrackerQuestions({ ...this.options, trackers, signal });
    const what = `the source of old files of ${peer.storageId}`;
    const { source } = await questions.askAny(what, trackerCommands.syncSourceRequest, request, isFinal);
    return source === undefined || source.sourceStorageId === "" ? undefined : source;
  }

  /** Tells all trackers the new status of a peer, until at least one took it. Throws FdfsError, and the signal's reason. */
  async report(peer: Peer, status: StorageStatus, signal: AbortSignal): Promise<void> {
    const { groupName } = this.options;
    const { storageId, address: storageIp, port: storagePort } = peer;
    const storage = { status: storageStatusValue(status), storageId, storageIp, storagePort };
    const questions = new TrackerQuestions({ ...this.options, signal });
    const what = `the status ${status} of ${storageId}`;
    await questions.tellEvery(what, trackerCommands.reportStatus, { groupName, storage }, () => false);
  }
}
