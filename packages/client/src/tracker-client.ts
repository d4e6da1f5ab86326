// Asks trackers: any of them for routing and lists, all of them where each keeps its own truth.
import { type Command, FdfsError, type FileId, type FileLocation, trackerCommands } from "@fastdfs-ts/protocol";
import type { Endpoint } from "@fastdfs-ts/runtime";

import type { Exchanges } from "./exchanges.ts";
import { isKind, verdict } from "./retry-policy.ts";
import type { Tracker, TrackerDirectory } from "./tracker-directory.ts";

/** Where an upload may go. */
export interface UploadTarget {
  readonly endpoint: Endpoint;
  readonly groupName: string;
  /** The disk the tracker chose; undefined: the storage chooses. */
  readonly storePathIndex: number | undefined;
}

/** What one tracker said to a question that all of them were asked. */
export type TrackerAnswer<T> =
  | { readonly tracker: string; readonly answer: T; readonly error?: undefined }
  | { readonly tracker: string; readonly error: unknown };

export interface TrackerClientOptions {
  readonly directory: TrackerDirectory;
  readonly exchanges: Exchanges;
  readonly networkTimeoutMs: number;
}

export class TrackerClient {
  private readonly directory: TrackerDirectory;
  private readonly exchanges: Exchanges;
  private readonly timeoutMs: number;

  constructor(options: TrackerClientOptions) {
    this.directory = options.directory;
    this.exchanges = options.exchanges;
    this.timeoutMs = options.networkTimeoutMs;
  }

  /** Asks trackers one after the other until one answers. Throws what the retry policy cannot help. */
  async ask<Request, Answer>(
    command: Command<Request, Answer>,
    request: Request,
    signal: AbortSignal,
  ): Promise<Answer> {
    const failures: unknown[] = [];
    for (const tracker of this.directory.order()) {
      const outcome = await this.askTracker(tracker, command, request, signal);
      if (outcome.ok) return outcome.answer;
      if (outcome.isFinal) throw outcome.error;
      failures.push(outcome.error);
    }
    throw verdict(failures);
  }

  /** Asks every tracker and reports what each said, in the order of the configuration. Throws only ABORTED. */
  async askEach<Request, Answer>(
    command: Command<Request, Answer>,
    request: Request,
    signal: AbortSignal,
  ): Promise<TrackerAnswer<Answer>[]> {
    const answers: TrackerAnswer<Answer>[] = [];
    for (const tracker of this.directory.all()) {
      const outcome = await this.askTracker(tracker, command, request, signal);
      if (outcome.ok) answers.push({ tracker: tracker.name, answer: outcome.answer });
      else if (isKind(outcome.error, "ABORTED")) throw outcome.error;
      else answers.push({ tracker: tracker.name, error: outcome.error });
    }
    return answers;
  }

  /** The server that takes the next upload (101, 104). */
  async uploadTarget(group: string | undefined, signal: AbortSignal): Promise<UploadTarget> {
    const target = await explained(
      group,
      group === undefined
        ? this.ask(trackerCommands.queryStoreAny, {}, signal)
        : this.ask(trackerCommands.queryStoreInGroup, { groupName: group }, signal),
    );
    const { groupName, storePathIndex } = target;
    return { endpoint: endpointOf(target), groupName, storePathIndex };
  }

  /** All servers that take uploads (106, 107). The path index counts for the first of them only. */
  async uploadTargets(group: string | undefined, signal: AbortSignal): Promise<UploadTarget[]> {
    const { groupName, storages, storePathIndex } = await explained(
      group,
      group === undefined
        ? this.ask(trackerCommands.queryStoreAnyAll, {}, signal)
        : this.ask(trackerCommands.queryStoreInGroupAll, { groupName: group }, signal),
    );
    return storages.map((storage, index) => ({
      endpoint: endpointOf(storage),
      groupName,
      storePathIndex: index === 0 ? storePathIndex : undefined,
    }));
  }

  /** A server that has the file (102). */
  async readTarget(file: FileId, signal: AbortSignal): Promise<Endpoint> {
    return endpointOf(await this.ask(trackerCommands.queryFetchOne, queryOf(file), signal));
  }

  /** All servers that have the file (105). */
  async readTargets(file: FileId, signal: AbortSignal): Promise<Endpoint[]> {
    const { storages } = await this.ask(trackerCommands.queryFetchAll, queryOf(file), signal);
    return storages.map(endpointOf);
  }

  /** The server that changes the file (103). */
  async updateTarget(file: FileId, signal: AbortSignal): Promise<Endpoint> {
    return endpointOf(await this.ask(trackerCommands.queryUpdate, queryOf(file), signal));
  }

  /** One tracker, on each of its addresses until one answers. */
  private async askTracker<Request, Answer>(
    tracker: Tracker,
    command: Command<Request, Answer>,
    request: Request,
    signal: AbortSignal,
  ): Promise<{ ok: true; answer: Answer } | { ok: false; error: unknown; isFinal: boolean }> {
    let failure: { error: unknown; isFinal: boolean } = { error: undefined, isFinal: false };
    let endpoints: readonly Endpoint[] = [];
    try {
      endpoints = await this.directory.endpoints(tracker);
    } catch (error) {
      failure = { error, isFinal: false };
    }
    for (const endpoint of endpoints) {
      const outcome = await this.exchanges.attempt(endpoint, command.retry, signal, (connection) =>
        connection.call(command, request, { timeoutMs: this.timeoutMs, signal }),
      );
      if (outcome.ok) {
        this.exchanges.release(outcome.connection);
        this.directory.worked(tracker, endpoint);
        return { ok: true, answer: outcome.value };
      }
      failure = { error: outcome.error, isFinal: outcome.step === "give-up" };
      if (outcome.reach !== "not-sent" && !isSilence(outcome.error)) {
        // It answered, only not what was hoped for: its other address would say the same.
        this.directory.worked(tracker, endpoint);
        return { ok: false, ...failure };
      }
      if (failure.isFinal) break;
    }
    if (!isKind(failure.error, "ABORTED") && !isKind(failure.error, "POOL_EXHAUSTED")) this.directory.failed(tracker);
    return { ok: false, ...failure };
  }
}

function isSilence(error: unknown): boolean {
  return isKind(error, "CONNECTION_LOST") || isKind(error, "TIMED_OUT") || isKind(error, "ABORTED");
}

function endpointOf(answer: Pick<FileLocation, "storageIp" | "storagePort">): Endpoint {
  return { host: answer.storageIp, port: answer.storagePort };
}

function queryOf({ groupName, logicalName }: FileId) {
  return { groupName, logicalName };
}

/** A tracker answers NOT_FOUND when it has nowhere to send an upload: says what that means. */
async function explained<T>(group: string | undefined, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof FdfsError && error.kind === "NOT_FOUND")) throw error;
    const reason =
      group === undefined
        ? "no storage is in service: none has joined, or none is active"
        : "there is no such group, or none of its storages is in service";
    throw new FdfsError("NOT_FOUND", { ...error.facts, groupName: group, reason }, { cause: error });
  }
}
