import {
  type Command,
  type ErrorKind,
  errorKinds,
  FdfsError,
  storageCommands,
  trackerCommands,
} from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";

import { nextStep, type NextStep, type Reach, verdict } from "./retry-policy.ts";

type Retry = Command["retry"];
const retries: Retry[] = ["any-tracker", "any-holder", "same", "never"];
const reaches: Reach[] = ["not-sent", "sent-on-reused", "sent-on-fresh"];
const kinds = Object.keys(errorKinds) as ErrorKind[];

describe("every command × how far it came × every kind of error", () => {
  // The rules, written again as rules: the table must agree with them in all of its cells.
  const rule = (retry: Retry, reach: Reach, kind: ErrorKind): NextStep => {
    if (errorKinds[kind].retry !== "other-server") return "give-up";
    if (reach === "not-sent") return "other-server";
    if (retry === "never") return "give-up";
    if (reach === "sent-on-reused" && kind === "CONNECTION_LOST") return "same-server";
    return retry === "same" ? "give-up" : "other-server";
  };

  const cells = retries.flatMap((retry) =>
    reaches.flatMap((reach) => kinds.map((kind): [Retry, Reach, ErrorKind] => [retry, reach, kind])),
  );
  it(`${cells.length} cells`, () => {
    for (const [retry, reach, kind] of cells) {
      expect(nextStep(retry, reach, kind), `${retry}, ${reach}, ${kind}`).toBe(rule(retry, reach, kind));
    }
  });

  it.each([...retries])("%s: what the caller did wrong, or wanted, is never repeated", (retry) => {
    for (const reach of reaches) {
      for (const kind of ["ABORTED", "BAD_REQUEST", "ALREADY_EXISTS", undefined] as const) {
        expect(nextStep(retry, reach, kind)).toBe("give-up");
      }
    }
  });
});

describe("the commands themselves", () => {
  it("that make or extend a file are never repeated once sent", () => {
    const { uploadFile, uploadAppender, uploadSlave, appendFile, createLink, regenerateName } = storageCommands;
    for (const { retry, doc } of [uploadFile, uploadAppender, uploadSlave, appendFile, createLink, regenerateName]) {
      for (const reach of ["sent-on-fresh", "sent-on-reused"] as const) {
        for (const kind of kinds) expect(nextStep(retry, reach, kind), doc).toBe("give-up");
      }
    }
  });

  it("that ask or read may be asked elsewhere", () => {
    const { downloadFile, queryFileInfo, getMetadata } = storageCommands;
    for (const { retry } of [downloadFile, queryFileInfo, getMetadata, trackerCommands.queryStoreAny]) {
      for (const kind of ["NOT_FOUND", "TIMED_OUT", "CONNECTION_LOST"] as const) {
        expect(nextStep(retry, "sent-on-fresh", kind)).toBe("other-server");
      }
    }
  });
});

describe("the verdict of several servers", () => {
  const missing = new FdfsError("NOT_FOUND");
  const silent = new FdfsError("TIMED_OUT");
  const gone = new FdfsError("UNREACHABLE");

  it.each([
    ["all say there is no such file", [missing, new FdfsError("NOT_FOUND")], missing],
    ["one could not be asked", [missing, silent], silent],
    ["none could be asked", [gone, silent], gone],
  ])("%s", (_, failures, expected) => {
    expect(verdict(failures)).toBe(expected);
  });
});
