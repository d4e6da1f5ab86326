// Where and when figures were taken: without it they mean nothing.
import { execFileSync } from "node:child_process";
import { cpus, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { externalGenerator } from "./load/generate.ts";
import { fileSystemOf, workingFolder } from "./working-folder.ts";

export interface Machine {
  readonly date: string;
  readonly commit: string;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly kernel: string;
  /** Where the servers kept their files. */
  readonly fileSystem: string;
  readonly generator: "own" | "external";
}

export function thisMachine(): Machine {
  return {
    date: new Date().toISOString().slice(0, 16).replace("T", " ") + " UTC",
    commit: currentCommit(),
    node: process.version,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    fileSystem: fileSystemOf(workingFolder()),
    generator: externalGenerator() === undefined ? "own" : "external",
  };
}

function currentCommit(): string {
  try {
    const cwd = fileURLToPath(new URL(".", import.meta.url));
    return execFileSync("git", ["describe", "--always", "--dirty"], {
      cwd,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    // Not a clone, or no git: the figures are still worth printing.
    return "unknown";
  }
}
