// Changes of one file reach a peer in the order of the log; changes of different files do not wait for each other. One
// slow file stalls nobody but itself (cluster-behaviour.md §11.1, W7).
import { invariant } from "@fastdfs-ts/runtime";

import type { PushTask } from "./push-task.ts";

export class NameOrder {
  /** By name: who has its turn, and behind it who waits for it. */
  private readonly queues = new Map<string, PushTask[]>();

  /** Lines a task up at each of its names. Returns whether it has its turn at once. */
  enter(task: PushTask): boolean {
    for (const name of task.names) {
      const queue = this.queues.get(name);
      if (queue === undefined) this.queues.set(name, [task]);
      else {
        queue.push(task);
        task.blockedBy++;
      }
    }
    return task.blockedBy === 0;
  }

  /** A task that had its turn is over. Returns those that have theirs now. */
  leave(task: PushTask): readonly PushTask[] {
    let freed: PushTask[] | undefined;
    for (const name of task.names) {
      const queue = this.queues.get(name);
      invariant(queue?.[0] === task, "only who has its turn can leave");
      queue.shift();
      const next = queue.at(0);
      if (next === undefined) this.queues.delete(name);
      else if (--next.blockedBy === 0) (freed ??= []).push(next);
    }
    return freed ?? nobody;
  }
}

const nobody: readonly PushTask[] = [];
