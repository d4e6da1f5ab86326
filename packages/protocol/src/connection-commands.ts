// The two commands that every server answers (wire-protocol.md §1.8).
import { command } from "./command.ts";
import { Empty } from "./wire/message.ts";

export const connectionCommands = {
  quit: command({
    code: 82,
    server: "both",
    sender: "any",
    request: Empty,
    answer: Empty,
    payload: "none",
    retry: "same",
    doc: "I am leaving; the server closes without an answer",
    section: "1.8",
  }),
  activeTest: command({
    code: 111,
    server: "both",
    sender: "any",
    request: Empty,
    answer: Empty,
    payload: "none",
    retry: "same",
    doc: "are you there?",
    section: "1.8",
  }),
};
