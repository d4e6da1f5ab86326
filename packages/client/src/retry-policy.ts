// What to do after a failure: the one place that decides whether something may be asked again. It reads the `retry`
// column of the command tables and the `retry` column of the error kinds, and knows how far the request had come.
//
// The rule behind the table: a request that could have reached a server is never repeated if that could store or change
// something twice.
import { type Command, type ErrorKind, errorKinds, FdfsError } from "@fastdfs-ts/protocol";

/** `same-server`: once more, on another connection · `other-server`: whoever else may answer · `give-up`: tell the caller. */
export type NextStep = "same-server" | "other-server" | "give-up";

/** How far the request had come when it failed. */
export type Reach =
  /** No connection could be had: the server knows nothing of it. */
  | "not-sent"
  /** Sent on a connection that had been used before: it may have been dead already. */
  | "sent-on-reused"
  | "sent-on-fresh";

type Situation = "connect-failed" | "stale-connection" | "server-failed" | "final";
type Retry = Command["retry"];

// prettier-ignore
const steps: Record<Retry, Record<Situation, NextStep>> = {
  "any-tracker": { "connect-failed": "other-server", "stale-connection": "same-server", "server-failed": "other-server", final: "give-up" },
  "any-holder":  { "connect-failed": "other-server", "stale-connection": "same-server", "server-failed": "other-server", final: "give-up" },
  "same":        { "connect-failed": "other-server", "stale-connection": "same-server", "server-failed": "give-up",      final: "give-up" },
  "never":       { "connect-failed": "other-server", "stale-connection": "give-up",     "server-failed": "give-up",      final: "give-up" },
};

/** Decides what follows a failure. `kind` is undefined for errors that are not FdfsErrors: the caller's own. */
export function nextStep(retry: Retry, reach: Reach, kind: ErrorKind | undefined): NextStep {
  return steps[retry][situation(reach, kind)];
}

function situation(reach: Reach, kind: ErrorKind | undefined): Situation {
  if (kind === undefined || errorKinds[kind].retry !== "other-server") return "final";
  if (reach === "not-sent") return "connect-failed";
  return reach === "sent-on-reused" && kind === "CONNECTION_LOST" ? "stale-connection" : "server-failed";
}

/**
 * The error that speaks for several servers: "not found" only if all of them said so, because otherwise a server that
 * could not be asked may still have it. Else the first trouble.
 */
export function verdict(failures: readonly unknown[]): unknown {
  return failures.find((failure) => !isKind(failure, "NOT_FOUND")) ?? failures[0];
}

export function isKind(error: unknown, kind: ErrorKind): boolean {
  return kindOf(error) === kind;
}

/** The kind of anything that was thrown, or undefined if it is no FdfsError. */
export function kindOf(error: unknown): ErrorKind | undefined {
  return error instanceof FdfsError ? error.kind : undefined;
}
