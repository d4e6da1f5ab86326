// A disk that refuses a call, at any call of any operation, on virtual time: the client gets an error, the operation has
// happened wholly or not at all, and the server goes on. A refused write may have written a part.
import { SystemError } from "@fastdfs-ts/runtime";
import { FdfsError } from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";
import { Stage } from "./stage.ts";
import { APPENDER_CONTENT, contents, type Operation, operations, SMALL } from "./store-operations.ts";

/** Runs an operation whose disk call `call` fails. False if it needs fewer calls. */
async function failIn(operation: Operation, name: string, call: number, code: "ENOSPC" | "EIO"): Promise<boolean> {
  const stage = await Stage.open(`${name} ${call} ${code}`);
  const prepared = await stage.do(async (client) => ({
    file: await client.upload(SMALL, "txt"),
    appender: await client.uploadAppender(APPENDER_CONTENT),
  }));
  await stage.do(async (client) => operation.prepare?.(client, prepared));
  const before = contents(stage.files());

  stage.host.diskFaults.crashAtCall(call, () => {
    throw new SystemError(code, "disk", "somewhere");
  });
  const callsBefore = stage.host.diskFaults.calls;
  const answered = await stage
    .do((client) => operation.run(client, prepared))
    .then(
      (made) => ({ made }),
      (error: unknown) => {
        // A status, unless the disk failed while the answer was on its way.
        expect(error).toBeInstanceOf(FdfsError);
        return undefined;
      },
    );
  if (stage.host.diskFaults.calls - callsBefore < call) return false;

  // The server is as good as before, for others and on other files.
  const other = await stage.connect();
  const later = await stage.world.run(other.upload(SMALL, "new"));
  expect(await stage.world.run(other.download(later))).toEqual(SMALL);
  expect(stage.troubles, "handlers that failed").toEqual([]);
  await stage.world.run(other.delete(later));

  // What could not be taken back is made whole by the next start at the latest.
  await stage.restart();
  const files = contents(stage.files());
  const fresh = [...files.keys()].filter((each) => !before.has(each) && !each.endsWith("-m"));
  const made = typeof answered?.made === "string" ? answered.made : fresh[0];
  const after = new Map(before);
  operation.after(after, prepared, made ?? "no file was made");
  if (answered !== undefined) expect(files, "what was answered").toEqual(after);
  else expect([before, after]).toContainEqual(files);
  return true;
}

describe("a disk that refuses one call", () => {
  it.each(Object.entries(operations))("of %s", async (name, operation) => {
    for (const code of ["ENOSPC", "EIO"] as const) {
      let call = 1;
      while (await failIn(operation, name, call, code)) call++;
      expect(call).toBeGreaterThan(2);
    }
  });
});
