// Questions that only trackers of ours understand. C trackers refuse them, and in a cluster there may be both kinds.
import type { Command, Explanation } from "@fastdfs-ts/protocol";

import { isKind } from "./retry-policy.ts";
import type { Session } from "./session.ts";

/** The JSON that a tracker answers; `undefined` if none of them understands the question. */
export async function askExplaining<Request>(
  { trackers }: Session,
  command: Command<Request, Explanation>,
  request: Request,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  try {
    return (await trackers.ask(command, request, signal)).json;
  } catch (error) {
    if (!isKind(error, "BAD_REQUEST")) throw error;
  }
  // Perhaps only some of the trackers are C servers.
  for (const said of await trackers.askEach(command, request, signal)) {
    if ("answer" in said) return said.answer.json;
  }
  return undefined;
}
