// What other members have of a file, and copying it from there. What cannot be done now is told as "postponed": a member that
// fails, and a disk of ours that is full, are nothing that keeps a storage from its service.
import { FdfsError } from "@fastdfs-ts/protocol";

import type { FileStore } from "../files/file-store.ts";
import type { ResolvedName } from "../files/resolve-name.ts";
import { hasSize, infoOrNot, isAsAt, mayDiffer } from "./compare-file.ts";
import { peerTrouble } from "./file-givers.ts";
import { type Beginning, mendBeginning } from "./mend-beginning.ts";
import type { LoggedSize } from "./name-history.ts";
import type { PeerClient } from "./peer-client.ts";
import { restoreFile, restoreLink } from "./restore-file.ts";
import { setAside } from "./set-aside.ts";

/** same: it was so already · fetched: it is now · missing: nobody has it · postponed: not now. */
export type HoldOutcome = "same" | "fetched" | "missing" | "postponed";

/** Call all methods under the lock of the file. They throw FdfsError of the disk. */
export class MemberCopies {
  /** Members that could not be asked something. */
  readonly failing = new Set<string>();
  private readonly store: FileStore;
  private readonly clients: ReadonlyMap<string, PeerClient>;

  /** `clients`: a connection to each member that can be reached, by its id. */
  constructor(store: FileStore, clients: ReadonlyMap<string, PeerClient>) {
    this.store = store;
    this.clients = clients;
  }

  /** Those who have the file in this size; undefined if that is nobody, but somebody cannot be asked. */
  async ofSize(
    target: ResolvedName,
    members: readonly string[],
    size: LoggedSize,
  ): Promise<readonly string[] | undefined> {
    const found: string[] = [];
    let wereAllAsked = true;
    for (const member of members) {
      const client = this.clients.get(member);
      if (client === undefined) {
        wereAllAsked = false;
        continue;
      }
      try {
        const theirs = await infoOrNot(client, target.logicalName);
        if (theirs !== undefined && hasSize(theirs.fileBytes, size)) found.push(member);
      } catch (thrown) {
        this.memberFails(member, target, thrown);
        wereAllAsked = false;
      }
    }
    return found.length === 0 && !wereAllAsked ? undefined : found;
  }

  /** Makes ours equal to that of the first member that can be asked. */
  async makeEqual(target: ResolvedName, members: readonly string[], seconds: number): Promise<HoldOutcome> {
    for (const member of members) {
      const client = this.clients.get(member);
      if (client === undefined) continue;
      let isSame: boolean;
      try {
        isSame = await isAsAt(this.store, target, client);
      } catch (thrown) {
        this.memberFails(member, target, thrown);
        continue;
      }
      return isSame ? "same" : this.replace(target, members, seconds);
    }
    return "postponed";
  }

  /**
   * Takes the file of others in place of ours, which is known to be another one. If that cannot be done now, because the disk
   * is full for example, ours goes all the same: it would be given to others, and take the place of the good one there. It
   * stays ("same") if nobody has the file any more.
   */
  private async replace(target: ResolvedName, members: readonly string[], seconds: number): Promise<HoldOutcome> {
    const outcome = await this.fetch(target, members, seconds);
    if (outcome === "missing") return "same";
    if (outcome !== "postponed") return outcome;
    const stat = await target.storePath.disk.linkStat(target.path);
    if (stat !== undefined) await setAside(this.store, target, stat.sizeBytes);
    return outcome;
  }

  /** Copies the file from the first member that has it, there under this name or another one. Its time becomes `seconds`. */
  async fetch(
    target: ResolvedName,
    members: readonly string[],
    seconds: number,
    nameThere?: string,
  ): Promise<HoldOutcome> {
    let outcome: HoldOutcome = "missing";
    for (const member of members) {
      const client = this.clients.get(member);
      if (client === undefined) {
        outcome = "postponed";
        continue;
      }
      try {
        const { kind } = await restoreFile(client, target, seconds, nameThere);
        if (kind !== "restored") continue;
        this.store.log.info("repair.file-fetched", { file: target.logicalName, member });
        return "fetched";
      } catch (thrown) {
        if (!this.isNoRoom(target, thrown)) this.memberFails(member, target, thrown);
        outcome = "postponed";
      }
    }
    return outcome;
  }

  async makeLink(target: ResolvedName, leadsTo: ResolvedName): Promise<HoldOutcome> {
    try {
      await restoreLink(target, leadsTo);
      return "fetched";
    } catch (thrown) {
      if (this.isNoRoom(target, thrown)) return "postponed";
      throw thrown;
    }
  }

  /**
   * Makes what members have the beginning of ours, to which was appended what they do not have. All are asked: one can have more
   * of it than its log says, because a create was pushed late. other: they have more, or disagree, or there are none.
   */
  async mendBeginning(target: ResolvedName, members: readonly string[]): Promise<"begun" | "other" | "postponed"> {
    const found: Beginning[] = [];
    for (const member of members) {
      const client = this.clients.get(member);
      if (client === undefined) continue;
      try {
        found.push(await mendBeginning(this.store, target, client));
      } catch (thrown) {
        // Torn as it is, it stays: its end is here only.
        if (this.isNoRoom(target, thrown)) return "postponed";
        this.memberFails(member, target, thrown);
      }
    }
    if (found.length === 0) return members.length === 0 ? "other" : "postponed";
    return found.includes("shorter") || found.filter((each) => each === "mended").length > 1 ? "other" : "begun";
  }

  async isSameEverywhere(target: ResolvedName, members: readonly string[]): Promise<boolean> {
    if (!(await mayDiffer(target))) return true;
    for (const member of members) {
      const client = this.clients.get(member);
      if (client === undefined) return false;
      try {
        if (!(await isAsAt(this.store, target, client))) return false;
      } catch (thrown) {
        this.memberFails(member, target, thrown);
        return false;
      }
    }
    return true;
  }

  /** Whether our own disk is full, whomever we ask. There may be room later, and other disks may have it now. */
  private isNoRoom({ logicalName }: ResolvedName, thrown: unknown): boolean {
    const isFull = thrown instanceof FdfsError && thrown.kind === "NO_SPACE" && thrown.facts.peer === undefined;
    if (isFull) this.store.log.error("repair.no-room", { file: logicalName, error: thrown });
    return isFull;
  }

  private memberFails(member: string, { logicalName }: ResolvedName, thrown: unknown): void {
    const error = peerTrouble(thrown);
    this.failing.add(member);
    this.store.log.warn("repair.member-fails", { member, file: logicalName, error });
  }
}
