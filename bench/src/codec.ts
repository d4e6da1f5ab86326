// Microbenchmarks of the parts that every exchange pays for. One process, one thread, the median of several rounds.
import {
  crc32,
  frame,
  frameBodyBytes,
  frameCommand,
  frameStatus,
  mintName,
  type NewName,
  parseFileId,
  StorageRecord,
  StoreTarget,
  UploadRequest,
} from "@fastdfs-ts/protocol";
import { ChunkQueue } from "@fastdfs-ts/rpc";
import { invariant } from "@fastdfs-ts/runtime";
import { nodeWorld } from "@fastdfs-ts/runtime/node";
import { loadPayload } from "./load/payload.ts";
import { median } from "./medians.ts";

export interface Timing {
  readonly name: string;
  readonly nanoseconds: number;
}

const ROUNDS = 7;
const ROUND_MS = 60;
const BATCH_MIN = 16;

/** Does its work `times` times and returns something that depends on it, so that the compiler cannot leave it out. */
type Work = (times: number) => number;

/** Runs all microbenchmarks. Takes some seconds. */
export function codecTimings(): Timing[] {
  return Object.entries(works()).map(([name, work]) => ({ name, nanoseconds: time(work) }));
}

/** Nanoseconds per repetition. */
function time(work: Work): number {
  let batch = BATCH_MIN;
  // Doubling until a batch fills a round also gives the compiler time to settle.
  for (let elapsed = 0; elapsed < ROUND_MS;) {
    batch *= 2;
    elapsed = timeBatch(work, batch);
  }
  const rounds = Array.from({ length: ROUNDS }, () => timeBatch(work, batch));
  return (median(rounds) * 1e6) / batch;
}

function timeBatch(work: Work, times: number): number {
  const startedMs = performance.now();
  const result = work(times);
  const elapsedMs = performance.now() - startedMs;
  invariant(Number.isInteger(result), "a work sums integers");
  return elapsedMs;
}

function repeat(once: () => number): Work {
  return (times) => {
    let sum = 0;
    for (let i = 0; i < times; i++) sum = (sum + once()) | 0;
    return sum;
  };
}

function works(): Record<string, Work> {
  const header = frame(11, Buffer.alloc(5135));
  const target = { groupName: "group1", storageIp: "192.168.100.200", storagePort: 23000, storePathIndex: 0 };
  const targetBytes = StoreTarget.encode(target);
  const uploadBytes = UploadRequest.encode({ storePathIndex: 0, contentBytes: 5120, extension: "bin" });
  const recordBytes = Buffer.alloc(StorageRecord.fixedSize);
  const record = StorageRecord.decode(recordBytes);
  const small = loadPayload(5 * 1024);
  const large = loadPayload(1024 * 1024);
  const { random } = nodeWorld();
  const name: NewName = {
    source: 0xc0a8_64c8,
    createdSeconds: 1_700_000_000,
    kind: "normal",
    fileBytes: small.length,
    crc32: crc32(0, small),
    extension: "bin",
  };
  const fileId = `group1/M00/00/0C/${mintName(name, random)}`;

  return {
    "header decode": repeat(() => frameBodyBytes(header) + frameCommand(header) + frameStatus(header)),
    "upload head decode (15 B)": repeat(() => UploadRequest.decode(uploadBytes).contentBytes),
    "store target decode (40 B)": repeat(() => StoreTarget.decode(targetBytes).storagePort),
    "store target encode (40 B)": repeat(() => StoreTarget.encode(target).length),
    "storage record decode (487 B)": repeat(() => StorageRecord.decode(recordBytes).storagePort),
    "storage record encode (487 B)": repeat(() => StorageRecord.encode(record).length),
    "chunk queue, frame in one chunk": chunkQueueWork([header]),
    "chunk queue, frame in 4 chunks": chunkQueueWork(
      [0, 1, 2, 3].map((i) => header.subarray(i * 1300, (i + 1) * 1300)),
    ),
    "file name mint": repeat(() => mintName(name, random).length),
    "file id parse": repeat(() => parseFileId(fileId).fileBytes ?? 0),
    "crc32 of 5 KiB": repeat(() => crc32(0, small)),
    "crc32 of 1 MiB": repeat(() => crc32(0, large)),
  };
}

/** An upload as a connection sees it: the header is looked at, the head taken, the content taken piece by piece. */
function chunkQueueWork(chunks: readonly Buffer[]): Work {
  const queue = new ChunkQueue();
  return repeat(() => {
    for (const chunk of chunks) queue.push(chunk);
    let bytes = frameCommand(queue.peek(10)) + queue.take(25).length;
    for (let piece = queue.takeSome(queue.length); piece !== undefined; piece = queue.takeSome(queue.length)) {
      bytes += piece.length;
    }
    return bytes;
  });
}
