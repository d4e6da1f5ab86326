import { storedFiles } from "../disk-view.ts";
import type { Checker } from "./checker.ts";

export const deletedFiles: Checker = {
  promise: "nothing deleted comes back",
  when: "settled",
  check: ({ cluster, ledger }) =>
    cluster.members.flatMap((member) => {
      const files = storedFiles(member);
      const complaints: string[] = [];
      for (const { groupName, logicalName, fileId, existence } of ledger.entries) {
        if (groupName !== member.groupName || (existence !== "deleted" && existence !== "renamed")) continue;
        if (files.has(logicalName)) complaints.push(`${fileId} is on ${member.id}`);
        if (existence === "deleted" && files.has(`${logicalName}-m`))
          complaints.push(`the metadata of ${fileId} is on ${member.id}`);
      }
      return complaints;
    }),
};
