// What a row of the command tables says. Dispatcher, retry policy and manual read these rows.
import type { Message } from "./wire/message.ts";

export interface Command<Request = unknown, Answer = unknown> {
  /** The command byte. */
  readonly code: number;
  readonly server: "tracker" | "storage" | "both";
  /** Who sends it. */
  readonly sender: string;
  readonly request: Message<Request>;
  /** What a successful answer holds. Several shapes (address widths) are told apart by their length. */
  readonly answer: Message<Answer>;
  readonly answerVariants?: readonly Message<unknown>[];
  /** upload: file content follows the request · download: the answer is file content · none: neither. */
  readonly payload: "none" | "upload" | "download";
  /**
   * any-tracker: every tracker answers · any-holder: another member of the group may answer · same: repeating it does
   * no harm · never: a repetition could store or change twice.
   */
  readonly retry: "any-tracker" | "any-holder" | "same" | "never";
  readonly doc: string;
  /** Section of the reference, for the manual. */
  readonly section: string;
  readonly since?: string;
}

export function command<Request, Answer>(row: Command<Request, Answer>): Command<Request, Answer> {
  return row;
}
