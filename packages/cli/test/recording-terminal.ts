// A terminal that remembers what was said, for tests.
import type { Terminal } from "../src/terminal/terminal.ts";

export interface RecordingTerminal extends Terminal {
  /** Standard output so far. */
  out(): string;
  /** Standard error so far. */
  err(): string;
}

export function recordingTerminal(looks: Partial<Terminal> = {}): RecordingTerminal {
  let out = "";
  let err = "";
  return {
    isInteractive: false,
    showsProgress: false,
    columns: () => 80,
    hasStyles: false,
    print: (text) => void (out += `${text}\n`),
    write: (text) => void (out += text),
    tell: (text) => void (err += `${text}\n`),
    tellRaw: (text) => void (err += text),
    ...looks,
    out: () => out,
    err: () => err,
  };
}
