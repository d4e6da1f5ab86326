// Everything that a peer can push, once each: the record, and what the disk holds afterwards.
import { sizeFlags } from "@fastdfs-ts/protocol";
import { nameStating, push } from "./replica-pusher.ts";
import type { StoreClient } from "./store-client.ts";

const bytes = (count: number, letter: string) => Buffer.alloc(count, letter);
const SMALL = bytes(500, "s");
const LARGE = bytes(300_000, "L");
export const OLD = bytes(1000, "a");

export const APPENDER = nameStating(Buffer.alloc(0), "001", sizeFlags.masked + sizeFlags.appender);
const RENAMED = nameStating(OLD, "002");
const small = nameStating(SMALL, "003");
const large = nameStating(LARGE, "004");

export interface ReplicaOperation {
  readonly request: () => Buffer;
  /** Runs before; APPENDER is there already. */
  readonly prepare?: (client: StoreClient) => Promise<unknown>;
  /** Makes the files before it those after it. */
  readonly after: (files: Map<string, string>) => void;
  /** The file that has the time of the record afterwards. */
  readonly timed?: string;
  /** What the sender may hear if it repeats the record, and goes on with. Default: 0 or 17. */
  readonly repeated?: readonly number[];
}

const makes = (logicalName: string, content: Buffer): ReplicaOperation => ({
  request: () => push.create(logicalName, content),
  after: (files) => void files.set(logicalName, content.toString("latin1")),
  timed: logicalName,
});
const changes = (request: () => Buffer, ...pieces: Buffer[]): ReplicaOperation => ({
  request,
  after: (files) => void files.set(APPENDER, Buffer.concat(pieces).toString("latin1")),
  timed: APPENDER,
});

export const replicaOperations: Record<string, ReplicaOperation> = {
  "creation of a small file": makes(small, SMALL),
  "creation of a large file": makes(large, LARGE),
  "creation over a file of another size": changes(() => push.create(APPENDER, LARGE), LARGE),
  "creation of metadata": makes(`${APPENDER}-m`, SMALL),
  update: changes(() => push.update(APPENDER, LARGE), LARGE),
  deletion: {
    request: () => push.delete(APPENDER),
    after: (files) => void files.delete(APPENDER),
    repeated: [0, 2],
  },
  append: changes(() => push.append(APPENDER, OLD.length, LARGE), OLD, LARGE),
  "modification inside": changes(
    () => push.modify(APPENDER, 100, bytes(200, "M")),
    bytes(100, "a"),
    bytes(200, "M"),
    bytes(700, "a"),
  ),
  "modification over the end": changes(() => push.modify(APPENDER, 900, LARGE), bytes(900, "a"), LARGE),
  "truncation to less": changes(() => push.truncate(APPENDER, OLD.length, 300), bytes(300, "a")),
  "truncation to more": changes(() => push.truncate(APPENDER, OLD.length, 3000), OLD, Buffer.alloc(2000)),
  link: {
    prepare: (client) => client.push(push.create(small, SMALL)),
    request: () => push.link(large, small),
    after: (files) => void files.set(large, SMALL.toString("latin1")),
    repeated: [0],
  },
  renaming: {
    request: () => push.rename(RENAMED, APPENDER),
    after: (files) => {
      files.delete(APPENDER);
      files.set(RENAMED, OLD.toString("latin1"));
    },
  },
};
