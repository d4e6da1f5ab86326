// How loaded a group is, from 0 to 1: how full its disks are, and how many tasks it has for as many as it can take
// (cluster-behaviour.md §11.2).
import type { GroupPicture, SchedulingPolicy } from "./cluster-picture.ts";
import { reservedMib } from "./space-reserve.ts";

/** Nobody is left out altogether: figures may be wrong. */
const WEIGHT_MIN = 0.0001;

export interface GroupLoad {
  /** 0 an empty disk … 1 at the reserve; of the writable member with the least space. */
  readonly diskUsage: number;
  /** Assigned and not finished, of the tasks that the writable members can take; may be above 1. */
  readonly taskRatio: number;
  readonly load: number;
}

export function groupLoad(group: GroupPicture, nowMs: number, policy: SchedulingPolicy): GroupLoad {
  const { totalMib, writable } = group;
  const freeMib = group.freeMib - group.promisedMib;
  const usable = totalMib - reservedMib(policy.reserve, totalMib);
  const diskUsage = usable > 0 ? Math.min(1, Math.max(0, (totalMib - freeMib) / usable)) : 1;
  const taskRatio = group.tasks(nowMs) / (policy.tasksMax * Math.max(1, writable.length));
  return { diskUsage, taskRatio, load: policy.diskWeight * diskUsage + (1 - policy.diskWeight) * taskRatio };
}

/** How likely a group is drawn: the smaller its load, the likelier. */
export function groupWeight({ load }: GroupLoad): number {
  return Math.max(WEIGHT_MIN, (1 - load) ** 2 * (load < 1 ? 1 : 0));
}
