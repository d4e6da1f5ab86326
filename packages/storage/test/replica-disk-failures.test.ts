// A disk that refuses a call, at any call of any pushed record, on virtual time: the sender gets an error, the record is done
// wholly or not at all by the next start at the latest, and when it is repeated the file is as it says.
import { SystemError } from "@fastdfs-ts/runtime";
import { describe, expect, it } from "vitest";
import { push, RECORD_SECONDS } from "./replica-pusher.ts";
import { APPENDER, OLD, type ReplicaOperation, replicaOperations } from "./replica-operations.ts";
import { Stage } from "./stage.ts";
import { contents } from "./store-operations.ts";

const errnos = { ENOSPC: 28, EIO: 5 } as const;

/** Applies an operation whose disk call `call` fails. False if it needs fewer calls. */
async function failIn(
  operation: ReplicaOperation,
  title: string,
  call: number,
  code: keyof typeof errnos,
  restarts: boolean,
): Promise<boolean> {
  const stage = await Stage.open(`${title} ${call} ${code}`);
  await stage.do((client) => client.push(push.create(APPENDER, OLD, { seconds: RECORD_SECONDS - 10 })));
  await stage.do(async (client) => operation.prepare?.(client));
  const before = contents(stage.files());
  const after = new Map(before);
  operation.after(after);

  stage.host.diskFaults.crashAtCall(call, () => {
    throw new SystemError(code, "disk", "somewhere");
  });
  const callsBefore = stage.host.diskFaults.calls;
  const status = await stage.do((client) => client.push(operation.request()));
  if (stage.host.diskFaults.calls - callsBefore < call) return false;
  expect([0, errnos[code]]).toContain(status);

  if (restarts) {
    await stage.restart();
    const found = contents(stage.files());
    if (status === 0) expect(found).toEqual(after);
    else expect([before, after]).toContainEqual(found);
  }
  expect(operation.repeated ?? [0, 17]).toContain(await stage.do((client) => client.push(operation.request())));
  expect(stage.troubles, "handlers that failed").toEqual([]);
  await stage.restart();
  expect(contents(stage.files()), "after the record was repeated").toEqual(after);
  return true;
}

describe("a disk that refuses one call", () => {
  it.each(Object.entries(replicaOperations))("of %s", async (title, operation) => {
    for (const [code, restarts] of [
      ["ENOSPC", false],
      ["EIO", true],
    ] as const) {
      let call = 1;
      while (await failIn(operation, title, call, code, restarts)) call++;
      expect(call).toBeGreaterThan(2);
    }
  });
});
