import { allFiles, namesBelowBase, textBelowBase } from "../disk-view.ts";
import type { SimMember } from "../sim-cluster.ts";
import type { StoryStage } from "../story/stage.ts";
import type { Checker } from "./checker.ts";

/** Directory of the log and of the marks, below the base path. */
const folder = "data/sync";

/**
 * A mark says that the peer has confirmed everything before it. What a source has created and still holds must then be on
 * the peer, unless somebody deleted or renamed it there, it is parked, or a disk has lost things.
 */
export const marks: Checker = {
  promise: "marks never pass what the peer confirmed",
  when: "always",
  check: (stage) =>
    stage.cluster.members.flatMap((member) => {
      if (member.process.server === undefined) return [];
      // What a new member lacks is given by its source, whatever the marks of the others say.
      const peers = stage.cluster
        .membersOf(member.groupName)
        .filter((peer) => peer !== member && stage.cluster.isActiveSomewhere(peer));
      return peers.flatMap((peer) => passed(stage, member, peer));
    }),
};

function passed({ cluster, losses }: StoryStage, member: SimMember, peer: SimMember): string[] {
  const offset = markOffset(member, peer);
  if (offset === undefined) return [];
  const name = `the mark of ${member.id} for ${peer.id}`;
  const log = logOf(member);
  if (offset > log.length) return [`${name} is at ${offset}, the log has ${log.length} bytes`];
  if (losses.hasLost(peer) || losses.hasLost(member)) return [];
  const own = allFiles(member);
  const held = allFiles(peer);
  const parked = parkedRecords(member, peer);
  const missing = [...log.slice(0, offset).matchAll(/^\d+ C (\S+)$/gm)]
    .map(([, file]) => file!)
    .filter((file) => own.has(file) && !held.has(file) && !parked.includes(` ${file}`));
  if (missing.length === 0) return [];
  const logs = cluster.membersOf(member.groupName).map(logOf).join("");
  const gone = new Set([
    ...[...logs.matchAll(/^\d+ [Dd] (\S+)$/gm)].map(([, file]) => file!),
    ...[...logs.matchAll(/^\d+ [Rr] \S+ (\S+)$/gm)].map(([, oldName]) => oldName!),
  ]);
  return (
    missing
      // Metadata goes with its file.
      .filter((file) => !gone.has(file) && !gone.has(file.replace(/-m$/, "")))
      .map((file) => `${name} has passed ${file}, which is not there`)
  );
}

/** Stories are too short for a second part of the log. */
function logOf(member: SimMember): string {
  return textBelowBase(member, `${folder}/binlog.000`) ?? "";
}

function markOffset(member: SimMember, peer: SimMember): number | undefined {
  const text = textBesideLog(member, peer, ".mark");
  return text === undefined ? undefined : Number(/^binlog_offset=(\d+)/m.exec(text)?.[1] ?? 0);
}

function parkedRecords(member: SimMember, peer: SimMember): string {
  return textBesideLog(member, peer, ".mark.parked") ?? "";
}

function textBesideLog(member: SimMember, peer: SimMember, suffix: string): string | undefined {
  const file = namesBelowBase(member, folder).find(
    (name) => name.endsWith(suffix) && (name === `${peer.id}${suffix}` || name.startsWith(`${peer.id}_`)),
  );
  return file === undefined ? undefined : textBelowBase(member, `${folder}/${file}`);
}
