import { contentOf, storedFiles } from "../disk-view.ts";
import type { SimMember } from "../sim-cluster.ts";
import { conflictedFiles } from "../story/conflicts.ts";
import type { Checker } from "./checker.ts";

/** Members of a group hold the same names with the same bytes, metadata files included. */
export const sameFiles: Checker = {
  promise: "all members of a group hold the same files",
  when: "settled",
  check: ({ cluster }) => {
    const conflicted = conflictedFiles(cluster);
    return cluster.groupNames.flatMap((groupName) => {
      const [first, ...others] = cluster.membersOf(groupName);
      return first === undefined ? [] : others.flatMap((other) => differences(first, other, conflicted));
    });
  },
};

function differences(a: SimMember, b: SimMember, conflicted: ReadonlySet<string>): string[] {
  const [filesA, filesB] = [storedFiles(a), storedFiles(b)];
  const complaints: string[] = [];
  for (const [name, inode] of filesA) {
    if (conflicted.has(`${a.groupName}/${name}`)) continue;
    const other = filesB.get(name);
    if (other === undefined) complaints.push(`${a.groupName}/${name} is on ${a.id}, not on ${b.id}`);
    else if (!contentOf(inode).equals(contentOf(other))) {
      const sizes = `${contentOf(inode).length} bytes on ${a.id}, ${contentOf(other).length} on ${b.id}`;
      complaints.push(`${a.groupName}/${name} differs: ${sizes}`);
    }
  }
  for (const name of filesB.keys()) {
    if (!filesA.has(name) && !conflicted.has(`${a.groupName}/${name}`))
      complaints.push(`${a.groupName}/${name} is on ${b.id}, not on ${a.id}`);
  }
  return complaints;
}
