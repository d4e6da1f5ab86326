// A storage that is killed at any call of its disk, on virtual time: what was answered is there, nothing half-written can
// be seen, the next start works. The power stays on: what was written to the kernel is kept.
import { RandomWorker } from "@fastdfs-ts/simulation";
import { describe, expect, it } from "vitest";
import { Stage } from "./stage.ts";
import { APPENDER_CONTENT, contents, type Operation, operations, SMALL } from "./store-operations.ts";

/** Runs an operation that is cut off at disk call `call`. False if it needs fewer calls. */
async function crashIn(operation: Operation, name: string, call: number, crashOfRestart?: number): Promise<boolean> {
  const stage = await Stage.open(`${name} ${call}`);
  const prepared = await stage.do(async (client) => ({
    file: await client.upload(SMALL, "txt"),
    appender: await client.uploadAppender(APPENDER_CONTENT),
  }));
  await stage.do(async (client) => operation.prepare?.(client, prepared));
  const before = contents(stage.files());

  const callsBefore = stage.host.diskFaults.calls;
  stage.host.crashAtDiskCall(call, "process");
  const answered = await stage
    .do((client) => operation.run(client, prepared))
    .then(
      (name) => ({ name }),
      // The client lost its connection, which tells it nothing.
      () => undefined,
    );
  if (stage.host.isUp) {
    expect(stage.host.diskFaults.calls - callsBefore).toBeLessThan(call);
    return false;
  }

  if (crashOfRestart !== undefined) {
    stage.host.restart();
    stage.host.crashAtDiskCall(crashOfRestart, "process");
    const started = await stage.start().then(
      () => true,
      () => false,
    );
    if (started) return false;
  }
  await stage.restart();
  const files = contents(stage.files());
  const fresh = [...files.keys()].filter((each) => !before.has(each) && !each.endsWith("-m"));
  // Without an answer the client does not know the name of its file; if there is one, it must be this.
  const made = typeof answered?.name === "string" ? answered.name : fresh[0];
  const after = new Map(before);
  operation.after(after, prepared, made ?? "no file was made");
  if (answered !== undefined) expect(files, "what was answered").toEqual(after);
  else expect([before, after]).toContainEqual(files);

  // The next life works, and what it makes survives an orderly look.
  const later = await stage.do(async (client) => {
    const stored = await client.upload(SMALL);
    await client.append(await client.uploadAppender(SMALL), SMALL);
    return stored;
  });
  expect(stage.files().get(later)?.content).toEqual(SMALL);
  return true;
}

describe("a storage that is killed at each disk call", () => {
  it.each(Object.entries(operations))("of %s", async (name, operation) => {
    let call = 1;
    while (await crashIn(operation, name, call)) call++;
    // The operation did something to be killed in.
    expect(call).toBeGreaterThan(2);
  });

  const withIntent = ["append", "modification inside", "modification over the end", "truncation to less"];
  withIntent.push("truncation to more", "regeneration", "deletion with metadata");

  it.each(withIntent)("of %s, and again at each disk call of the next start", async (name) => {
    const operation = operations[name]!;
    // Between these calls nothing but more content is written.
    const calls = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14];
    for (const call of calls) {
      let ofRestart = 1;
      while (await crashIn(operation, name, call, ofRestart)) ofRestart++;
    }
  });
});

describe("the first start of a storage", () => {
  it("killed at each disk call, and again, leaves nothing that the next one minds", async () => {
    let call = 1;
    for (let isKilled = true; isKilled; call++) {
      const stage = Stage.empty(`first start ${call}`);
      stage.host.crashAtDiskCall(call, "process");
      isKilled = await stage.start().then(
        () => false,
        () => true,
      );
      if (!isKilled) break;
      stage.host.restart();
      stage.host.crashAtDiskCall(Math.ceil(call / 2), "process");
      await stage.start().catch(() => undefined);
      await stage.restart();
      const name = await stage.do((client) => client.upload(SMALL));
      expect(stage.files().get(name)?.content).toEqual(SMALL);
    }
    expect(call).toBeGreaterThan(20);
  });
});

describe("several clients at a storage that is killed again and again", () => {
  const seeds = Array.from({ length: 12 }, (_, index) => index + 1);

  it.each(seeds)("find what was answered (seed %i)", async (seed) => {
    const stage = await Stage.open(`random work ${seed}`);
    const { random } = stage.world;
    const workers = ["a", "b", "c", "d"].map((id) => new RandomWorker(id, random.fork(id)));
    for (let round = 0; round < 12; round++) {
      const clients = await Promise.all(workers.map(() => stage.connect()));
      stage.host.crashAtDiskCall(1 + random.below(400), "process");
      await stage.world.run(Promise.all(workers.map((worker, index) => worker.work(clients[index]!))));
      await stage.restart();
      const files = stage.files();
      const known = new Set(workers.flatMap((worker) => [...worker.compare(files)]));
      expect([...files.keys()].filter((name) => !known.has(name))).toEqual([]);
    }
    // They got somewhere.
    expect(workers.reduce((sum, { answered }) => sum + answered, 0)).toBeGreaterThan(100);
  });
});
