// What users are told when something does not work: one line with what, where and what to do, and the exit code.
import { errorKinds, FdfsError } from "@fastdfs-ts/protocol";
import { ConfigError, type ErrnoCode, errnoByCode, systemErrorCode } from "@fastdfs-ts/runtime";

/** The C tools exit with 1 for a wrong command line, and with the errno of what went wrong. */
export const cUsageExitCode = 1;

export const exitCodes = { ok: 0, failed: 1, usage: 2, interrupted: 130, pipeClosed: 141 } as const;

/** Something the user asked for did not work out. The message says what, where and what to do. */
export class CommandFailure extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "CommandFailure";
  }
}

/** The command line makes no sense. The message says why. */
export class UsageFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageFailure";
  }
}

const remedies: Readonly<Record<string, string>> = {
  UNREACHABLE: 'Is the server running there? "fdfs up" starts one on this machine; --tracker names another',
  NOT_FOUND: 'Check the name; "fdfs monitor" shows groups and storages',
  TIMED_OUT: "Check the network and the load of the server, then try again",
  NO_SPACE: '"fdfs monitor" shows free and reserved space',
  ECONNREFUSED: 'Is the server running there? "fdfs up" starts one on this machine',
  ADDRESS_IN_USE: "Stop the other process, or change port in the configuration",
  EADDRINUSE: "Stop the other process, or choose another port",
  ENOENT: "Check the path",
  EACCES: "Check the permissions",
  EISDIR: "Name a file, or use --recursive for a directory",
  ENOTDIR: "Check the path",
  ENOSPC: "Free some space on this disk",
};

/** What to print (without "fdfs: ") and how to exit for anything that was thrown. */
export function describeFailure(error: unknown): { readonly lines: readonly string[]; readonly exitCode: number } {
  if (error instanceof UsageFailure) return { lines: [error.message], exitCode: exitCodes.usage };
  if (error instanceof CommandFailure) return { lines: [error.message], exitCode: exitCodes.failed };
  if (error instanceof ConfigError) return { lines: error.message.split("\n"), exitCode: exitCodes.failed };
  if (error instanceof AggregateError) {
    return { lines: error.errors.flatMap((one) => describeFailure(one).lines), exitCode: exitCodes.failed };
  }
  return { lines: [reasonOf(error)], exitCode: exitCodes.failed };
}

/** One line for a thrown error, with a remedy where one is known. */
export function reasonOf(error: unknown): string {
  const remedy = remedies[kindOf(error) ?? ""];
  const message = error instanceof FdfsError ? describe(error) : error instanceof Error ? error.message : String(error);
  const line = message.split("\n")[0] ?? "";
  return remedy === undefined ? line : `${line.replace(/\.$/, "")}. ${remedy}.`;
}

/** What scripts may branch on: the kind of an FdfsError, or the errno name. */
export function kindOf(error: unknown): string | undefined {
  return error instanceof FdfsError ? error.kind : systemErrorCode(error);
}

/** The errno for what was thrown, as C tools exit with it; 1 where there is none. */
export function errnoOf(error: unknown): number {
  if (error instanceof FdfsError) return error.wireStatus;
  // Something that is missing, or something on a line that is wrong.
  if (error instanceof ConfigError) {
    return error.problems.some(({ line }) => line === undefined) ? errnoByCode.ENOENT : errnoByCode.EINVAL;
  }
  const code = systemErrorCode(error);
  if (code !== undefined && code in errnoByCode) return errnoByCode[code as ErrnoCode];
  return error instanceof Error && error.cause !== undefined ? errnoOf(error.cause) : exitCodes.failed;
}

/** Where and what, without the parts of the message that are for programmers. */
function describe({ kind, facts }: FdfsError): string {
  const { groupName, fileName, path, peer, reason, status } = facts;
  const places = [groupName, fileName, path, peer === undefined ? undefined : `at ${peer}`];
  const where = places.filter((place) => place !== undefined && place !== "").join(" ");
  const what = reason ?? (kind === "OTHER" && status !== undefined ? `errno ${status}` : errorKinds[kind].meaning);
  return where === "" ? what : `${where}: ${what}`;
}
