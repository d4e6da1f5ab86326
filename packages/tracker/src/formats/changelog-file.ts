// storage_changelog.dat: deletions and moves of members, append only (storage-formats.md §3.5). Storages hold byte offsets
// into it, so sound bytes are never moved; only a line that a crash cut in two is taken off its end.
import type { StateProblem } from "./state-ini.ts";

/** The sound part of the file. Lines that make no sense stay (offsets count them) and are reported. */
export function parseChangelogFile(content: Buffer): { content: Buffer; problems: StateProblem[] } {
  const problems: StateProblem[] = [];
  const end = content.lastIndexOf(0x0a) + 1;
  const lines = content.toString("latin1", 0, end).split("\n");
  lines.pop();
  for (const [index, line] of lines.entries()) {
    // time group id status new-id; the last may be empty, but its blank is there.
    if (/^\d+ [A-Za-z0-9]{1,16} \S+ (?:3 \S+|4 )$/.test(line)) continue;
    problems.push({ line: index + 1, what: "not a changelog line", lost: "nothing: it is handed on as it is" });
  }
  if (end < content.length) {
    problems.push({
      line: lines.length + 1,
      what: "the last line is cut",
      lost: "a deletion or move that was not confirmed to the administrator",
    });
  }
  return { content: content.subarray(0, end), problems };
}
