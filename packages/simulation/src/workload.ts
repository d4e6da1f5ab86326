// A client that does anything it may do, knows what must be there, and where the server died in the middle of something,
// what may be there. Several of them work at one storage, each on files of its own.
import { FdfsError } from "@fastdfs-ts/protocol";
import type { FoundFile } from "./checkers/store-checker.ts";
import type { Prng } from "./prng.ts";

/** What the worker asks for, of one storage or of a cluster. Names are those of `FoundFile`s. */
export interface WorkloadClient {
  upload(content: Buffer): Promise<string>;
  uploadAppender(content: Buffer): Promise<string>;
  append(name: string, content: Buffer): Promise<void>;
  modify(name: string, offset: number, content: Buffer): Promise<void>;
  truncate(name: string, newBytes: number): Promise<void>;
  /** Returns the new name. */
  regenerate(name: string): Promise<string>;
  /** Replaces all metadata, in the layout of the wire. */
  setMetadata(name: string, operation: "O", metadata: Buffer): Promise<void>;
  delete(name: string): Promise<void>;
}

export interface WorkOptions {
  /** Called after each operation that was answered. */
  readonly onAnswered?: () => void;
  /** Whether a failure means that the server is gone. Any other one is a defect. */
  readonly isTheEnd?: (error: FdfsError) => boolean;
}

/** Content by logical name, metadata files included. */
type Files = Map<string, string>;

interface Doing {
  /** Names that the operation changes, with what they hold afterwards; undefined for those that are gone. */
  readonly changes: ReadonlyMap<string, string | undefined>;
  /** Content of the file that it makes, whose name only the answer tells. */
  readonly makes: string | undefined;
  readonly run: (client: WorkloadClient) => Promise<unknown>;
  readonly isAppender?: boolean;
}

export class RandomWorker {
  /** Operations that were answered. */
  answered = 0;
  private readonly id: string;
  private readonly random: Prng;
  private readonly files: Files = new Map();
  private readonly appenders = new Set<string>();
  private written = 0;
  private doing: Doing | undefined;

  constructor(id: string, random: Prng) {
    this.id = id;
    this.random = random;
  }

  /** Works until the server is gone: by default until a connection is lost. */
  async work(client: WorkloadClient, options: WorkOptions = {}): Promise<void> {
    const { onAnswered, isTheEnd = ({ kind }) => kind === "CONNECTION_LOST" } = options;
    for (;;) {
      this.doing = this.choose();
      let name: unknown;
      try {
        name = await this.doing.run(client);
      } catch (error) {
        // What became of it is seen after the restart.
        if (error instanceof FdfsError && isTheEnd(error)) return;
        throw error;
      }
      this.settle(this.doing, typeof name === "string" ? name : undefined);
      this.answered++;
      onAnswered?.();
    }
  }

  /**
   * Compares with what was found after a restart. Throws if something that was answered is not there, or something that
   * was not is there by half. Returns the names that are accounted for.
   */
  compare(found: ReadonlyMap<string, FoundFile>): Set<string> {
    const { doing } = this;
    this.doing = undefined;
    if (doing !== undefined) {
      const made = doing.makes === undefined ? undefined : this.strayWith(found, doing.makes);
      const isDone =
        [...doing.changes].every(([name, content]) => text(found.get(name)) === content) &&
        (doing.makes === undefined || made !== undefined);
      const isUndone = [...doing.changes.keys()].every((name) => text(found.get(name)) === this.files.get(name));
      if (isDone) this.settle(doing, made);
      else if (!isUndone || made !== undefined) throw new Error(`${this.id}: half of an operation is to be seen`);
    }
    for (const [name, content] of this.files) {
      if (text(found.get(name)) !== content)
        throw new Error(`${this.id}: ${name} is not what it was when it was answered`);
    }
    return new Set(this.files.keys());
  }

  private settle(doing: Doing, made: string | undefined): void {
    for (const [name, content] of doing.changes) {
      if (content === undefined) {
        this.files.delete(name);
        this.appenders.delete(name);
      } else {
        this.files.set(name, content);
      }
    }
    if (doing.makes === undefined) return;
    if (made === undefined) throw new Error(`${this.id}: no name came back`);
    this.files.set(made, doing.makes);
    if (doing.isAppender === true) this.appenders.add(made);
  }

  private strayWith(found: ReadonlyMap<string, FoundFile>, content: string): string | undefined {
    for (const [name, file] of found) {
      if (!this.files.has(name) && !name.endsWith("-m") && text(file) === content) return name;
    }
    return undefined;
  }

  /** What must be there now: content by name, metadata files included. */
  get expected(): ReadonlyMap<string, string> {
    return this.files;
  }

  /** Content that no other file has. */
  private content(): Buffer {
    const head = Buffer.from(`${this.id}:${++this.written} `);
    const size = this.random.chance(0.2) ? this.random.below(150_000) : this.random.below(3000);
    return Buffer.concat([head, Buffer.alloc(size, head)]);
  }

  private choose(): Doing {
    const { random } = this;
    const none = new Map<string, undefined>();
    const content = this.content();
    const makes = content.toString("latin1");
    const appender = pick(random, [...this.appenders]);
    const file = pick(
      random,
      [...this.files.keys()].filter((name) => !name.endsWith("-m")),
    );
    const kind = random.below(12);
    if (file === undefined || kind < 3) return { changes: none, makes, run: (client) => client.upload(content) };
    if (appender === undefined || kind === 3)
      return { changes: none, makes, run: (client) => client.uploadAppender(content), isAppender: true };

    const old = this.files.get(appender)!;
    const hasMetadata = (name: string) => this.files.has(`${name}-m`);
    const change = (after: string, run: Doing["run"]): Doing => ({
      changes: new Map([[appender, after]]),
      makes: undefined,
      run,
    });
    switch (kind) {
      case 4:
      case 5:
        return change(old + makes, (client) => client.append(appender, content));
      case 6: {
        const offset = random.below(old.length + 1);
        const after = old.slice(0, offset) + makes + old.slice(offset + makes.length);
        return change(after, (client) => client.modify(appender, offset, content));
      }
      case 7: {
        const bytes = random.below(old.length + 1000);
        return change(old.slice(0, bytes).padEnd(bytes, "\0"), (client) => client.truncate(appender, bytes));
      }
      case 8:
        // What becomes of the metadata of an appender that turns into a normal file is not laid down.
        if (hasMetadata(appender)) break;
        return {
          changes: new Map([[appender, undefined]]),
          makes: old,
          run: (client) => client.regenerate(appender),
        };
      case 9:
        return {
          changes: new Map([
            [file, undefined],
            [`${file}-m`, undefined],
          ]),
          makes: undefined,
          run: (client) => client.delete(file),
        };
      default:
        break;
    }
    const metadata = random.chance(0.8) ? `by\x02${this.id}\x01number\x02${this.written}` : "";
    return {
      changes: new Map([[`${file}-m`, metadata === "" ? undefined : metadata]]),
      makes: undefined,
      run: (client) => client.setMetadata(file, "O", Buffer.from(metadata)),
    };
  }
}

const text = (file: FoundFile | undefined): string | undefined => file?.content.toString("latin1");

function pick<T>(random: Prng, items: readonly T[]): T | undefined {
  return items[random.below(Math.max(items.length, 1))];
}
