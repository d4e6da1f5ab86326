// The examples of the README run as they stand there, in order, in a folder with a photo.jpg.
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGzip } from "node:zlib";

import { printChoiceExplanation, trackerCommands } from "@fastdfs-ts/protocol";
import { answer } from "@fastdfs-ts/rpc";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import * as door from "../src/index.ts";
import { nothingToChoose } from "./fake-cluster.ts";
import { type OpenCluster, openCluster } from "./open-cluster.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1]!);
const photo = Buffer.from("not really a photo, but bytes");
const home = process.cwd();

let cluster: OpenCluster;
let folder: string;
beforeAll(async () => {
  cluster = await openCluster();
  cluster.tracker.override(
    answer(trackerCommands.explainChoice, () => ({ json: printChoiceExplanation(nothingToChoose) })),
  );
  folder = mkdtempSync(join(tmpdir(), "fastdfs-readme-"));
  writeFileSync(join(folder, "photo.jpg"), photo);
  process.chdir(folder);
});
afterAll(async () => {
  process.chdir(home);
  rmSync(folder, { recursive: true });
  await cluster[Symbol.asyncDispose]();
});

/** Runs an example. Its imports come from `given`, its output goes into the answer. */
async function run(example: string, given: Record<string, unknown>): Promise<string[]> {
  const source = example
    .replaceAll(/^import .*$/gm, "")
    .replaceAll("192.0.2.10:22122", `127.0.0.1:${cluster.tracker.port}`);
  const target = ts.ScriptTarget.ES2022;
  const { outputText } = ts.transpileModule(`export async function example() {${source}}`, {
    compilerOptions: { target, module: ts.ModuleKind.CommonJS },
  });
  const printed: string[] = [];
  const scope = { ...given, console: { log: (...values: unknown[]) => printed.push(values.join(" ")) }, exports: {} };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call -- our own README
  const example_ = new Function(...Object.keys(scope), `${outputText}; return example;`)(
    ...Object.values(scope),
  ) as () => Promise<void>;
  await example_();
  return printed;
}

describe("README", () => {
  it("the first example stores a file, reads it back and deletes it", async () => {
    const printed = await run(examples[0]!, { ...door });
    expect(printed[0]).toMatch(/^group1\/M00\/.*\.jpg$/);
    expect(printed[1]).toBe(`${photo.length} bytes`);
    expect(readFileSync("copy.jpg")).toEqual(photo);
    expect(cluster.storages[0]!.files.size).toBe(0);
  });

  it.each(examples.slice(1).map((example): [string, string] => [example.trim().split("\n").at(-1)!, example]))(
    "… %s",
    async (_, example) => {
      const { fileId } = await cluster.client.uploadFile("photo.jpg");
      const { client } = cluster;
      await expect(run(example, { ...door, createReadStream, createGzip, client, fileId })).resolves.toBeInstanceOf(
        Array,
      );
    },
  );

  it("names every kind of error that a caller may meet", () => {
    for (const kind of readme.matchAll(/`([A-Z]+_?[A-Z]+)`/g)) expect(Object.keys(door.errorKinds)).toContain(kind[1]);
  });
});
