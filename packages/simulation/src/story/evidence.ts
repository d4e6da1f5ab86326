// What the members' logs say about the files that complaints name.
import { textBelowBase } from "../disk-view.ts";
import type { SimCluster } from "../sim-cluster.ts";

const filesMax = 6;

export function evidence(cluster: SimCluster, complaints: Iterable<string>): string[] {
  const names = new Set<string>();
  for (const complaint of complaints) {
    for (const [, group, name] of complaint.matchAll(/(group\d+)\/(M\w\w\/\w\w\/\w\w\/[\w.-]+?)(?:-m)?(?=\s|,|$)/g)) {
      names.add(`${group!}/${name!}`);
    }
  }
  return [...names].slice(0, filesMax).flatMap((fileId) => {
    const [groupName, ...rest] = fileId.split("/");
    return cluster.membersOf(groupName!).flatMap((member) => {
      const log = textBelowBase(member, "data/sync/binlog.000") ?? "";
      const lines = log.split("\n").filter((line) => line.includes(rest.join("/")));
      return lines.map((line) => `log of ${member.id}: ${line}`);
    });
  });
}
