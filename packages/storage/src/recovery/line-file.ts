// A file of lines that is read once from a place on, in pieces, so that it may be of any length.
import { MAX_BINLOG_LINE_BYTES } from "@fastdfs-ts/protocol";
import type { Disk } from "@fastdfs-ts/runtime";

const PIECE_BYTES = 64 * 1024;
const LINE_FEED = 0x0a;

export interface FileLine {
  /** Without its line feed. */
  readonly text: string;
  /** Where the next line begins. */
  readonly end: number;
}

/**
 * The lines of a file from `offset` on. What follows the last line feed is no line; of a line that is longer than any
 * record only the beginning is told. Throws the disk's error.
 */
export function* linesOf(disk: Disk, path: string, offset = 0): Generator<FileLine, void> {
  const file = disk.open(path, "read");
  const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  try {
    let rest = "";
    for (let at = offset; ;) {
      const bytes = file.read(piece, 0, piece.length, at);
      if (bytes === 0) return;
      let from = 0;
      for (let end = piece.indexOf(LINE_FEED); end >= 0 && end < bytes; end = piece.indexOf(LINE_FEED, from)) {
        yield { text: rest + piece.toString("latin1", from, end), end: at + end + 1 };
        rest = "";
        from = end + 1;
      }
      rest = (rest + piece.toString("latin1", from, bytes)).slice(0, MAX_BINLOG_LINE_BYTES);
      at += bytes;
    }
  } finally {
    file.close();
  }
}

/** Writes lines behind each other into a new file, in few calls. */
export class LineWriter {
  private readonly file: ReturnType<Disk["open"]>;
  private waiting = "";
  private at = 0;

  constructor(disk: Disk, path: string) {
    this.file = disk.open(path, "replace");
  }

  /** Adds a line that ends with its line feed. Throws the disk's error. */
  add(line: string): void {
    this.waiting += line;
    if (this.waiting.length >= PIECE_BYTES) this.flush();
  }

  /** Writes what is waiting and makes it last. */
  finish(): void {
    this.flush();
    this.file.sync();
  }

  /** What is waiting is dropped. */
  close(): void {
    this.file.close();
  }

  private flush(): void {
    const bytes = Buffer.from(this.waiting, "latin1");
    this.file.write(bytes, 0, bytes.length, this.at);
    this.at += bytes.length;
    this.waiting = "";
  }
}
