// What monitoring tools and administrators ask trackers (wire-protocol.md §5.4 to §5.11, §5.15, §5.16).
import {
  type ClusterParameters,
  type Command,
  FdfsError,
  type GroupRecord,
  parseStorageIdLine,
  statusOperators,
  type StorageIdEntry,
  type StorageRecord,
  type StorageStatList,
  storageStatFilters,
  type StorageStatus,
  storageStatusOf,
  storageStatusValue,
  trackerCommands,
  type TrackerStat,
  trackerStatFilters,
  type VolumeStatList,
  volumeStatFilters,
} from "@fastdfs-ts/protocol";
import type { Endpoint } from "@fastdfs-ts/runtime";

import { checkedFileId } from "./file-info.ts";
import type { CallOptions } from "./options.ts";
import { isKind } from "./retry-policy.ts";
import { operate, type Session } from "./session.ts";
import type { TrackerAnswer, UploadTarget } from "./tracker-client.ts";

export interface StorageStatFilter extends CallOptions {
  readonly status?: StorageStatus | undefined;
  /** Only servers whose status is another one. */
  readonly statusIsNot?: StorageStatus | undefined;
  readonly isTrunkServer?: boolean | undefined;
}

export interface VolumeStatFilter extends CallOptions {
  readonly isDiskAvailable?: boolean | undefined;
  readonly isTrunkAvailable?: boolean | undefined;
  readonly isSpaceAvailable?: boolean | undefined;
}

export interface TrackerStatFilter extends CallOptions {
  readonly isActive?: boolean | undefined;
  readonly isLeader?: boolean | undefined;
}

/** What became of a change that every tracker has to make in its own list. */
export interface TrackerOutcome {
  /** "host:port" as configured. */
  readonly tracker: string;
  /** Why this tracker did not; undefined if it did. */
  readonly error: unknown;
}

/** Pages of the id list that a client reads at most, as C (wire-protocol.md §5.15). */
const ID_PAGES_MAX = 32;
const IN_SERVICE: readonly StorageStatus[] = ["ONLINE", "ACTIVE", "RECOVERY"];

/** Throws of every method: UNREACHABLE, TIMED_OUT, CONNECTION_LOST when no tracker answered; BAD_ANSWER; ABORTED. */
export class ClusterTools {
  private readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  /** All groups in name order (91). */
  async listGroups(options: CallOptions = {}): Promise<GroupRecord[]> {
    return (await this.ask(trackerCommands.listGroups, {}, options)).groups;
  }

  /** One group (90). Throws NOT_FOUND. */
  group(groupName: string, options: CallOptions = {}): Promise<GroupRecord> {
    return this.ask(trackerCommands.listOneGroup, { groupName }, options);
  }

  /** The servers of a group in id order, every status (92). Throws NOT_FOUND. */
  async listStorages(groupName: string, options: CallOptions = {}): Promise<StorageRecord[]> {
    return (await this.ask(trackerCommands.listStorages, { groupName, storageId: "" }, options)).storages;
  }

  /** One server of a group (92). Throws NOT_FOUND. */
  async storage(groupName: string, storageId: string, options: CallOptions = {}): Promise<StorageRecord> {
    const { storages } = await this.ask(trackerCommands.listStorages, { groupName, storageId }, options);
    const [storage] = storages;
    if (storage === undefined) throw new FdfsError("NOT_FOUND", { groupName, reason: `no storage ${storageId}` });
    return storage;
  }

  /** "host:port" of the leading tracker (95, since 6.15.5). Throws NOT_FOUND while there is none. */
  async leader(options: CallOptions = {}): Promise<string> {
    return (await this.ask(trackerCommands.getLeader, {}, options)).leader;
  }

  /** All trackers as the leader sees them (96, since 6.15.5). Throws NOT_SUPPORTED if none of those asked leads. */
  async trackerStat(filter: TrackerStatFilter = {}): Promise<TrackerStat[]> {
    const { isActive, isLeader } = filter;
    const request = {
      filter: bit(isActive, trackerStatFilters.isActive) | bit(isLeader, trackerStatFilters.isLeader),
      isActive: isActive ?? false,
      isLeader: isLeader ?? false,
    };
    return (await this.ask(trackerCommands.trackerClusterStat, request, filter)).trackers;
  }

  /** The servers of all groups (97, since 6.16). */
  async clusterStat(filter: StorageStatFilter = {}): Promise<StorageStatList> {
    const { isTrunkServer, status, statusIsNot } = filter;
    const compared = status ?? statusIsNot;
    const request = {
      filter: bit(isTrunkServer, storageStatFilters.isTrunkServer) | bit(compared, storageStatFilters.status),
      statusOperator:
        compared === undefined ? "\0" : status === undefined ? statusOperators.notEqual : statusOperators.equal,
      status: compared === undefined ? 0 : storageStatusValue(compared),
      isTrunkServer: isTrunkServer ?? false,
    };
    return this.ask(trackerCommands.storageClusterStat, request, filter);
  }

  /** Space of all groups (98, since 6.16). */
  storageVolumeStat(filter: VolumeStatFilter = {}): Promise<VolumeStatList> {
    const { isDiskAvailable, isTrunkAvailable, isSpaceAvailable } = filter;
    const request = {
      filter:
        bit(isDiskAvailable, volumeStatFilters.isDiskAvailable) |
        bit(isTrunkAvailable, volumeStatFilters.isTrunkAvailable) |
        bit(isSpaceAvailable, volumeStatFilters.isSpaceAvailable),
      isDiskAvailable: isDiskAvailable ?? false,
      isTrunkAvailable: isTrunkAvailable ?? false,
      isSpaceAvailable: isSpaceAvailable ?? false,
    };
    return this.ask(trackerCommands.storageVolumeStat, request, filter);
  }

  /** Settings that the trackers hand out (75). */
  parameters(options: CallOptions = {}): Promise<ClusterParameters> {
    return this.ask(trackerCommands.parameters, {}, options);
  }

  /** The list of storage ids, empty if ids are not in use (69). */
  storageIds(options: CallOptions = {}): Promise<StorageIdEntry[]> {
    return operate(this.session, undefined, options.signal, async (signal) => {
      const entries: StorageIdEntry[] = [];
      for (let page = 0; page < ID_PAGES_MAX; page++) {
        const request = { startIndex: entries.length, allowEmpty: true };
        const answer = await this.session.trackers.ask(trackerCommands.fetchStorageIds, request, signal);
        for (const line of answer.lines) entries.push(parseStorageIdLine(line));
        if (entries.length >= answer.totalCount || answer.lines.length === 0) break;
      }
      return entries;
    });
  }

  /** Where an upload would go now (101, 104). */
  queryStore(groupName?: string, options: CallOptions = {}): Promise<UploadTarget> {
    return operate(this.session, undefined, options.signal, (signal) =>
      this.session.trackers.uploadTarget(groupName, signal),
    );
  }

  /** All servers that would take an upload now (106, 107). The path index counts for the first of them. */
  queryStoreAll(groupName?: string, options: CallOptions = {}): Promise<UploadTarget[]> {
    return operate(this.session, undefined, options.signal, (signal) =>
      this.session.trackers.uploadTargets(groupName, signal),
    );
  }

  /** Where a download would go now (102). Trackers do not know whether a file exists. */
  async queryFetch(fileId: string, options: CallOptions = {}): Promise<Endpoint> {
    const file = checkedFileId(fileId);
    return operate(this.session, file, options.signal, (signal) => this.session.trackers.readTarget(file, signal));
  }

  /** All servers that should have the file (105). */
  async queryFetchAll(fileId: string, options: CallOptions = {}): Promise<Endpoint[]> {
    const file = checkedFileId(fileId);
    return operate(this.session, file, options.signal, (signal) => this.session.trackers.readTargets(file, signal));
  }

  /** Where a change of the file would go (103). */
  async queryUpdate(fileId: string, options: CallOptions = {}): Promise<Endpoint> {
    const file = checkedFileId(fileId);
    return operate(this.session, file, options.signal, (signal) => this.session.trackers.updateTarget(file, signal));
  }

  /**
   * Removes a storage from the list of every tracker (93), after all of them were asked whether it is still in service
   * (wire-protocol.md §5.6). Throws BUSY if one of them says so, NOT_FOUND if none knows it, or the first trouble if
   * none removed it; otherwise tells what became of it at each.
   */
  deleteStorage(groupName: string, storageId: string, options: CallOptions = {}): Promise<TrackerOutcome[]> {
    const request = { groupName, storageId };
    return operate(this.session, undefined, options.signal, async (signal) => {
      for (const { tracker, ...said } of await this.session.trackers.askEach(
        trackerCommands.listStorages,
        request,
        signal,
      )) {
        const seen = "answer" in said ? storageStatusOf(said.answer.storages[0]?.status ?? -1) : undefined;
        if (seen !== undefined && IN_SERVICE.includes(seen)) {
          const reason = `storage ${storageId} is ${seen} there: stop it first`;
          throw new FdfsError("BUSY", { groupName, peer: tracker, reason });
        }
      }
      return outcomes(await this.session.trackers.askEach(trackerCommands.deleteStorage, request, signal));
    });
  }

  /** Removes an empty group from the list of every tracker (108). Throws as `deleteStorage`. */
  deleteGroup(groupName: string, options: CallOptions = {}): Promise<TrackerOutcome[]> {
    return operate(this.session, undefined, options.signal, async (signal) =>
      outcomes(await this.session.trackers.askEach(trackerCommands.deleteGroup, { groupName }, signal)),
    );
  }

  /**
   * Makes a storage the trunk server of its group, or, without an id, asks who it is and lets the trackers choose if
   * there is none (94). Only the leader does it, so every tracker is asked until one does. Answers the id.
   */
  setTrunkServer(groupName: string, storageId = "", options: CallOptions = {}): Promise<string> {
    return operate(this.session, undefined, options.signal, async (signal) => {
      const request = { groupName, storageId };
      const answers = await this.session.trackers.askEach(trackerCommands.setTrunkServer, request, signal);
      const done = answers.find((one) => "answer" in one);
      if (done !== undefined && "answer" in done) return done.answer.storageId;
      throw errorsOf(answers).find((error) => !isKind(error, "NOT_SUPPORTED")) ?? errorsOf(answers)[0];
    });
  }

  private ask<Request, Answer>(
    command: Command<Request, Answer>,
    request: Request,
    options: CallOptions,
  ): Promise<Answer> {
    return operate(this.session, undefined, options.signal, (signal) =>
      this.session.trackers.ask(command, request, signal),
    );
  }
}

/** A tracker that had removed it before, or never knew it, has what was wanted, if at least one removed it now. */
function outcomes(answers: readonly TrackerAnswer<object>[]): TrackerOutcome[] {
  const errors = errorsOf(answers);
  const isThereAlready = (error: unknown) => isKind(error, "ALREADY_DONE") || isKind(error, "NOT_FOUND");
  if (errors.length === answers.length) throw errors.find((error) => !isThereAlready(error)) ?? errors[0];
  return answers.map(({ tracker, error }) => ({ tracker, error: isThereAlready(error) ? undefined : error }));
}

function errorsOf(answers: readonly TrackerAnswer<unknown>[]): unknown[] {
  return answers.filter((one) => !("answer" in one)).map(({ error }) => error);
}

/** The filter bit of a value that shall be compared. */
function bit(value: unknown, mask: number): number {
  return value === undefined ? 0 : mask;
}
