import { namesBelowBase, storedFiles, textBelowBase } from "../disk-view.ts";
import type { SimMember } from "../sim-cluster.ts";
import type { Checker } from "./checker.ts";

/** Directory of the log and of the marks, below the base path. */
const folder = "data/sync";

/**
 * A mark says that the peer has confirmed everything before it. What a source created and nobody deleted must then be on
 * the peer, unless the peer's disk has lost things.
 */
export const marks: Checker = {
  promise: "marks never pass what the peer confirmed",
  when: "always",
  check: ({ cluster, losses }) =>
    cluster.members.flatMap((member) => {
      if (member.process.server === undefined) return [];
      const log = textBelowBase(member, `${folder}/binlog.000`) ?? "";
      const peers = cluster.membersOf(member.groupName).filter((peer) => peer !== member);
      return peers.flatMap((peer) => {
        const offset = markOffset(member, peer);
        if (offset === undefined) return [];
        const name = `the mark of ${member.id} for ${peer.id}`;
        if (offset > log.length) return [`${name} is at ${offset}, the log has ${log.length} bytes`];
        // What a member did not get, or lost again, is not the mark's fault.
        if (losses.hasLost(peer) || losses.hasLost(member)) return [];
        return missing(log.slice(0, offset), log, peer).map((file) => `${name} has passed ${file}, which is not there`);
      });
    }),
};

function markOffset(member: SimMember, peer: SimMember): number | undefined {
  const file = namesBelowBase(member, folder).find(
    (name) => name === `${peer.id}.mark` || (name.startsWith(`${peer.id}_`) && name.endsWith(".mark")),
  );
  if (file === undefined) return undefined;
  const text = textBelowBase(member, `${folder}/${file}`) ?? "";
  // Stories are too short for a second part of the log.
  return Number(/^binlog_offset=(\d+)/m.exec(text)?.[1] ?? 0);
}

function missing(confirmed: string, log: string, peer: SimMember): string[] {
  const held = storedFiles(peer);
  const gone = new Set([...log.matchAll(/^\d+ [Dd] (\S+)$/gm)].map(([, name]) => name));
  for (const [, , oldName] of log.matchAll(/^\d+ [Rr] (\S+) (\S+)$/gm)) gone.add(oldName);
  const peerLog = textBelowBase(peer, `${folder}/binlog.000`) ?? "";
  for (const [, name] of peerLog.matchAll(/^\d+ [Dd] (\S+)$/gm)) gone.add(name);
  return [...confirmed.matchAll(/^\d+ C (\S+)$/gm)]
    .map(([, name]) => name!)
    .filter((name) => !gone.has(name) && !held.has(name));
}
