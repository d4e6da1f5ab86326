// Broken assumptions of our own. They stop the process: a server that is wrong about its own state should not keep
// writing. What peers, disks and users can cause is never an invariant.

export class InvariantError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "InvariantError";
  }
}

/** Throws InvariantError unless `condition` holds. `message` says what was assumed. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
