import { storedFiles } from "../disk-view.ts";
import { conflictedFiles } from "../story/conflicts.ts";
import { holdsContent, holdsMetadata } from "../story/losses.ts";
import type { Checker } from "./checker.ts";

/** What clients were promised is on every member; what may be lost is stated in story/losses.ts. */
export const acknowledgedFiles: Checker = {
  promise: "what was acknowledged is on every member",
  when: "settled",
  check: ({ cluster, ledger }) => {
    const conflicted = conflictedFiles(cluster);
    return cluster.members.flatMap((member) => {
      const files = storedFiles(member);
      const complaints: string[] = [];
      for (const entry of ledger.entries) {
        if (entry.groupName !== member.groupName || entry.existence !== "stored") continue;
        const { fileId, content, metadata } = entry;
        if (conflicted.has(fileId) || conflicted.has(`${fileId}-m`)) continue;
        if (!files.has(entry.logicalName)) complaints.push(`${fileId} is not on ${member.id}`);
        else if (content !== undefined && !holdsContent(files, entry))
          complaints.push(`${fileId} does not hold what was stored on ${member.id}`);
        else if (metadata !== undefined && !holdsMetadata(files, entry))
          complaints.push(`${fileId} has other metadata on ${member.id}`);
      }
      return complaints;
    });
  },
};
