// The yardstick for a storage server: the same system calls, and nothing else. No validation, no names beyond a
// counter, no checksum, no statistics. What a real storage costs beyond this is ours to answer for.
//
//   upload (11)    open O_EXCL in the incoming folder, pwrite per chunk, close, pwrite of a binlog line, rename, answer
//   download (14)  open, fstat, pread, close, one answer; above 64 KiB pread and write in pieces of 256 KiB
//   delete (12)    unlink, pwrite of a binlog line, answer
//
// The load generators send the head of a request in one write, and the next request only after the answer. So a head
// always stands at the start of a chunk, and a connection needs one answer buffer. A request that comes otherwise
// breaks the connection, which the generators count as an error.
import fs from "node:fs";
import { createServer, type Server, type Socket } from "node:net";

const HEADER_BYTES = 10;
const UPLOAD_HEAD_BYTES = 15;
const DOWNLOAD_NAME_AT = HEADER_BYTES + 32;
const DELETE_NAME_AT = HEADER_BYTES + 16;
const GROUP_BYTES = 16;
const NAME_BYTES = 44;
/** "M00/" */
const STORE_PATH_CHARS = 4;
const ANSWER_COMMAND = 100;

const WHOLE_BYTES = 64 * 1024;
const PIECE_BYTES = 256 * 1024;
/** As a storage with file_distribute_rotate_count = 100. */
const FILES_PER_DIRECTORY = 100;
/** Of the 256 × 256 hash directories, as many as the largest scenario reaches; then it starts over. */
const DIRECTORIES = 16 * 256;
const NO_FILE = -1;

const { O_CREAT, O_EXCL, O_RDONLY, O_RDWR } = fs.constants;

/**
 * Serves uploads, downloads and deletes below `root`, which must be an empty directory. Listens on loopback. Fewer
 * `directories` make the start quicker.
 */
export function serveBareStorage(root: string, port: number, directories = DIRECTORIES): Promise<Server> {
  const files = new BareFiles(root, directories);
  const server = createServer({ noDelay: true }, (socket) => new BareConnection(socket, files));
  server.once("close", () => files.close());
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

/** The disk side: a folder for what comes in, hash directories, a log. */
class BareFiles {
  private readonly data: string;
  private readonly directories: number;
  private readonly incoming: string;
  private readonly binlog: number;
  private readonly line = Buffer.from(`1700000000 C ${"0".repeat(NAME_BYTES)}\n`, "latin1");
  private binlogBytes = 0;
  private count = 0;

  constructor(root: string, directories: number) {
    this.directories = directories;
    this.data = `${root}/data/`;
    this.incoming = `${this.data}.incoming/`;
    fs.mkdirSync(this.incoming, { recursive: true });
    for (let n = 0; n < directories; n++) fs.mkdirSync(this.data + directory(n), { recursive: true });
    this.binlog = fs.openSync(`${root}/data/binlog.000`, O_RDWR | O_CREAT);
  }

  nextNumber(): number {
    return this.count++;
  }

  create(number: number): number {
    return fs.openSync(`${this.incoming}${number}.tmp`, O_RDWR | O_CREAT | O_EXCL, 0o644);
  }

  /** Returns the name. */
  publish(number: number): string {
    const place = directory(Math.floor(number / FILES_PER_DIRECTORY) % this.directories);
    const name = `M00/${place}/${String(number).padStart(30, "0")}.bin`;
    this.logLine();
    fs.renameSync(`${this.incoming}${number}.tmp`, this.data + name.slice(STORE_PATH_CHARS));
    return name;
  }

  open(name: string): number {
    return fs.openSync(this.data + name.slice(STORE_PATH_CHARS), O_RDONLY);
  }

  remove(name: string): void {
    fs.unlinkSync(this.data + name.slice(STORE_PATH_CHARS));
    this.logLine();
  }

  close(): void {
    fs.closeSync(this.binlog);
  }

  private logLine(): void {
    fs.writeSync(this.binlog, this.line, 0, this.line.length, this.binlogBytes);
    this.binlogBytes += this.line.length;
  }
}

class BareConnection {
  private readonly socket: Socket;
  private readonly files: BareFiles;
  private readonly answer = Buffer.alloc(HEADER_BYTES + WHOLE_BYTES);
  private readonly stored = Buffer.alloc(HEADER_BYTES + GROUP_BYTES + NAME_BYTES);
  private fd = NO_FILE;
  private number = 0;
  private position = 0;
  private left = 0;

  constructor(socket: Socket, files: BareFiles) {
    this.socket = socket;
    this.files = files;
    writeAnswerHeader(this.stored, GROUP_BYTES + NAME_BYTES);
    this.stored.write("group1", HEADER_BYTES, "latin1");
    socket.on("data", (chunk: Buffer) => this.received(chunk));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      if (this.fd !== NO_FILE) fs.closeSync(this.fd);
    });
  }

  private received(chunk: Buffer): void {
    if (this.fd !== NO_FILE) this.receive(chunk, 0);
    else this.begin(chunk);
  }

  private begin(chunk: Buffer): void {
    if (chunk.length < HEADER_BYTES) {
      this.breakOff();
      return;
    }
    const bodyBytes = chunk.readUInt32BE(4);
    switch (chunk[8]) {
      case 11:
        if (chunk.length < HEADER_BYTES + UPLOAD_HEAD_BYTES) {
          this.breakOff();
          return;
        }
        this.number = this.files.nextNumber();
        this.fd = this.files.create(this.number);
        this.position = 0;
        this.left = bodyBytes - UPLOAD_HEAD_BYTES;
        {
          this.receive(chunk, HEADER_BYTES + UPLOAD_HEAD_BYTES);
          return;
        }
      case 12:
        this.files.remove(chunk.toString("latin1", DELETE_NAME_AT, HEADER_BYTES + bodyBytes));
        writeAnswerHeader(this.answer, 0);
        this.socket.write(this.answer.subarray(0, HEADER_BYTES));
        return;
      case 14: {
        this.send(chunk.toString("latin1", DOWNLOAD_NAME_AT, HEADER_BYTES + bodyBytes));
        return;
      }
      default: {
        this.breakOff();
        return;
      }
    }
  }

  private receive(chunk: Buffer, at: number): void {
    const bytes = chunk.length - at;
    if (bytes > 0) fs.writeSync(this.fd, chunk, at, bytes, this.position);
    this.position += bytes;
    this.left -= bytes;
    if (this.left > 0) return;
    fs.closeSync(this.fd);
    this.fd = NO_FILE;
    this.stored.write(this.files.publish(this.number), HEADER_BYTES + GROUP_BYTES, "latin1");
    this.socket.write(this.stored);
  }

  private send(name: string): void {
    const fd = this.files.open(name);
    const { size } = fs.fstatSync(fd);
    if (size > WHOLE_BYTES) {
      this.sendPieces(fd, size);
      return;
    }
    fs.readSync(fd, this.answer, HEADER_BYTES, size, 0);
    fs.closeSync(fd);
    writeAnswerHeader(this.answer, size);
    this.socket.write(this.answer.subarray(0, HEADER_BYTES + size));
  }

  /** One buffer per transfer: it is filled again when the kernel has taken it. The header leaves with the first piece. */
  private sendPieces(fd: number, size: number): void {
    const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
    writeAnswerHeader(piece, size);
    let position = 0;
    let from = HEADER_BYTES;
    const next = (): void => {
      if (position === size || this.socket.destroyed) {
        fs.closeSync(fd);
        return;
      }
      const bytes = fs.readSync(fd, piece, from, PIECE_BYTES - from, position);
      position += bytes;
      this.socket.write(piece.subarray(0, from + bytes), next);
      from = 0;
    };
    next();
  }

  private breakOff(): void {
    this.socket.destroy();
  }
}

function writeAnswerHeader(into: Buffer, bodyBytes: number): void {
  into.writeUInt32BE(0, 0);
  into.writeUInt32BE(bodyBytes, 4);
  into[8] = ANSWER_COMMAND;
  into[9] = 0;
}

function directory(n: number): string {
  return `${hex(n >> 8)}/${hex(n & 0xff)}`;
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, "0");
}
