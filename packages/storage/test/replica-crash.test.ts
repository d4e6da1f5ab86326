// A receiver that is killed at any call of its disk, on virtual time, while it applies a record: no half of the record can be
// seen, and when the sender repeats it, which it does because it got no answer, the file is as the record says.
import { crc32, printNameFacts, sizeFlags, sourceOfIp } from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";
import { push, RECORD_SECONDS } from "./replica-pusher.ts";
import { Stage } from "./stage.ts";
import type { StoreClient } from "./store-client.ts";
import { contents } from "./store-operations.ts";

const bytes = (count: number, letter: string) => Buffer.alloc(count, letter);
const SMALL = bytes(500, "s");
const LARGE = bytes(300_000, "L");
const OLD = bytes(1000, "a");

const name = (tail: string, sizeHigh: number, content: Buffer) =>
  `M00/00/00/${printNameFacts({
    source: sourceOfIp("10.0.0.1"),
    createdSeconds: RECORD_SECONDS,
    sizeHigh,
    sizeLow: content.length,
    crc32: crc32(0, content),
  })}${tail}.bin`;
const APPENDER = name("0000001", sizeFlags.masked + sizeFlags.appender, Buffer.alloc(0));
const RENAMED = name("0000002", sizeFlags.masked, OLD);
const small = name("0000003", sizeFlags.masked, SMALL);
const large = name("0000004", sizeFlags.masked, LARGE);

interface ReplicaOperation {
  readonly request: () => Buffer;
  /** Runs before; APPENDER is there already. */
  readonly prepare?: (client: StoreClient) => Promise<unknown>;
  /** Makes the files before it those after it. */
  readonly after: (files: Map<string, string>) => void;
  /** The file that has the time of the record afterwards. */
  readonly timed?: string;
  /** What the sender may hear if it repeats the record, and goes on with. Default: 0 or 17. */
  readonly repeated?: readonly number[];
}

const makes = (logicalName: string, content: Buffer): ReplicaOperation => ({
  request: () => push.create(logicalName, content),
  after: (files) => void files.set(logicalName, content.toString("latin1")),
  timed: logicalName,
});
const changes = (request: () => Buffer, ...pieces: Buffer[]): ReplicaOperation => ({
  request,
  after: (files) => void files.set(APPENDER, Buffer.concat(pieces).toString("latin1")),
  timed: APPENDER,
});

const operations: Record<string, ReplicaOperation> = {
  "creation of a small file": makes(small, SMALL),
  "creation of a large file": makes(large, LARGE),
  "creation over a file of another size": changes(() => push.create(APPENDER, LARGE), LARGE),
  "creation of metadata": makes(`${APPENDER}-m`, SMALL),
  update: changes(() => push.update(APPENDER, LARGE), LARGE),
  deletion: {
    request: () => push.delete(APPENDER),
    after: (files) => void files.delete(APPENDER),
    repeated: [0, 2],
  },
  append: changes(() => push.append(APPENDER, OLD.length, LARGE), OLD, LARGE),
  "modification inside": changes(
    () => push.modify(APPENDER, 100, bytes(200, "M")),
    bytes(100, "a"),
    bytes(200, "M"),
    bytes(700, "a"),
  ),
  "modification over the end": changes(() => push.modify(APPENDER, 900, LARGE), bytes(900, "a"), LARGE),
  "truncation to less": changes(() => push.truncate(APPENDER, OLD.length, 300), bytes(300, "a")),
  "truncation to more": changes(() => push.truncate(APPENDER, OLD.length, 3000), OLD, Buffer.alloc(2000)),
  link: {
    prepare: (client) => client.push(push.create(small, SMALL)),
    request: () => push.link(large, small),
    after: (files) => void files.set(large, SMALL.toString("latin1")),
    repeated: [0],
  },
  renaming: {
    request: () => push.rename(RENAMED, APPENDER),
    after: (files) => {
      files.delete(APPENDER);
      files.set(RENAMED, OLD.toString("latin1"));
    },
  },
};

/** Applies an operation that is cut off at disk call `call`. False if it needs fewer calls. */
async function crashIn(operation: ReplicaOperation, title: string, call: number, ofRestart?: number): Promise<boolean> {
  const stage = await Stage.open(`${title} ${call}`);
  await stage.do((client) => client.push(push.create(APPENDER, OLD, { seconds: RECORD_SECONDS - 10 })));
  await stage.do(async (client) => operation.prepare?.(client));
  const before = contents(stage.files());
  const after = new Map(before);
  operation.after(after);

  stage.host.crashAtDiskCall(call, "process");
  const status = await stage.do((client) => client.push(operation.request())).catch(() => undefined);
  if (stage.host.isUp) {
    expect(status).toBe(0);
    return false;
  }
  if (ofRestart !== undefined) {
    stage.host.restart();
    stage.host.crashAtDiskCall(ofRestart, "process");
    const isStarted = await stage.start().then(
      () => true,
      () => false,
    );
    if (isStarted) return false;
  }
  await stage.restart();
  const found = contents(stage.files());
  if (status !== undefined) expect(found, "what was answered").toEqual(after);
  else expect([before, after]).toContainEqual(found);

  expect(operation.repeated ?? [0, 17]).toContain(await stage.do((client) => client.push(operation.request())));
  expect(contents(stage.files()), "after the record was repeated").toEqual(after);
  const { timed } = operation;
  if (timed !== undefined) expect(stage.modifiedSeconds(timed)).toBe(RECORD_SECONDS);
  expect(stage.troubles).toEqual([]);
  return true;
}

describe("a receiver that is killed at each disk call", () => {
  it.each(Object.entries(operations))("of %s", async (title, operation) => {
    let call = 1;
    while (await crashIn(operation, title, call)) call++;
    // It did something to be killed in.
    expect(call).toBeGreaterThan(2);
  });

  const withIntent = ["append", "modification inside", "modification over the end", "truncation to less"];
  withIntent.push("truncation to more", "renaming");

  it.each(withIntent)("of %s, and again at each disk call of the next start", async (title) => {
    // Between these calls nothing but more content is written.
    for (let call = 1; call <= 16; call++) {
      let ofRestart = 1;
      while (await crashIn(operations[title]!, title, call, ofRestart)) ofRestart++;
    }
  });
});
