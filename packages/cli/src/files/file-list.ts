// Lists of uploaded files: one line `file id<TAB>path` each. What `upload` prints, `download`, `verify` and `delete`
// read back.
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { resolve } from "node:path";

import { CommandFailure } from "../failure.ts";
import { systemErrorCode } from "@fastdfs-ts/runtime";

export interface ListedFile {
  readonly fileId: string;
  /** As it was given to `upload`, or relative to the directory that was uploaded. */
  readonly path: string;
}

/** A line without its end. Line ends and backslashes in the path are escaped, so that a line stays one. */
export function printListedFile({ fileId, path }: ListedFile): string {
  return `${fileId}\t${path.replace(/[\\\n\r]/g, (one) => escapes[one]!)}`;
}

const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r" };
const unescapes: Readonly<Record<string, string>> = { "\\\\": "\\", "\\n": "\n", "\\r": "\r" };

/** A string in answer says what is wrong with the line. */
export function parseListedFile(line: string): ListedFile | string {
  const tab = line.indexOf("\t");
  const fileId = tab < 0 ? line : line.slice(0, tab);
  if (!fileId.includes("/")) return `"${fileId.slice(0, 40)}" is not a file id`;
  const path = tab < 0 ? "" : line.slice(tab + 1).replace(/\\[\\nr]/g, (two) => unescapes[two]!);
  return { fileId, path };
}

/** Reads a list. Throws CommandFailure naming file and line of what makes no sense. `needsPaths`: ids alone will not do. */
export function readFileList(cwd: string, name: string, needsPaths: boolean): ListedFile[] {
  const path = resolve(cwd, name);
  const files: ListedFile[] = [];
  for (const [index, line] of readText(path, name).split("\n").entries()) {
    if (line.trim() === "") continue;
    const file = parseListedFile(line.endsWith("\r") ? line.slice(0, -1) : line);
    const problem =
      typeof file === "string"
        ? file
        : needsPaths && file.path === ""
          ? "there is no path after the file id"
          : undefined;
    if (problem !== undefined) {
      throw new CommandFailure(`${name} line ${index + 1}: ${problem}. A line is: file id, TAB, path.`);
    }
    files.push(file as ListedFile);
  }
  return files;
}

function readText(path: string, name: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new CommandFailure(
      `the list ${name} cannot be read (${systemErrorCode(error) ?? "unknown"}). Check the path.`,
      {
        cause: error,
      },
    );
  }
}

/**
 * Adds lines to a list file as they come: an upload that is interrupted has listed every file that it stored. An
 * existing list is continued, because overwriting one would lose files.
 */
export class FileListWriter implements Disposable {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  static open(cwd: string, name: string): FileListWriter {
    try {
      return new FileListWriter(openSync(resolve(cwd, name), "a"));
    } catch (error) {
      throw new CommandFailure(
        `--ids-out ${name} cannot be written (${systemErrorCode(error) ?? "unknown"}). Choose another file.`,
        { cause: error },
      );
    }
  }

  add(file: ListedFile): void {
    writeSync(this.#fd, `${printListedFile(file)}\n`);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
