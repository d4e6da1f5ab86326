// The members that files can be copied from right now, and connections to them. Who they are changes while a recovery
// runs, which can take days.
import { FdfsError } from "@fastdfs-ts/protocol";
import { type Clock, type Logger, sleep } from "@fastdfs-ts/runtime";

import type { ResolvedName } from "../files/resolve-name.ts";
import { canGiveFiles, type GroupMember, type GroupPicture } from "./group-picture.ts";
import { whyNobodyGives } from "./lost-path.ts";
import { type PeerDialing, PeerClient } from "./peer-client.ts";
import { restoreFile, type RestoreOutcome } from "./restore-file.ts";

const PAUSE_MS = 5000;
/** After a member has answered so often that it cannot give a file it is left out. */
const TRIES = 3;

export interface FileGiversOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal?: AbortSignal | undefined;
  readonly dialing: PeerDialing;
  readonly askForGroup: () => Promise<GroupPicture>;
}

export class FileGivers {
  private readonly options: FileGiversOptions;
  private members: readonly GroupMember[] = [];
  /** Of whom the next is asked first, so that not all load is on one member. */
  private turn = 0;

  constructor(options: FileGiversOptions) {
    this.options = options;
  }

  /** The members that can give files; waits for one. Throws the signal's reason. */
  async present(): Promise<readonly GroupMember[]> {
    if (this.members.length === 0) await this.refresh();
    return this.members;
  }

  /** Asks the trackers again, and waits until there is at least one. */
  async refresh(): Promise<void> {
    const { clock, log, signal, askForGroup } = this.options;
    for (let round = 0; ; round++) {
      const picture = await askForGroup();
      this.members = rotated(picture.others.filter(canGiveFiles), this.turn++);
      if (this.members.length > 0) return;
      if (round === 0) log.warn("recovery.waiting", { reason: whyNobodyGives(picture) });
      await sleep(clock, PAUSE_MS, signal);
    }
  }

  /** Waits a little after trouble, and asks who is there now. */
  async afterTrouble(): Promise<void> {
    await sleep(this.options.clock, PAUSE_MS, this.options.signal);
    await this.refresh();
  }

  /** Connections for one worker. */
  connections(): GiverConnections {
    return new GiverConnections(this, this.options);
  }
}

/** The connections of one worker, one per member. */
export class GiverConnections {
  private readonly givers: FileGivers;
  private readonly options: FileGiversOptions;
  private readonly clients = new Map<string, PeerClient>();

  constructor(givers: FileGivers, options: FileGiversOptions) {
    this.givers = givers;
    this.options = options;
  }

  to({ storageId, endpoint }: GroupMember): PeerClient {
    let client = this.clients.get(storageId);
    if (client?.endpoint.host !== endpoint.host || client.endpoint.port !== endpoint.port) {
      client?.close();
      client = new PeerClient(this.options.dialing, endpoint);
      this.clients.set(storageId, client);
    }
    return client;
  }

  /**
   * Copies a file from whoever has it. missing, damaged: no member that can be asked has it as it should be. Throws
   * FdfsError of the disk here, and the signal's reason.
   */
  async restore(target: ResolvedName, seconds: number): Promise<RestoreOutcome> {
    const refusals = new Map<string, number>();
    for (;;) {
      let outcome: RestoreOutcome = { kind: "missing" };
      let isSomeoneLeft = false;
      for (const member of await this.givers.present()) {
        try {
          const found = await restoreFile(this.to(member), target, seconds);
          if (found.kind === "restored") return found;
          if (found.kind === "damaged") outcome = found;
        } catch (thrown) {
          const error = peerTrouble(thrown);
          const refused = (refusals.get(member.storageId) ?? 0) + (isOutOfReach(error) ? 0 : 1);
          refusals.set(member.storageId, refused);
          if (refused < TRIES) isSomeoneLeft = true;
          this.options.log.warn("recovery.member-fails", { member: member.storageId, file: target.logicalName, error });
        }
      }
      if (!isSomeoneLeft) return outcome;
      await this.givers.afterTrouble();
    }
  }

  close(): void {
    for (const client of this.clients.values()) client.close();
  }
}

/** The error if another member can help or the same one later; throws what is this host's own trouble. */
export function peerTrouble(thrown: unknown): FdfsError {
  const error = FdfsError.fromUnknown(thrown);
  if (error.facts.peer === undefined || error.kind === "ABORTED") throw thrown;
  return error;
}

function isOutOfReach({ kind }: FdfsError): boolean {
  return kind === "UNREACHABLE" || kind === "TIMED_OUT" || kind === "CONNECTION_LOST";
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const start = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
