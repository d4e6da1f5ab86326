// What the JSON in the answer to 127 says: where a tracker would send a client that asked now, among whom it chooses, and
// why the others are not chosen. The one place that knows the shape; how it may change is said in cluster-explanation.ts.
import {
  jsonFlag,
  jsonList,
  jsonMaybe,
  jsonNumber,
  jsonOneOf,
  jsonRecord,
  jsonText,
  jsonVersion,
  parseJson,
} from "./json-reading.ts";
import { type StorageStatus, storageStatuses } from "./storage-statuses.ts";

export const CHOICE_EXPLANATION_VERSION = 1;

/** What a client would ask for (101 and 104, 102, 103); the numbers are on the wire. */
export const choicePurposes = { upload: 0, download: 1, change: 2 } as const;
export type ChoicePurpose = keyof typeof choicePurposes;

/** The purpose with this number; `undefined` if this version knows none. */
export function choicePurposeOf(number: number): ChoicePurpose | undefined {
  return (Object.keys(choicePurposes) as ChoicePurpose[]).find((purpose) => choicePurposes[purpose] === number);
}

/** A setting of the tracker that the choice depends on. */
export interface ChoiceSetting {
  /** As in tracker.conf. */
  readonly key: string;
  readonly value: string;
  readonly meaning: string;
}

/** What the tracker reads from the name of the file. */
export interface NamedFile {
  /** Member of the group that took the upload; "" if none of them did, or the name does not say. */
  readonly sourceId: string;
  /** Unix time by the clock of the source; undefined if the name does not say. */
  readonly createdSeconds: number | undefined;
  /** An appender or a slave: its content may differ from member to member, so its source is asked. */
  readonly mayChange: boolean;
}

export interface GroupCandidate {
  readonly groupName: string;
  /** Why it cannot be chosen; undefined for a candidate. */
  readonly ruledOut: string | undefined;
  /** Of the writable member with the least free space, as are the numbers about disks below. */
  readonly totalMib: number;
  readonly freeMib: number;
  /** More than this has to be free. */
  readonly reservedMib: number;
  readonly trunkFreeMib: number;
  /** What uploads since the last reports of the disks will probably take; counts in choices by load. */
  readonly promisedMib: number;
  readonly writableMembers: number;
  /** 0 an empty disk … 1 at the reserve. */
  readonly diskUsage: number;
  /** Tasks under way, of those that count as a full load; may be above 1. */
  readonly taskRatio: number;
  readonly load: number;
  /** 0 … 1. Choices that do not depend on chance have 1 for the one, and 0 for all others. */
  readonly chance: number;
}

/** What a storage said of its machine last (126). Shares are thousandths; undefined where its system does not tell. */
export interface ReportedLoad {
  readonly ageMs: number;
  readonly cpuPermille: number | undefined;
  readonly memoryPermille: number | undefined;
  /** Of its busiest disk, as is what that reads and writes. */
  readonly diskPermille: number | undefined;
  readonly diskBytesPerSecond: number | undefined;
  readonly networkPermille: number | undefined;
}

export interface MemberCandidate {
  readonly storageId: string;
  readonly address: string;
  readonly port: number;
  readonly status: StorageStatus;
  /** Why it cannot be chosen; undefined for a candidate. */
  readonly ruledOut: string | undefined;
  /** What a client that is sent there meets: it may be chosen although its disks are full. */
  readonly trouble: string | undefined;
  /** Of a file: why it counts as having it; undefined where it does not, and for uploads. */
  readonly hasFile: string | undefined;
  readonly isSource: boolean;
  /** Of a file: it has everything of the file's source before this Unix time; undefined if nobody has told. */
  readonly syncedSeconds: number | undefined;
  readonly totalMib: number;
  readonly freeMib: number;
  readonly uploadPriority: number;
  /** Under way as the tracker estimates; fractions come from estimating. */
  readonly tasks: number;
  /** Mean time for a request; undefined if none was measured. */
  readonly latencyMicros: number | undefined;
  /** What its busiest disk moves per second in which it is busy, bytes; undefined if that was never measured. */
  readonly diskSpeed: number | undefined;
  /** Undefined if it sends no load reports, as C storages do not. */
  readonly report: ReportedLoad | undefined;
  /** Work that it gets done, compared with an idle one of usual speed. */
  readonly capacity: number;
  /** Time that its next task takes, compared with one at an idle one of usual speed. */
  readonly cost: number;
  readonly chance: number;
}

export interface PathCandidate {
  readonly index: number;
  readonly totalMib: number;
  readonly freeMib: number;
  /** More than this has to be free. */
  readonly reservedMib: number;
  readonly ruledOut: string | undefined;
}

/** Where the client would be sent; where chance decides, the likeliest. */
export interface Choice {
  readonly groupName: string;
  readonly storageId: string;
  readonly address: string;
  readonly port: number;
  /** Of uploads. */
  readonly storePathIndex: number | undefined;
  readonly chance: number;
  /** In words: how each step was decided. */
  readonly reasons: readonly string[];
}

/** What the client would get instead. */
export interface ChoiceRefusal {
  /** Status byte. */
  readonly status: number;
  readonly reason: string;
  /** Where known: what is in the way, and the key in tracker.conf behind it. */
  readonly groupName: string | undefined;
  readonly storageId: string | undefined;
  readonly storePathIndex: number | undefined;
  readonly freeMib: number | undefined;
  readonly limitMib: number | undefined;
  readonly setting: string | undefined;
}

export interface ChoiceExplanation {
  readonly version: number;
  /** Unix time, by the tracker's clock. */
  readonly takenSeconds: number;
  readonly purpose: ChoicePurpose;
  readonly settings: readonly ChoiceSetting[];
  /** Undefined for uploads. */
  readonly file: NamedFile | undefined;
  /** In name order; only the file's one, if it is about a file. */
  readonly groups: readonly GroupCandidate[];
  /** Whose members and paths follow; "" if no group could be chosen and none was named. */
  readonly groupName: string;
  /** All members, in id order. */
  readonly members: readonly MemberCandidate[];
  /** Of the chosen member, for uploads. */
  readonly paths: readonly PathCandidate[];
  /** One of these two is undefined. */
  readonly choice: Choice | undefined;
  readonly refusal: ChoiceRefusal | undefined;
}

export function printChoiceExplanation(explanation: ChoiceExplanation): Buffer {
  return Buffer.from(JSON.stringify(explanation), "utf8");
}

/** Throws FdfsError BAD_ANSWER for what is no explanation of a version that this code understands. */
export function parseChoiceExplanation(json: Buffer): ChoiceExplanation {
  return parseJson(json, "explanation of a choice", (root) => readExplanation(root, "the explanation"));
}

const maybeNumber = jsonMaybe(jsonNumber);
const maybeText = jsonMaybe(jsonText);

const readGroup = jsonRecord<GroupCandidate>({
  groupName: jsonText,
  ruledOut: maybeText,
  totalMib: jsonNumber,
  freeMib: jsonNumber,
  reservedMib: jsonNumber,
  trunkFreeMib: jsonNumber,
  promisedMib: jsonNumber,
  writableMembers: jsonNumber,
  diskUsage: jsonNumber,
  taskRatio: jsonNumber,
  load: jsonNumber,
  chance: jsonNumber,
});

const readMember = jsonRecord<MemberCandidate>({
  storageId: jsonText,
  address: jsonText,
  port: jsonNumber,
  status: jsonOneOf(storageStatuses),
  ruledOut: maybeText,
  trouble: maybeText,
  hasFile: maybeText,
  isSource: jsonFlag,
  syncedSeconds: maybeNumber,
  totalMib: jsonNumber,
  freeMib: jsonNumber,
  uploadPriority: jsonNumber,
  tasks: jsonNumber,
  latencyMicros: maybeNumber,
  diskSpeed: maybeNumber,
  report: jsonMaybe(
    jsonRecord<ReportedLoad>({
      ageMs: jsonNumber,
      cpuPermille: maybeNumber,
      memoryPermille: maybeNumber,
      diskPermille: maybeNumber,
      diskBytesPerSecond: maybeNumber,
      networkPermille: maybeNumber,
    }),
  ),
  capacity: jsonNumber,
  cost: jsonNumber,
  chance: jsonNumber,
});

const readPath = jsonRecord<PathCandidate>({
  index: jsonNumber,
  totalMib: jsonNumber,
  freeMib: jsonNumber,
  reservedMib: jsonNumber,
  ruledOut: maybeText,
});

const readChoice = jsonRecord<Choice>({
  groupName: jsonText,
  storageId: jsonText,
  address: jsonText,
  port: jsonNumber,
  storePathIndex: maybeNumber,
  chance: jsonNumber,
  reasons: jsonList(jsonText),
});

const readRefusal = jsonRecord<ChoiceRefusal>({
  status: jsonNumber,
  reason: jsonText,
  groupName: maybeText,
  storageId: maybeText,
  storePathIndex: maybeNumber,
  freeMib: maybeNumber,
  limitMib: maybeNumber,
  setting: maybeText,
});

const readExplanation = jsonRecord<ChoiceExplanation>({
  version: jsonVersion(CHOICE_EXPLANATION_VERSION),
  takenSeconds: jsonNumber,
  purpose: jsonOneOf(choicePurposes),
  settings: jsonList(jsonRecord<ChoiceSetting>({ key: jsonText, value: jsonText, meaning: jsonText })),
  file: jsonMaybe(jsonRecord<NamedFile>({ sourceId: jsonText, createdSeconds: maybeNumber, mayChange: jsonFlag })),
  groups: jsonList(readGroup),
  groupName: jsonText,
  members: jsonList(readMember),
  paths: jsonList(readPath),
  choice: jsonMaybe(readChoice),
  refusal: jsonMaybe(readRefusal),
});
