import { execFileSync, spawnSync } from "node:child_process";
import fs, { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import ts from "typescript";
import { afterAll, describe, expect, it } from "vitest";
import { backgroundDiskCompliance, type HangingPlace, realTime } from "@fastdfs-ts/testkit";
import { nodeDisk } from "../src/node/index.ts";

const roots = mkdtempSync(join(tmpdir(), "fastdfs-ts-background-"));
afterAll(() => rmSync(roots, { recursive: true }));

/** Opening a FIFO for reading waits until somebody opens it for writing. */
function fifo(): HangingPlace {
  const path = join(mkdtempSync(join(roots, "fifo-")), "fifo");
  execFileSync("mkfifo", [path]);
  let writer: number | undefined;
  return {
    path,
    release() {
      // For both directions: that never waits for the other side.
      writer ??= fs.openSync(path, fs.constants.O_RDWR);
    },
  };
}

backgroundDiskCompliance("the real disk", () => ({
  disk: nodeDisk,
  root: mkdtempSync(join(roots, "test-")),
  ...realTime,
  hang: fifo,
}));

/** The sources as JavaScript, for a process of its own. */
function compiled(files: readonly string[]): string {
  const folder = mkdtempSync(join(roots, "compiled-"));
  for (const file of files) {
    const source = fs.readFileSync(new URL(`../src/${file}`, import.meta.url), "utf8");
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ESNext,
        rewriteRelativeImportExtensions: true,
      },
    });
    const target = join(folder, file.replace(/\.ts$/, ".js"));
    fs.mkdirSync(dirname(target), { recursive: true });
    fs.writeFileSync(target, outputText);
  }
  fs.writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  return folder;
}

describe("a process with a disk thread", () => {
  const run = (script: string) => {
    const folder = compiled(["node/fs-thread.ts", "node/serve-fs-calls.ts", "invariant.ts"]);
    fs.writeFileSync(
      join(folder, "main.js"),
      `import { FsThread } from "./node/fs-thread.js"; const thread = new FsThread("test");
       const alive = setInterval(() => {}, 1000); await thread.call("statSync", ["/", {}]); clearInterval(alive);
       ${script}`,
    );
    const { status, signal, stderr } = spawnSync(process.execPath, [join(folder, "main.js"), fifo().path], {
      timeout: 20_000,
      encoding: "utf8",
    });
    return { status, signal, stderr };
  };
  const hang = `void thread.call("openSync", [process.argv[2], 0, 0]);`;
  const endedByItself = { status: null, signal: "SIGTERM", stderr: "" };

  it("ends as usual while the thread is idle, closed or not", () => {
    expect(run(`process.exitCode = 3;`)).toMatchObject({ status: 3 });
    expect(run(`thread.close(); process.exit(4);`)).toMatchObject({ status: 4 });
  });

  it("ends while the thread hangs, whoever listens for SIGTERM", () => {
    expect(run(`${hang} process.on("SIGTERM", () => {}); process.exit(3);`)).toEqual(endedByItself);
    expect(run(`${hang} thread.close();`)).toEqual(endedByItself);
  });
});
