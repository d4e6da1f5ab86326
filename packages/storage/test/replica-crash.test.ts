// A receiver that is killed at any call of its disk, on virtual time, while it applies a record: no half of the record can be
// seen, and when the sender repeats it, which it does because it got no answer, the file is as the record says.
import { describe, expect, it } from "vitest";
import { push, RECORD_SECONDS } from "./replica-pusher.ts";
import { APPENDER, OLD, type ReplicaOperation, replicaOperations as operations } from "./replica-operations.ts";
import { Stage } from "./stage.ts";
import { contents } from "./store-operations.ts";

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
