// A client process under load, and what it was promised.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { contentMark } from "./member-trees.ts";

const program = fileURLToPath(new URL("load.mjs", import.meta.url));

interface Line {
  readonly stored?: string;
  readonly deleting?: string;
  readonly deleted?: string;
  readonly changing?: string;
  readonly failed?: string;
  readonly bytes?: number;
  readonly crc32?: number;
}

export class Load {
  /** Acknowledged files and what they hold. */
  readonly stored = new Map<string, string>();
  /** Acknowledged deletions. */
  readonly deleted = new Set<string>();
  /** Files whose last change was not answered: they may be either way. */
  readonly uncertain = new Set<string>();
  readonly failures = new Map<string, number>();
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #complaints = "";

  constructor(prefix: readonly string[], trackers: readonly string[], pauseMs: number, seed: number) {
    const words = [...prefix, process.execPath, program, trackers.join(","), String(pauseMs), String(seed)];
    this.#child = spawn(words[0]!, words.slice(1), { stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stderr!.on("data", (chunk: Buffer) => (this.#complaints += chunk.toString()));
    createInterface({ input: this.#child.stdout! }).on("line", (line) => this.#take(JSON.parse(line) as Line));
    this.#ended = once(this.#child, "close");
  }

  /** Lets the operation under way end. Throws if the program failed. */
  async stop(): Promise<void> {
    this.#child.stdin!.end();
    await this.#ended;
    if (this.#child.exitCode !== 0) throw new Error(`the load ended: ${this.#complaints}`);
  }

  #take({ stored, deleting, deleted, changing, failed, bytes, crc32 }: Line): void {
    if (changing !== undefined) this.uncertain.add(changing);
    if (deleting !== undefined) this.uncertain.add(deleting);
    if (stored !== undefined) {
      this.stored.set(stored, contentMark(bytes!, crc32!));
      this.uncertain.delete(stored);
    }
    if (deleted !== undefined) {
      this.stored.delete(deleted);
      this.deleted.add(deleted);
      this.uncertain.delete(deleted);
    }
    if (failed !== undefined) this.failures.set(failed, (this.failures.get(failed) ?? 0) + 1);
  }
}
