// Where would a tracker send a client that asked now, and why? Trackers of ours tell (127).
import {
  type ChoiceExplanation,
  type ChoicePurpose,
  choicePurposes,
  FdfsError,
  parseChoiceExplanation,
  trackerCommands,
} from "@fastdfs-ts/protocol";

import { askExplaining } from "./ask-explaining.ts";
import type { Session } from "./session.ts";

export interface ChoiceQuestion {
  readonly purpose: ChoicePurpose;
  /** Of the file, or for the upload; "": the tracker chooses. */
  readonly groupName: string;
  /** "" for an upload. */
  readonly logicalName: string;
}

/**
 * Each tracker decides for itself; the one that answers speaks of its own choice. Throws NOT_SUPPORTED if no tracker explains
 * choices, and what the trackers' trouble is if none answers.
 */
export async function explainChoice(
  session: Session,
  { purpose, groupName, logicalName }: ChoiceQuestion,
  signal: AbortSignal,
): Promise<ChoiceExplanation> {
  const request = { purpose: choicePurposes[purpose], groupName, logicalName };
  const json = await askExplaining(session, trackerCommands.explainChoice, request, signal);
  if (json !== undefined) return parseChoiceExplanation(json);
  throw new FdfsError("NOT_SUPPORTED", {
    reason: "no tracker explains its choices: they are FastDFS of C, or a fastdfs-ts before extension version 3",
  });
}
