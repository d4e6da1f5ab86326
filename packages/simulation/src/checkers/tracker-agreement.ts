import type { StoryStage } from "../story/stage.ts";
import type { Checker } from "./checker.ts";

/** Every tracker knows the same groups and members, each in service, and the same leader. */
export const trackerAgreement: Checker = {
  promise: "trackers agree on groups, members, statuses and leader",
  when: "settled",
  check: (stage) => [...statuses(stage), ...leaders(stage)],
};

function statuses({ cluster }: StoryStage): string[] {
  const complaints: string[] = [];
  for (const { host, server } of cluster.trackers) {
    if (server === undefined) {
      complaints.push(`tracker ${host.address} does not run`);
      continue;
    }
    for (const { groupName, id, process } of cluster.members) {
      const status = server.cluster.findGroup(groupName)?.find(id)?.status ?? "unknown";
      const why = process.server === undefined ? ` and does not run: ${String(process.failure)}` : "";
      if (status !== "ACTIVE") complaints.push(`tracker ${host.address} says ${groupName} ${id} is ${status}${why}`);
    }
    for (const group of server.cluster.groups) {
      for (const { id, status } of group.members) {
        if (status === "DELETED" || status === "IP_CHANGED") continue;
        if (!cluster.membersOf(group.name).some((member) => member.id === id)) {
          complaints.push(`tracker ${host.address} says ${group.name} ${id} is ${status}, and it is not a member`);
        }
      }
    }
  }
  return complaints;
}

function leaders({ cluster }: StoryStage): string[] {
  const opinions = cluster.trackers.map(({ host, server }) => {
    const leader = server?.cluster.leadership.leader;
    return { host, leader: leader === undefined ? "nobody" : `${leader.hosts[0]!}:${leader.port}` };
  });
  const first = opinions[0]!;
  return opinions
    .filter(({ leader }) => leader !== first.leader || leader === "nobody")
    .map(
      ({ host, leader }) => `tracker ${host.address} follows ${leader}, ${first.host.address} follows ${first.leader}`,
    );
}
