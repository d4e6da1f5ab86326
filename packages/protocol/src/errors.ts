// Error kinds, one row each. A kind is what a program may branch on; its row says what the wire says (the status byte
// is a Linux errno, wire-protocol.md §2.6), what HTTP would say, and whether asking again can help. Nothing branches on
// message text.
import { errnoByCode, systemErrorCode } from "@fastdfs-ts/runtime";

export interface ErrorKindRow {
  /** Status byte of an answer, or 0 if the kind never travels. */
  readonly status: number;
  readonly http: number;
  /** never: the same request fails again · same: later · other-server: another member or tracker may do it. */
  readonly retry: "never" | "same" | "other-server";
  readonly meaning: string;
}

export const errorKinds = {
  NOT_PERMITTED: { status: 1, http: 403, retry: "never", meaning: "the operating system or a token refused" },
  NOT_FOUND: {
    status: 2,
    http: 404,
    retry: "other-server",
    meaning: "unknown group, server or file, or nothing usable; a replica may simply not have it yet",
  },
  SHUTTING_DOWN: { status: 4, http: 503, retry: "other-server", meaning: "the server is stopping" },
  IO_FAILED: { status: 5, http: 500, retry: "other-server", meaning: "reading or writing a local file failed" },
  TRY_AGAIN: { status: 11, http: 503, retry: "same", meaning: "not possible right now, later perhaps" },
  OUT_OF_MEMORY: { status: 12, http: 503, retry: "same", meaning: "the server has no memory for it" },
  ACCESS_DENIED: {
    status: 13,
    http: 403,
    retry: "never",
    meaning: "needs a joined connection, or file permissions refuse",
  },
  IMPOSSIBLE_STATUS: {
    status: 14,
    http: 409,
    retry: "never",
    meaning: "a new storage joined with a status it cannot have",
  },
  BUSY: {
    status: 16,
    http: 409,
    retry: "same",
    meaning: "still in use: an online storage, a group with members, a lock",
  },
  ALREADY_EXISTS: { status: 17, http: 409, retry: "never", meaning: "the target exists" },
  NOT_A_FILE: { status: 21, http: 409, retry: "never", meaning: "the target is not a regular file" },
  BAD_REQUEST: {
    status: 22,
    http: 400,
    retry: "never",
    meaning: "malformed request, unknown command, bad name or wrong group",
  },
  TOO_MANY_FILES: {
    status: 24,
    http: 503,
    retry: "same",
    meaning: "no file descriptors left: raise the limit of open files",
  },
  NO_SPACE: {
    status: 28,
    http: 507,
    retry: "other-server",
    meaning: "no space above the reserve, or the answer does not fit",
  },
  NAME_TOO_LONG: { status: 36, http: 400, retry: "never", meaning: "an address or name is longer than its field" },
  NOT_ACTIVE: {
    status: 64,
    http: 409,
    retry: "other-server",
    meaning: "the server is not active, or was removed from its group",
  },
  NOT_SUPPORTED: {
    status: 95,
    http: 501,
    retry: "other-server",
    meaning: "leader-only command on a follower, or the feature is off",
  },
  ADDRESS_IN_USE: { status: 98, http: 500, retry: "never", meaning: "another process listens on this address" },
  CONNECTION_LOST: {
    status: 104,
    http: 502,
    retry: "other-server",
    meaning: "the peer closed or reset the connection in the middle",
  },
  TIMED_OUT: { status: 110, http: 504, retry: "other-server", meaning: "nothing came before the deadline" },
  UNREACHABLE: { status: 111, http: 502, retry: "other-server", meaning: "nobody accepts connections at this address" },
  ALREADY_DONE: {
    status: 114,
    http: 409,
    retry: "never",
    meaning: "already deleted, already trunk server, already changed",
  },
  ABORTED: { status: 0, http: 499, retry: "never", meaning: "the caller's AbortSignal fired" },
  BAD_ANSWER: { status: 0, http: 502, retry: "other-server", meaning: "the peer's answer does not fit its table" },
  POOL_EXHAUSTED: { status: 0, http: 503, retry: "same", meaning: "every connection to this address is in use" },
  /** Any other errno that a peer or the operating system reported; `status` in the facts says which. */
  OTHER: { status: 1, http: 500, retry: "never", meaning: "another errno, passed through unchanged" },
} as const satisfies Record<string, ErrorKindRow>;

export type ErrorKind = keyof typeof errorKinds;

/** What is known about an error. Facts are for people and logs; programs branch on `kind`. */
export interface ErrorFacts {
  /** What went wrong, as a sentence without a full stop. */
  readonly reason?: string | undefined;
  readonly groupName?: string | undefined;
  readonly fileName?: string | undefined;
  /** "host:port" of the peer. */
  readonly peer?: string | undefined;
  readonly command?: string | number | undefined;
  readonly path?: string | undefined;
  /** The errno, where it is not the kind's own. */
  readonly status?: number | undefined;
}

const kindByStatus = new Map<number, ErrorKind>();
for (const [kind, row] of Object.entries(errorKinds)) {
  if (row.status !== 0 && kind !== "OTHER") kindByStatus.set(row.status, kind as ErrorKind);
}

/** The one error class of the project: expected trouble, told apart by `kind`. */
export class FdfsError extends Error {
  readonly kind: ErrorKind;
  readonly facts: ErrorFacts;

  constructor(kind: ErrorKind, facts: ErrorFacts = {}, options?: { cause?: unknown }) {
    super(describe(kind, facts), options);
    this.name = "FdfsError";
    this.kind = kind;
    this.facts = facts;
  }

  /** The status byte this error has on the wire; kinds that never travel become 5 (EIO). */
  get wireStatus(): number {
    return this.facts.status ?? (errorKinds[this.kind].status || 5);
  }

  get retry(): ErrorKindRow["retry"] {
    return errorKinds[this.kind].retry;
  }

  /** The error that a non-zero status byte of an answer stands for. */
  static fromStatus(status: number, facts: ErrorFacts = {}): FdfsError {
    const kind = kindByStatus.get(status);
    return kind === undefined ? new FdfsError("OTHER", { ...facts, status }) : new FdfsError(kind, facts);
  }

  /** Turns anything that was thrown into an FdfsError: used once, at the border where a port was called. */
  static fromUnknown(error: unknown, facts: ErrorFacts = {}): FdfsError {
    if (error instanceof FdfsError) return error;
    const code = systemErrorCode(error);
    if (code === "ABORT_ERR" || (error instanceof Error && error.name === "AbortError")) {
      return new FdfsError("ABORTED", facts, { cause: error });
    }
    const reason = facts.reason ?? (error instanceof Error ? error.message : String(error));
    const errno = code !== undefined && code in errnoByCode ? errnoByCode[code as keyof typeof errnoByCode] : undefined;
    if (errno === undefined) return new FdfsError("IO_FAILED", { ...facts, reason }, { cause: error });
    const kind = kindByStatus.get(aliasedErrno.get(errno) ?? errno);
    if (kind === undefined) return new FdfsError("OTHER", { ...facts, reason, status: errno }, { cause: error });
    return new FdfsError(kind, { ...facts, reason, status: errno }, { cause: error });
  }
}

/** Errnos that mean the same to a caller as another one. The original number still travels in `facts.status`. */
const aliasedErrno = new Map<number, number>([
  [errnoByCode.EPIPE, errnoByCode.ECONNRESET],
  [errnoByCode.ECONNABORTED, errnoByCode.ECONNRESET],
  [errnoByCode.ENOTCONN, errnoByCode.ECONNRESET],
  [errnoByCode.EHOSTUNREACH, errnoByCode.ECONNREFUSED],
  [errnoByCode.ENETUNREACH, errnoByCode.ECONNREFUSED],
  [errnoByCode.EADDRNOTAVAIL, errnoByCode.ECONNREFUSED],
  [errnoByCode.EDQUOT, errnoByCode.ENOSPC],
  [errnoByCode.ENFILE, errnoByCode.EMFILE],
]);

function describe(kind: ErrorKind, facts: ErrorFacts): string {
  const where = [
    facts.command === undefined ? undefined : `command ${facts.command}`,
    facts.groupName === undefined ? undefined : `group ${facts.groupName}`,
    facts.fileName,
    facts.path,
    facts.peer === undefined ? undefined : `at ${facts.peer}`,
  ].filter((part) => part !== undefined);
  const what = facts.reason ?? errorKinds[kind].meaning;
  const status = facts.status === undefined || kind !== "OTHER" ? "" : ` (errno ${facts.status})`;
  return `${where.length === 0 ? "" : `${where.join(", ")}: `}${what}${status} [${kind}]`;
}
