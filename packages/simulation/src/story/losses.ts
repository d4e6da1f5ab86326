// The one rule of what may be lost. As with C's default settings nothing is synced before the answer, so what was
// acknowledged lies in the page cache of one disk until it was replicated or written back. Therefore, when a disk loses
// its youngest changes (power cut) or everything (replaced, member removed):
//
//   An acknowledged change may be undone if it was on a disk before, and is on no disk of the group afterwards. Nothing else
//   may be lost. (The simulated kernel writes back what is 30 s old, so that is a matter of seconds.)
//
// What is undone in this way must still be the same on all members afterwards.
import { contentOf, storedFiles, type StoredInode, textBelowBase } from "../disk-view.ts";
import type { SimCluster, SimMember } from "../sim-cluster.ts";
import type { Ledger, LedgerEntry } from "./ledger.ts";
import { printedMetadata } from "./printed-metadata.ts";

/** Longer than a client waits for an answer, shorter than the power is off. */
const answersUnderWayMs = 4000;
/** A member whose power failed is repaired by all others by then. */
const repairMs = 180_000;
/** What is younger is in memory only, for longer if it came late. */
const unwrittenMs = 60_000;

export class Losses {
  readonly #cluster: SimCluster;
  readonly #ledger: Ledger;
  readonly #losers = new Set<SimMember>();
  readonly #groupsWithLostDisks = new Set<string>();
  readonly #powerCuts: { readonly member: SimMember; readonly atMs: number }[] = [];

  constructor(cluster: SimCluster, ledger: Ledger) {
    this.#cluster = cluster;
    this.#ledger = ledger;
  }

  /** Whether a member's disk has lost something in this story. */
  hasLost(member: SimMember): boolean {
    return this.#losers.has(member);
  }

  /** Whether a member of the group has lost a whole disk. */
  hasLostDisk(groupName: string): boolean {
    return this.#groupsWithLostDisks.has(groupName);
  }

  /**
   * To be called before a member's power is cut; what it returns, right after. A change that was on a disk before and is on
   * none any more is lost with it.
   */
  beforePowerCut(member: SimMember): () => void {
    this.#noteTornCopies(member);
    this.#noteUnloggedChanges(member);
    return this.#beforeLoss(member, [...this.#othersOf(member), member]);
  }

  /** The same for a member that is killed and one of whose disks is gone for good. */
  beforeDiskIsGone(member: SimMember): () => void {
    this.#groupsWithLostDisks.add(member.groupName);
    return this.#beforeLoss(member, this.#othersOf(member));
  }

  /**
   * When several members lose their power within minutes, each may come back with a copy that is torn, and nobody can tell
   * which is the good one if neither the name nor the size in a log says it (docs/WEAKNESSES.md, W2).
   */
  #noteTornCopies(member: SimMember): void {
    const { groupName } = member;
    const { nowMs } = this.#cluster.world;
    const others = this.#powerCuts.filter(
      (cut) => cut.member !== member && cut.member.groupName === groupName && nowMs - cut.atMs < repairMs,
    );
    this.#powerCuts.push({ member, atMs: nowMs });
    if (others.length === 0) return;
    const firstMs = Math.min(...others.map(({ atMs }) => atMs));
    for (const entry of this.#entriesOf(groupName, firstMs - unwrittenMs)) {
      if (entry.kind === "slave" || entry.kind === "appender") entry.content = undefined;
      entry.metadata = undefined;
    }
  }

  /**
   * The bytes of a change may be on the disk and its log line not, or the reverse; then the older copy of another member can
   * win (docs/WEAKNESSES.md, W2). A file whose name states its content is not changed.
   */
  #noteUnloggedChanges(member: SimMember): void {
    const { nowMs } = this.#cluster.world;
    const others = this.#othersOf(member).map(look);
    for (const entry of this.#entriesOf(member.groupName, nowMs - unwrittenMs)) {
      const isChangeable = entry.kind === "slave" || entry.kind === "appender";
      if (isChangeable && !isContentHeld(others, entry)) entry.content = undefined;
      if (!isMetadataHeld(others, entry)) entry.metadata = undefined;
    }
  }

  #beforeLoss(member: SimMember, survivors: readonly SimMember[]): () => void {
    this.#losers.add(member);
    const { world } = this.#cluster;
    const { groupName } = member;
    const lossMs = world.nowMs;
    const before = this.#cluster.membersOf(groupName).map(look);
    const entries = [...this.#ledger.entries].filter((entry) => entry.groupName === groupName);
    const held = entries.filter((entry) => isKept(before, entry));
    const contentHeld = entries.filter((entry) => isContentHeld(before, entry));
    const metadataHeld = entries.filter((entry) => isMetadataHeld(before, entry));
    return () => {
      const after = survivors.map(look);
      for (const entry of held) if (!isKept(after, entry)) entry.existence = "uncertain";
      for (const entry of contentHeld) if (!isContentHeld(after, entry)) loseContent(entry);
      for (const entry of metadataHeld) if (!isMetadataHeld(after, entry)) entry.metadata = undefined;
      // Answers that were on their way.
      world.after(answersUnderWayMs, () => this.#noteUnanswered(groupName, survivors, lossMs));
    };
  }

  /** Whether each other member has everything that was promised of the group: then one of them can go. */
  isEverythingEverywhere(groupName: string): boolean {
    const disks = this.#cluster.membersOf(groupName).map(look);
    return this.#entriesOf(groupName, 0).every((entry) =>
      disks.every((disk) => isDeletionKnown([disk], entry) && isHeld([disk], entry) && isContentHeld([disk], entry)),
    );
  }

  #othersOf(member: SimMember): SimMember[] {
    return this.#cluster.membersOf(member.groupName).filter((other) => other !== member);
  }

  #entriesOf(groupName: string, sinceMs: number): LedgerEntry[] {
    return [...this.#ledger.entries].filter((entry) => entry.groupName === groupName && entry.changedMs >= sinceMs);
  }

  #noteUnanswered(groupName: string, survivors: readonly SimMember[], sinceMs: number): void {
    const disks = survivors.map(look);
    for (const entry of this.#entriesOf(groupName, sinceMs)) {
      if (!isKept(disks, entry)) entry.existence = "uncertain";
      if (!isContentHeld(disks, entry)) loseContent(entry);
      if (!isMetadataHeld(disks, entry)) entry.metadata = undefined;
    }
  }
}

interface DiskLook {
  readonly files: ReadonlyMap<string, StoredInode>;
  readonly deletions: ReadonlySet<string>;
}

function look(member: SimMember): DiskLook {
  return { files: storedFiles(member), deletions: deletionsOf(member) };
}

/** A file whose name states what it holds is not there any more if it holds something else: repair sets it aside. */
function loseContent(entry: LedgerEntry): void {
  entry.content = undefined;
  if (entry.kind === "normal" || entry.kind === "regenerated") entry.existence = "uncertain";
}

/** It is there, or its deletion is known. */
function isKept(disks: readonly DiskLook[], entry: LedgerEntry): boolean {
  return isDeletionKnown(disks, entry) && isHeld(disks, entry);
}

function isMetadataHeld(disks: readonly DiskLook[], entry: LedgerEntry): boolean {
  return entry.metadata === undefined || disks.some(({ files }) => holdsMetadata(files, entry));
}

function isDeletionKnown(disks: readonly DiskLook[], { existence, logicalName }: LedgerEntry): boolean {
  const isGone = existence === "deleted" || existence === "renamed";
  return !isGone || disks.some(({ deletions }) => deletions.has(logicalName));
}

function isHeld(disks: readonly DiskLook[], { existence, logicalName }: LedgerEntry): boolean {
  return existence !== "stored" || disks.some(({ files }) => files.has(logicalName));
}

function isContentHeld(disks: readonly DiskLook[], entry: LedgerEntry): boolean {
  const { existence, content } = entry;
  return existence !== "stored" || content === undefined || disks.some(({ files }) => holdsContent(files, entry));
}

export function holdsContent(files: ReadonlyMap<string, StoredInode>, { logicalName, content }: LedgerEntry): boolean {
  const inode = files.get(logicalName);
  return inode !== undefined && content !== undefined && contentOf(inode).equals(content);
}

export function holdsMetadata(files: ReadonlyMap<string, StoredInode>, entry: LedgerEntry): boolean {
  const { logicalName, metadata } = entry;
  const inode = files.get(`${logicalName}-m`);
  if (metadata === undefined) return false;
  const printed = printedMetadata(metadata);
  return printed.length === 0 ? inode === undefined : inode !== undefined && contentOf(inode).equals(printed);
}

/** The names that a member's log says are deleted or given up for others, by a client or by a peer. */
function deletionsOf(member: SimMember): Set<string> {
  const log = textBelowBase(member, "data/sync/binlog.000") ?? "";
  const deleted = [...log.matchAll(/^\d+ [Dd] (\S+)$/gm)].map(([, name]) => name!);
  const renamed = [...log.matchAll(/^\d+ [Rr] \S+ (\S+)$/gm)].map(([, name]) => name!);
  return new Set([...deleted, ...renamed]);
}
