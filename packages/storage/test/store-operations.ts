// Everything that a client can do to the files of a storage, once each: what it asks for, and what the disk holds
// afterwards.
import type { FoundFile } from "@fastdfs-ts/simulation";
import type { StoreClient } from "./store-client.ts";

const bytes = (count: number, letter: string) => Buffer.alloc(count, letter);

/** Names of the files that an operation is about. */
interface Prepared {
  readonly file: string;
  readonly appender: string;
}

/** Content that can be compared quickly. */
const text = (content: Buffer) => content.toString("latin1");

export const APPENDER_CONTENT = bytes(1000, "a");
const METADATA = "height\x02480\x01width\x02640";

export interface Operation {
  /** What the client asks for. Returns the name of a new file, if any. */
  readonly run: (client: StoreClient, prepared: Prepared) => Promise<unknown>;
  /** Makes the files before it those after it. `made` is the name of the new file. */
  readonly after: (files: Map<string, string>, prepared: Prepared, made: string) => void;
  /** Runs before. */
  readonly prepare?: (client: StoreClient, prepared: Prepared) => Promise<void>;
}

const withMetadata = async (client: StoreClient, { file, appender }: Prepared) => {
  await client.setMetadata(file, "O", Buffer.from(METADATA));
  await client.setMetadata(appender, "O", Buffer.from(METADATA));
};

const makes = (content: Buffer, run: Operation["run"]): Operation => ({
  run,
  after: (files, _, made) => void files.set(made, text(content)),
});

const LARGE = bytes(300_000, "L");
export const SMALL = bytes(500, "s");

export const operations: Record<string, Operation> = {
  "upload of a small file": makes(SMALL, (client) => client.upload(SMALL)),
  "upload of a large file": makes(LARGE, (client) => client.upload(LARGE)),
  "upload of an empty file": makes(bytes(0, ""), (client) => client.upload(bytes(0, ""))),
  "upload of an appender": makes(LARGE, (client) => client.uploadAppender(LARGE)),
  "upload of a slave": makes(LARGE, (client, { file }) => client.uploadSlave(file, "_slave_of_it", LARGE)),
  link: makes(SMALL, (client, { file }) => client.link(file)),
  append: {
    run: (client, { appender }) => client.append(appender, LARGE),
    after: (files, { appender }) => void files.set(appender, text(Buffer.concat([APPENDER_CONTENT, LARGE]))),
  },
  "modification inside": {
    run: (client, { appender }) => client.modify(appender, 100, bytes(200, "M")),
    after: (files, { appender }) =>
      void files.set(appender, text(Buffer.concat([bytes(100, "a"), bytes(200, "M"), bytes(700, "a")]))),
  },
  "modification over the end": {
    run: (client, { appender }) => client.modify(appender, 900, LARGE),
    after: (files, { appender }) => void files.set(appender, text(Buffer.concat([bytes(900, "a"), LARGE]))),
  },
  "truncation to less": {
    run: (client, { appender }) => client.truncate(appender, 300),
    after: (files, { appender }) => void files.set(appender, text(bytes(300, "a"))),
  },
  "truncation to more": {
    run: (client, { appender }) => client.truncate(appender, 3000),
    after: (files, { appender }) =>
      void files.set(appender, text(Buffer.concat([APPENDER_CONTENT, Buffer.alloc(2000)]))),
  },
  regeneration: {
    run: (client, { appender }) => client.regenerate(appender),
    after: (files, { appender }, made) => {
      files.delete(appender);
      files.set(made, text(APPENDER_CONTENT));
    },
  },
  "first metadata": {
    run: (client, { file }) => client.setMetadata(file, "O", Buffer.from(METADATA)),
    after: (files, { file }) => void files.set(`${file}-m`, METADATA),
  },
  "metadata overwritten": {
    prepare: withMetadata,
    run: (client, { file }) => client.setMetadata(file, "O", Buffer.from("color\x02red")),
    after: (files, { file }) => void files.set(`${file}-m`, "color\x02red"),
  },
  "metadata merged": {
    prepare: withMetadata,
    run: (client, { appender }) => client.setMetadata(appender, "M", Buffer.from("color\x02red")),
    after: (files, { appender }) => void files.set(`${appender}-m`, `color\x02red\x01${METADATA}`),
  },
  "metadata removed": {
    prepare: withMetadata,
    run: (client, { file }) => client.setMetadata(file, "O", Buffer.from("")),
    after: (files, { file }) => void files.delete(`${file}-m`),
  },
  deletion: {
    run: (client, { file }) => client.delete(file),
    after: (files, { file }) => void files.delete(file),
  },
  "deletion with metadata": {
    prepare: withMetadata,
    run: (client, { appender }) => client.delete(appender),
    after: (files, { appender }) => {
      files.delete(appender);
      files.delete(`${appender}-m`);
    },
  },
};

export const contents = (files: Map<string, FoundFile>) =>
  new Map([...files].map(([name, { content }]) => [name, text(content)] as const));
