// Handing this tracker's state to a new one: 61, 63, 62 (wire-protocol.md §7.7). One reader at a time. What it reads is a
// picture of the moment in which it began, so the four files always fit together.
//
// Unlike C, whose lock stays until the connection ends: a reader that asks for nothing any more loses it after a while.
// And a second reader is told so at once; C lets it wait.
import { FdfsError, type SystemFilePiece, type SystemFileRequest } from "@fastdfs-ts/protocol";
import type { Session } from "@fastdfs-ts/rpc";
import type { Clock, Timer } from "@fastdfs-ts/runtime";

import { STATE_LOCK_MS, STATE_PIECE_BYTES } from "../limits.ts";
import { STATE_FILE_COUNT, type StateFileContents } from "./state-files-of.ts";

export interface StateDonorOptions {
  readonly clock: Clock;
  /** Resolves when the present state is on the disk. */
  readonly save: () => Promise<void>;
  /** The files as of now; `undefined` if this tracker knows no group. */
  readonly picture: () => StateFileContents | undefined;
}

interface Reader {
  readonly session: Session;
  files: StateFileContents | undefined;
  timer: Timer;
}

export class StateDonor {
  private readonly options: StateDonorOptions;
  private reader: Reader | undefined;

  constructor(options: StateDonorOptions) {
    this.options = options;
  }

  /** 61. Throws NOT_FOUND if this tracker knows no group, BUSY while another one reads. */
  async start(session: Session): Promise<void> {
    const { picture, save } = this.options;
    if (picture() === undefined) throw new FdfsError("NOT_FOUND", { reason: "this tracker knows no group yet" });
    const reader = this.lock(session);
    try {
      await save();
      reader.files = picture();
    } catch (error) {
      this.end(session);
      throw error;
    }
  }

  /** 63. Throws BAD_REQUEST for a file or place that there is not, and for one who has not begun with 61. */
  piece(session: Session, { fileIndex, offset }: SystemFileRequest): SystemFilePiece {
    const refuse = (reason: string) => new FdfsError("BAD_REQUEST", { peer: session.remote.host, reason });
    if (fileIndex >= STATE_FILE_COUNT) throw refuse(`there is no state file ${fileIndex}`);
    const { reader } = this;
    if (reader?.session !== session || reader.files === undefined) throw refuse("begin with 61, or begin again");
    reader.timer = this.restart(reader);
    const file = reader.files[fileIndex as 0 | 1 | 2 | 3];
    if (offset < 0 || offset > file.length) throw refuse(`offset ${offset} of a file of ${file.length} bytes`);
    return { fileBytes: file.length, content: file.subarray(offset, offset + STATE_PIECE_BYTES) };
  }

  /** 62, and when the connection ends. Who does not read changes nothing. */
  end(session: Session): void {
    if (this.reader?.session !== session) return;
    this.reader.timer.cancel();
    this.reader = undefined;
  }

  /** Forgets the reader. */
  stop(): void {
    if (this.reader !== undefined) this.end(this.reader.session);
  }

  private lock(session: Session): Reader {
    if (this.reader !== undefined && this.reader.session !== session) {
      throw new FdfsError("BUSY", { peer: session.remote.host, reason: "another tracker is reading the state files" });
    }
    if (this.reader === undefined) session.onClosed(() => this.end(session));
    else this.end(session);
    const reader: Reader = { session, files: undefined, timer: this.expiry(session) };
    this.reader = reader;
    return reader;
  }

  private restart(reader: Reader): Timer {
    reader.timer.cancel();
    return this.expiry(reader.session);
  }

  private expiry(session: Session): Timer {
    return this.options.clock.after(STATE_LOCK_MS, () => this.end(session));
  }
}
