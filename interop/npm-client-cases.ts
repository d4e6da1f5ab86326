// Everything that the npm packages "fdfs" and "fastdfs-client" can do, run against our tracker and storages. One is a
// fork of the other, so both run the same cases.
import type FdfsClient from "fdfs";
import { afterAll, beforeAll, describe } from "vitest";

import { NpmClientTrial } from "./npm-client-trial.ts";
import { describeAppenderFiles, describeDownload, describeUpload } from "./npm-file-cases.ts";
import { describeLists } from "./npm-list-cases.ts";
import { describeManyAtOnce, describeMetadata, describeNames } from "./npm-name-cases.ts";

export function describeNpmClient(
  packageName: string,
  Client: typeof FdfsClient,
  identity: "address" | "storage-id",
): void {
  describe(`${packageName}, storages known by ${identity}`, () => {
    let opened: NpmClientTrial;
    const trial = (): NpmClientTrial => opened;
    beforeAll(async () => {
      opened = await NpmClientTrial.open(Client, identity);
    });
    afterAll(() => opened[Symbol.asyncDispose]());

    describeUpload(trial);
    describeDownload(trial);
    describeAppenderFiles(trial);
    describeMetadata(trial);
    describeNames(trial);
    describeManyAtOnce(trial);
    describeLists(trial, identity === "address" ? "127.0.0.1" : "100001");
  });
}
