// The clients of a story: each uploads, changes, reads and deletes files of its own, one call after the other, and notes
// in the ledger what it was promised.
import type { ErrorKind, FastDfsClient } from "@fastdfs-ts/client";
import { FdfsError } from "@fastdfs-ts/protocol";
import type { Prng } from "../prng.ts";
import type { SimCluster } from "../sim-cluster.ts";
import type { Ledger, LedgerEntry } from "./ledger.ts";
import { pickWeighted } from "./weights.ts";

/** Pause of a client between two calls, in milliseconds. */
const pauseMs = { min: 20, max: 1500 };
const smallBytesMax = 9000;
/** Above the size at which content is taken in pieces. */
const largeBytesMax = 300_000;
/** A client goes on with its youngest files, so that they are changed while they are being replicated. */
const youngestFiles = 12;

/** The request did not get to anybody, or was refused for what it is: nothing has changed. */
const certainFailures: ReadonlySet<ErrorKind> = new Set(["UNREACHABLE", "BAD_REQUEST", "NO_SPACE"]);

interface Visit {
  readonly client: FastDfsClient;
  readonly random: Prng;
  readonly ledger: Ledger;
  readonly nowMs: () => number;
  /** The file that the call is about; a stored one whose content is certain. */
  readonly entry: LedgerEntry;
  /** Notes that something is wrong. */
  readonly complain: (complaint: string) => void;
}

type NewFileVisit = Omit<Visit, "entry">;

interface CallOnFile {
  readonly weight: number;
  /** Only for these kinds of files; all if not given. */
  readonly kind?: LedgerEntry["kind"];
  /** Whether the storage makes it again at its next start if the disk refused it half-way (files/change-intents.ts). */
  readonly isRepeated?: true;
  /** What is not known any more if it fails and nobody knows how far it came. */
  readonly unsettles: readonly ("content" | "metadata" | "existence")[];
  readonly call: (visit: Visit) => Promise<void>;
}

const newFiles: readonly { readonly weight: number; readonly call: (visit: NewFileVisit) => Promise<void> }[] = [
  { weight: 8, call: (visit) => upload(visit, smallBytesMax, false) },
  { weight: 1, call: (visit) => upload(visit, largeBytesMax, false) },
  { weight: 4, call: (visit) => upload(visit, smallBytesMax, true) },
];

const callsOnFiles: readonly CallOnFile[] = [
  {
    weight: 2,
    kind: "normal",
    unsettles: [],
    call: async ({ client, random, ledger, nowMs, entry }) => {
      const content = random.bytes(1 + random.below(smallBytesMax));
      const { fileId } = await client.uploadSlave(entry.fileId, `_${random.below(1000)}`, content, {
        extension: "bin",
      });
      ledger.stored(fileId, "slave", content, nowMs());
    },
  },
  {
    weight: 3,
    kind: "appender",
    unsettles: ["content"],
    call: async ({ client, random, entry }) => {
      const content = random.bytes(1 + random.below(smallBytesMax));
      const held = entry.content!;
      await client.append(entry.fileId, content);
      changed(entry, [held, content]);
    },
  },
  {
    weight: 3,
    kind: "appender",
    isRepeated: true,
    unsettles: ["content"],
    call: async ({ client, random, entry }) => {
      const content = random.bytes(1 + random.below(smallBytesMax));
      const held = entry.content!;
      const offset = random.below(held.length + 1);
      await client.modify(entry.fileId, offset, content);
      changed(entry, [held.subarray(0, offset), content, held.subarray(offset + content.length)]);
    },
  },
  {
    weight: 2,
    kind: "appender",
    unsettles: ["content"],
    call: async ({ client, random, entry }) => {
      const bytes = random.below(smallBytesMax);
      const held = entry.content!.subarray(0, bytes);
      await client.truncate(entry.fileId, bytes);
      changed(entry, [held, Buffer.alloc(bytes - held.length)]);
    },
  },
  {
    weight: 1,
    kind: "appender",
    unsettles: ["existence"],
    call: async ({ client, ledger, nowMs, entry }) => {
      const held = entry.content!;
      const { fileId } = await client.regenerate(entry.fileId);
      entry.existence = "renamed";
      const renamed = ledger.stored(fileId, "regenerated", held, nowMs());
      renamed.content = entry.content;
    },
  },
  {
    weight: 3,
    unsettles: ["metadata"],
    call: async ({ client, random, entry }) => {
      const values = { width: String(random.below(5000)), [`key${random.below(3)}`]: String(random.below(100)) };
      // None at all: the metadata is deleted, and may be given anew.
      const metadata = random.chance(0.3) ? {} : values;
      await client.setMetadata(entry.fileId, metadata, { mode: "overwrite" });
      entry.metadata = metadata;
    },
  },
  {
    weight: 3,
    unsettles: ["existence"],
    call: async ({ client, entry }) => {
      await client.delete(entry.fileId);
      entry.existence = "deleted";
    },
  },
  {
    weight: 6,
    unsettles: [],
    call: async ({ client, entry, complain }) => {
      const expected = entry.content!;
      const held = await (await client.download(entry.fileId)).bytes();
      // Appenders are read from whoever answers; only what never changes must be the same everywhere at any time.
      if (entry.kind === "normal" && !held.equals(expected)) {
        complain(
          `a client read ${held.length} bytes of ${entry.fileId} that are not the ${expected.length} stored ones`,
        );
      }
    },
  },
];

/** Unless a disk lost it meanwhile, the file now holds these pieces. */
function changed(entry: LedgerEntry, pieces: readonly Buffer[]): void {
  if (entry.content !== undefined) entry.content = Buffer.concat(pieces);
}

async function upload({ client, random, ledger, nowMs }: NewFileVisit, bytesMax: number, appender: boolean) {
  const content = random.bytes(1 + random.below(bytesMax));
  const { fileId } = await client.upload(content, { extension: "bin", appender });
  ledger.stored(fileId, appender ? "appender" : "normal", content, nowMs());
}

export interface WorkloadResult {
  readonly calls: number;
  readonly failures: number;
  /** Reads that gave something wrong. */
  readonly complaints: readonly string[];
}

/** Works until `isOver`. Never throws: what fails is noted. */
export async function work(
  cluster: SimCluster,
  random: Prng,
  ledger: Ledger,
  isOver: () => boolean,
): Promise<WorkloadResult> {
  const { world } = cluster;
  const client = cluster.openClient({ connectTimeoutMs: 1000, connectAttempts: 2, trackerRestMs: 3000 });
  const own: LedgerEntry[] = [];
  const complaints: string[] = [];
  let calls = 0;
  let failures = 0;
  const noteOwn: Ledger["stored"] = (...facts) => {
    const entry = ledger.stored(...facts);
    own.push(entry);
    return entry;
  };
  const ownLedger = Object.assign(Object.create(ledger) as Ledger, { stored: noteOwn });
  const base = {
    client,
    random,
    ledger: ownLedger,
    nowMs: () => world.nowMs,
    complain: (text: string) => complaints.push(text),
  };

  while (!isOver()) {
    calls++;
    const usable = own.slice(-youngestFiles).filter(isSettled);
    const entry = random.chance(0.4) || usable.length === 0 ? undefined : random.pick(usable);
    const call =
      entry &&
      pickWeighted(
        random,
        callsOnFiles.filter(({ kind }) => kind === undefined || kind === entry.kind),
      );
    try {
      if (entry && call) {
        await call.call({ ...base, entry });
        if (call.unsettles.length > 0) entry.changedMs = world.nowMs;
      } else await pickWeighted(random, newFiles).call(base);
    } catch (error) {
      if (!(error instanceof FdfsError)) throw error;
      failures++;
      world.trace.record("client", `failed ${error.message}`);
      const isCertain = certainFailures.has(error.kind) && !(call?.isRepeated && error.kind === "NO_SPACE");
      if (entry && call && !isCertain) unsettle(entry, call, world.nowMs);
    }
    await passing(world, random.between(pauseMs.min, pauseMs.max));
  }
  await client.close();
  return { calls, failures, complaints };
}

function isSettled(entry: LedgerEntry): boolean {
  return entry.existence === "stored" && entry.content !== undefined && entry.metadata !== undefined;
}

function unsettle(entry: LedgerEntry, { unsettles }: CallOnFile, nowMs: number): void {
  if (unsettles.includes("content")) entry.content = undefined;
  if (unsettles.includes("metadata")) entry.metadata = undefined;
  if (unsettles.includes("existence")) entry.existence = "uncertain";
  entry.changedMs = nowMs;
}

function passing(world: SimCluster["world"], ms: number): Promise<void> {
  return new Promise((resolve) => world.after(ms, resolve));
}
