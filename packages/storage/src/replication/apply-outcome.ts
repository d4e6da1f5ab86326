// What becomes of a pushed record, and the status that tells the sender (cluster-behaviour.md §4.7).
import { type ErrorKind, FdfsError } from "@fastdfs-ts/protocol";

/**
 * applied  done now, or harmlessly nothing to do (0)
 * held     this member has had it already, or it is void here; the sender goes on (17)
 * missing  the file it builds on is not here in the right shape; the sender pushes the whole file (2)
 */
export type ApplyOutcome = "applied" | "held" | "missing";

const refusals: Readonly<Record<Exclude<ApplyOutcome, "applied">, ErrorKind>> = {
  held: "ALREADY_EXISTS",
  missing: "NOT_FOUND",
};

/** Throws the FdfsError whose status stands for the outcome, unless that is 0. */
export function requireApplied(outcome: ApplyOutcome, fileName: string): void {
  if (outcome !== "applied") throw new FdfsError(refusals[outcome], { fileName, reason: `the record is ${outcome}` });
}
