// Who is at the other end of a connection. A member that pushes its records says so first: a C server with 9, one of ours
// with 122 (wire-protocol.md §9.2). It attributes the connection and permits nothing.
import { FdfsError } from "@fastdfs-ts/protocol";
import type { Session } from "@fastdfs-ts/rpc";

import { isStorageId } from "../identity.ts";

export interface Introduction {
  readonly storageId: string;
  /** It said so with 122. */
  readonly isOurs: boolean;
}

export class Introductions {
  /** Goes with the connections. */
  private readonly bySession = new WeakMap<Session, Introduction>();

  /** Throws FdfsError BAD_REQUEST for what is no storage id. */
  note(session: Session, introduction: Introduction): void {
    if (!isStorageId(introduction.storageId)) {
      throw new FdfsError("BAD_REQUEST", { reason: `"${introduction.storageId}" is not the id of a storage` });
    }
    this.bySession.set(session, introduction);
  }

  of(session: Session): Introduction | undefined {
    return this.bySession.get(session);
  }
}
