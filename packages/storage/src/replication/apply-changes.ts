// Pushed changes of an existing file: append (25), modify (35), truncate (37), by wire-protocol.md §9.5 to §9.7. The new
// bytes are complete in the incoming folder before the file is locked and judged: so no sender, however slow, holds up the
// clients of the file, and two members that push changes of one file to each other do not wait for each other. Bytes that
// are not wanted are dropped as they come, if that is certain before.
import { HEADER_BYTES, type SyncTruncateRequest, SyncWriteRequest } from "@fastdfs-ts/protocol";
import type { ContentReader } from "@fastdfs-ts/rpc";
import type { FileStat } from "@fastdfs-ts/runtime";

import { carryOut, copyInto, tryOut } from "../files/carry-out.ts";
import { type Change, SPOOL } from "../files/change-intents.ts";
import { discard } from "../files/discard.ts";
import type { FileStore } from "../files/file-store.ts";
import { receiveFile } from "../files/receive-file.ts";
import type { ResolvedName } from "../files/resolve-name.ts";
import { countOpen } from "../pieces.ts";
import type { StoreFile } from "../store/store-disk.ts";
import type { ApplyOutcome } from "./apply-outcome.ts";
import type { Pusher } from "./pusher.ts";
import { countedIn, drop, requireAnnounced } from "./replica-content.ts";
import { lockOf, resolveReplica } from "./replica-target.ts";

/** What the file here is to a pushed change. */
type Verdict = (stat: FileStat | undefined) => ApplyOutcome;

/** 25. What is behind the sender here already, wholly or partly, is never appended twice. */
export async function applyAppend(
  store: FileStore,
  request: SyncWriteRequest,
  content: ContentReader,
): Promise<ApplyOutcome> {
  const { offset, contentBytes, timestampSeconds, logicalName } = request;
  let isHere = false as boolean; // set in a callback, which the compiler does not see
  const outcome = await applyWrite(store, "append", request, content, (stat) => {
    if (stat === undefined) return "missing";
    if (stat.kind !== "file") return "held";
    if (stat.sizeBytes === offset) return "applied";
    isHere = stat.sizeBytes >= offset + contentBytes;
    return isHere ? "held" : "missing";
  });
  // The file came whole, with this change: the log says how far it is.
  if (outcome === "held" && isHere)
    store.binlog.append(timestampSeconds, "a", logicalName, `${offset} ${contentBytes}`);
  return outcome;
}

/** 35. Doing it twice is the same as once. */
export async function applyModify(
  store: FileStore,
  request: SyncWriteRequest,
  content: ContentReader,
  pusher: Pusher,
): Promise<ApplyOutcome> {
  const { logicalName, offset, contentBytes, timestampSeconds: seconds } = request;
  const change = { target: resolveReplica(store, logicalName), seconds, op: `m ${offset} ${contentBytes}` } as const;
  const judge: Verdict = (stat) => {
    if (stat === undefined) return "missing";
    if (stat.kind !== "file" || pusher.isBehind(change)) return "held";
    return stat.sizeBytes >= offset ? "applied" : "missing";
  };
  const outcome = await applyWrite(store, "modify", request, content, judge);
  if (outcome === "applied") pusher.noteDone(change);
  return outcome;
}

async function applyWrite(
  store: FileStore,
  kind: "append" | "modify",
  request: SyncWriteRequest,
  content: ContentReader,
  judge: Verdict,
): Promise<ApplyOutcome> {
  const { logicalName, offset, contentBytes: bytes } = request;
  const target = resolveReplica(store, logicalName);
  const { storePath } = target;
  requireAnnounced(bytes, content);
  if (store.locks.isFree(lockOf(target))) {
    const verdict = judge(await storePath.disk.linkStat(target.path));
    if (verdict !== "applied") {
      await drop(content);
      return verdict;
    }
  }
  const frontBytes = HEADER_BYTES + SyncWriteRequest.fixedSize + logicalName.length;
  return countedIn(store, frontBytes, bytes, async (writes) => {
    const { path: spool } = await receiveFile(store, storePath, content, writes, { suffix: SPOOL });
    let isSpoolNeeded = false as boolean; // set in a callback, which the compiler does not see
    try {
      return await changeReplica(store, target, request.timestampSeconds, judge, async (file, stat, facts) => {
        const put = async () => {
          await copyInto(target, spool, file, offset);
          await file.setTimes(facts.seconds);
        };
        if (kind === "append") {
          const change: Change = { kind, ...facts, offset, bytes };
          await tryOut(store, target, change, { act: put, undo: () => file.truncate(stat.sizeBytes) });
          return;
        }
        await carryOut(store, target, { kind, ...facts, offset, bytes, spool }, () => {
          isSpoolNeeded = true;
          return put();
        });
      });
    } finally {
      // A modification that has begun needs its bytes at the next start; one that is done has removed them.
      if (!isSpoolNeeded) await discard(storePath, spool);
    }
  });
}

/** 37. */
export async function applyTruncate(store: FileStore, request: SyncTruncateRequest): Promise<ApplyOutcome> {
  const { oldBytes, newBytes, timestampSeconds, logicalName } = request;
  const target = resolveReplica(store, logicalName);
  let isHere = false as boolean; // set in a callback, which the compiler does not see
  const judge: Verdict = (stat) => {
    if (stat === undefined) return "missing";
    isHere = stat.kind === "file" && stat.sizeBytes === newBytes;
    if (stat.kind !== "file" || isHere) return "held";
    // A change before this one was not pushed any more, because the sender's file was too short for it by then.
    return stat.sizeBytes === oldBytes ? "applied" : "missing";
  };
  const outcome = await changeReplica(store, target, timestampSeconds, judge, async (file, _stat, facts) => {
    countOpen(store.statistics);
    const change: Change = { kind: "truncate", ...facts, oldBytes, newBytes };
    const act = async () => {
      await file.truncate(newBytes);
      await file.setTimes(facts.seconds);
    };
    // A file can be too large for the file system; what is cut off is gone.
    if (newBytes > oldBytes) await tryOut(store, target, change, { act, undo: () => file.truncate(oldBytes) });
    else await carryOut(store, target, change, act);
  });
  if (outcome === "held" && isHere) store.binlog.append(timestampSeconds, "t", logicalName, `${oldBytes} ${newBytes}`);
  return outcome;
}

interface ReplicaFacts {
  readonly isReplica: true;
  readonly seconds: number;
  readonly logicalName: string;
  readonly pathInStore: string;
}

/** Runs `change` on the file under its lock if the verdict still is to apply it. */
function changeReplica(
  store: FileStore,
  target: ResolvedName,
  seconds: number,
  judge: Verdict,
  change: (file: StoreFile, stat: FileStat, facts: ReplicaFacts) => Promise<void>,
): Promise<ApplyOutcome> {
  const { logicalName, pathInStore, path } = target;
  const { disk } = target.storePath;
  const run = async (): Promise<ApplyOutcome> => {
    const stat = await disk.linkStat(path);
    const verdict = judge(stat);
    if (verdict !== "applied" || stat === undefined) return verdict;
    const file = await disk.open(path, "write");
    try {
      await change(file, stat, { isReplica: true, seconds, logicalName, pathInStore });
    } finally {
      await file.close();
    }
    return "applied";
  };
  return store.locks.run(lockOf(target), run);
}
