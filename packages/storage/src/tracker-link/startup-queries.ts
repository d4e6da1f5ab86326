// Before a storage can do anything it must know who it is in the eyes of the cluster: its group, its address, its id, and
// the settings of the cluster. Only a tracker can tell (cluster-behaviour.md §1.3, steps 2 to 6).
import { type ClusterParameters, FdfsError, trackerCommands } from "@fastdfs-ts/protocol";
import {
  type Deadlines,
  type Logger,
  parseStorageIdLine,
  printServerAddress,
  sleep,
  type StorageConfig,
  type StorageIdEntry,
  type World,
} from "@fastdfs-ts/runtime";

import { type StorageIdentity, storageIdentity } from "../identity.ts";
import { resolveTrackers, type TrackerAddress } from "./tracker-address.ts";
import { logWaiting, TrackerQuestions } from "./tracker-questions.ts";

const RESOLVE_PAUSE_MS = 2000;
/** C gives up a list that comes in more pages. */
const PAGES_MAX = 32;

export type StartupConfig = Pick<
  StorageConfig,
  "groupName" | "serverId" | "port" | "trackerServers" | "connectTimeoutMs" | "networkTimeoutMs"
>;

export interface StartupOptions {
  readonly config: StartupConfig;
  readonly world: World;
  readonly deadlines: Deadlines;
  readonly log: Logger;
  readonly signal?: AbortSignal | undefined;
  /** Local address to dial from. */
  readonly localAddress?: string | undefined;
}

export interface StartupFacts {
  readonly identity: StorageIdentity;
  readonly parameters: ClusterParameters;
  /** Empty where storage ids are off. */
  readonly storageIds: readonly StorageIdEntry[];
  readonly trackers: readonly TrackerAddress[];
}

/**
 * Asks the trackers until everything is known; a storage cannot start without a tracker. Throws FdfsError BAD_REQUEST if
 * what is known does not fit together (a group or an id is missing), and the signal's reason.
 */
export async function askTrackersWhoIAm(options: StartupOptions): Promise<StartupFacts> {
  const { config, world, log } = options;
  const trackers = await resolveUntilKnown(options);
  const questions = new TrackerQuestions({ ...world, ...config, ...options, trackers });
  const groupName = config.groupName ?? (await askGroupName(questions, config.port));
  const addresses = await askMyAddresses(questions, groupName, config.port, log);
  const parameters = await questions.askAny("parameters", trackerCommands.parameters, {});
  const storageIds = parameters.useStorageId ? await fetchStorageIds(questions) : [];
  const numericId = parameters.useStorageId
    ? await findMyId({ ...options, questions, groupName, addresses, parameters, storageIds })
    : undefined;
  const identity = storageIdentity({
    groupName,
    addresses,
    port: config.port,
    numericId,
    idTypeInFileName: parameters.idTypeInFileName,
  });
  return { identity, parameters, storageIds, trackers };
}

/** In a container the name of a tracker may come into being after us, so a name without an address is waited for. */
async function resolveUntilKnown({ config, world, log, signal }: StartupOptions): Promise<TrackerAddress[]> {
  for (let round = 0; ; round++) {
    try {
      return await resolveTrackers(world.network, config.trackerServers);
    } catch (error) {
      signal?.throwIfAborted();
      if (round === 0) logWaiting(log, "addresses of the trackers", error);
      await sleep(world.clock, RESOLVE_PAUSE_MS, signal);
    }
  }
}

async function askGroupName(questions: TrackerQuestions, storagePort: number): Promise<string> {
  try {
    const { groupName } = await questions.askAny(
      "my group",
      trackerCommands.getGroupName,
      { storageIp: "", storagePort },
      ({ kind }) => kind === "NOT_SUPPORTED" || kind === "NOT_FOUND" || kind === "BAD_REQUEST",
    );
    return groupName;
  } catch (error) {
    if (!(error instanceof FdfsError) || error.kind === "ABORTED") throw error;
    throw wrong(
      "storage.conf names no group, and the trackers know none for this address and port. Set group_name, or add this " +
        "server to storage_ids.conf",
      error,
    );
  }
}

async function askMyAddresses(
  questions: TrackerQuestions,
  groupName: string,
  storagePort: number,
  log: Logger,
): Promise<string[]> {
  const answers = await questions.askEvery("my address", trackerCommands.getMyIp, { groupName, port: { storagePort } });
  const seen = new Map(answers.map(({ tracker, answer }) => [answer.addresses, tracker.name]));
  if (seen.size > 1) {
    log.warn("address.trackers-disagree", {
      seen: [...seen].map(([address, tracker]) => `${address} by ${tracker}`).join("; "),
      remedy: "bind_addr makes connections leave from one address",
    });
  }
  return answers[0]!.answer.addresses.split(",").filter((address) => address !== "");
}

async function fetchStorageIds(questions: TrackerQuestions): Promise<StorageIdEntry[]> {
  const lines: string[] = [];
  for (let page = 0; page < PAGES_MAX; page++) {
    const request = { startIndex: lines.length, allowEmpty: true };
    const answer = await questions.askAny("storage ids", trackerCommands.fetchStorageIds, request, isRefusedPage);
    lines.push(...answer.lines);
    if (lines.length >= answer.totalCount || answer.lines.length === 0) break;
  }
  return lines.map((line) => {
    const entry = parseStorageIdLine(line);
    if (typeof entry === "string") throw wrong(`the trackers' list of storage ids has the line "${line}": ${entry}`);
    return entry;
  });
}

const isRefusedPage = (error: FdfsError): boolean => error.kind === "BAD_REQUEST";

interface IdQuestion extends StartupOptions {
  readonly questions: TrackerQuestions;
  readonly groupName: string;
  readonly addresses: readonly string[];
  readonly parameters: ClusterParameters;
  readonly storageIds: readonly StorageIdEntry[];
}

/** The id of this storage, which must be in the list (cluster-behaviour.md §1.3, step 6). */
async function findMyId(question: IdQuestion): Promise<string> {
  const { config, groupName, parameters, storageIds } = question;
  const source = parameters.trustStorageServerId ? config.serverId : ({ kind: "tracker" } as const);
  const id =
    source.kind === "fixed"
      ? source.id
      : source.kind === "tracker"
        ? Number(await askMyId(question))
        : idOfLocalAddress(question);
  const entry = storageIds.find((candidate) => candidate.id === id);
  if (entry === undefined) throw wrong(`the id ${id} is not in the trackers' storage_ids.conf. Add a line for it`);
  if (entry.groupName !== groupName) {
    throw wrong(
      `storage_ids.conf has the id ${id} in ${entry.groupName}, this storage is in ${groupName}. Correct one of them`,
    );
  }
  return String(id);
}

async function askMyId({ questions, groupName, addresses, config }: IdQuestion): Promise<string> {
  const address = printServerAddress({ hosts: addresses.slice(0, 1), port: config.port });
  try {
    const request = { groupName, address };
    const isFinal = ({ kind }: FdfsError) => kind === "NOT_FOUND" || kind === "BAD_REQUEST";
    return (await questions.askAny("my id", trackerCommands.getStorageId, request, isFinal)).storageId;
  } catch (error) {
    if (!(error instanceof FdfsError) || error.kind === "ABORTED") throw error;
    throw wrong(`the trackers know no id for ${address} in ${groupName}. Add a line to storage_ids.conf`, error);
  }
}

function idOfLocalAddress({ storageIds, groupName, addresses, config, world }: IdQuestion): number {
  const mine = new Set([...addresses, ...world.network.localAddresses()]);
  const entry = storageIds.find(
    (candidate) =>
      candidate.groupName === groupName &&
      candidate.port === config.port &&
      candidate.hosts.some((host) => mine.has(host)),
  );
  if (entry !== undefined) return entry.id;
  throw wrong(
    `no line of storage_ids.conf names ${groupName}, port ${config.port} and an address of this host ` +
      `(${[...mine].join(", ")}). Add one, or set server_id`,
  );
}

function wrong(reason: string, cause?: unknown): FdfsError {
  return new FdfsError("BAD_REQUEST", { reason }, { cause });
}
