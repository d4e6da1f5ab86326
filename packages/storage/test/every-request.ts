// One valid request of every command that a storage answers to clients, as bytes, and where its numbers lie: the stuff
// that tests of bad input spoil.
import { connectionCommands, frame, HEADER_BYTES, storageCommands } from "@fastdfs-ts/protocol";
import type { RawClient } from "./raw-client.ts";

/** Files for the requests to be about. Each changing request has one of its own. */
export interface Fixtures {
  readonly groupName: string;
  readonly file: string;
  readonly appender: string;
  /** Content of both. */
  readonly content: Buffer;
  /** An appender that is truncated. */
  readonly truncated: string;
}

export interface ValidRequest {
  readonly bytes: Buffer;
  /** Offsets of 8-byte numbers in the body, by name. */
  readonly numbers: Readonly<Record<string, number>>;
  /** Offset of the group field in the body. */
  readonly groupAt?: number;
  /** Where the name of a file begins in the body, and the offset of the number that says how long it is. */
  readonly name?: { readonly at: number; readonly lengthAt?: number };
  /** Whether it only reads: doing it twice is the same as once. */
  readonly isReading: boolean;
}

const CONTENT = Buffer.from("some bytes of content");
const CONTENT_BYTES = CONTENT.length;

/** Requests by the name of their command. All but `deleteFile` and `regenerateName` leave the fixtures in their place. */
export function validRequests(fixtures: Fixtures) {
  const { groupName, file, appender, truncated } = fixtures;
  const about = { groupName, logicalName: file };
  const upload = { storePathIndex: 0, contentBytes: CONTENT_BYTES, extension: "bin" };
  const { uploadFile, uploadAppender, uploadSlave, appendFile, modifyFile, truncateFile } = storageCommands;
  const whole = (code: number, ...parts: Buffer[]) => frame(code, Buffer.concat(parts));
  return {
    uploadFile: {
      bytes: whole(uploadFile.code, uploadFile.request.encode(upload), CONTENT),
      numbers: { contentBytes: 1 },
      isReading: false,
    },
    uploadAppender: {
      bytes: whole(uploadAppender.code, uploadAppender.request.encode(upload), CONTENT),
      numbers: { contentBytes: 1 },
      isReading: false,
    },
    uploadSlave: {
      bytes: whole(
        uploadSlave.code,
        uploadSlave.request.encode({
          masterName: file,
          contentBytes: CONTENT_BYTES,
          slavePrefix: "_slave",
          extension: "jpg",
        }),
        CONTENT,
      ),
      numbers: { masterBytes: 0, contentBytes: 8 },
      name: { at: 38, lengthAt: 0 },
      isReading: false,
    },
    appendFile: {
      bytes: whole(
        appendFile.code,
        appendFile.request.encode({ logicalName: appender, contentBytes: CONTENT_BYTES }),
        CONTENT,
      ),
      numbers: { nameBytes: 0, contentBytes: 8 },
      name: { at: 16, lengthAt: 0 },
      isReading: false,
    },
    modifyFile: {
      bytes: whole(
        modifyFile.code,
        modifyFile.request.encode({ logicalName: appender, offset: 3, contentBytes: CONTENT_BYTES }),
        CONTENT,
      ),
      numbers: { nameBytes: 0, offset: 8, contentBytes: 16 },
      name: { at: 24, lengthAt: 0 },
      isReading: false,
    },
    truncateFile: {
      bytes: whole(truncateFile.code, truncateFile.request.encode({ logicalName: truncated, newBytes: 5 })),
      numbers: { nameBytes: 0, newBytes: 8 },
      name: { at: 16, lengthAt: 0 },
      isReading: false,
    },
    regenerateName: {
      bytes: whole(
        storageCommands.regenerateName.code,
        storageCommands.regenerateName.request.encode({ logicalName: appender }),
      ),
      numbers: {},
      name: { at: 0 },
      isReading: false,
    },
    setMetadata: {
      bytes: whole(
        storageCommands.setMetadata.code,
        storageCommands.setMetadata.request.encode({
          ...about,
          operation: "O",
          metadata: Buffer.from("width\x02640\x01height\x02480"),
        }),
      ),
      numbers: { nameBytes: 0, metadataBytes: 8 },
      groupAt: 17,
      name: { at: 33, lengthAt: 0 },
      isReading: false,
    },
    createLink: {
      bytes: whole(
        storageCommands.createLink.code,
        storageCommands.createLink.request.encode({
          groupName,
          slavePrefix: "",
          extension: "lnk",
          masterName: "",
          sourceName: file,
          signature: Buffer.alloc(20, 7),
        }),
      ),
      numbers: { masterBytes: 0, sourceBytes: 8, signatureBytes: 16 },
      groupAt: 24,
      name: { at: 62, lengthAt: 8 },
      isReading: false,
    },
    deleteFile: {
      bytes: whole(storageCommands.deleteFile.code, storageCommands.deleteFile.request.encode(about)),
      numbers: {},
      groupAt: 0,
      name: { at: 16 },
      isReading: false,
    },
    downloadFile: {
      bytes: whole(
        storageCommands.downloadFile.code,
        storageCommands.downloadFile.request.encode({ ...about, offset: 0, countBytes: 5 }),
      ),
      numbers: { offset: 0, countBytes: 8 },
      groupAt: 16,
      name: { at: 32 },
      isReading: true,
    },
    getMetadata: {
      bytes: whole(storageCommands.getMetadata.code, storageCommands.getMetadata.request.encode(about)),
      numbers: {},
      groupAt: 0,
      name: { at: 16 },
      isReading: true,
    },
    queryFileInfo: {
      bytes: whole(storageCommands.queryFileInfo.code, storageCommands.queryFileInfo.request.encode(about)),
      numbers: {},
      groupAt: 0,
      name: { at: 16 },
      isReading: true,
    },
    activeTest: { bytes: whole(connectionCommands.activeTest.code), numbers: {}, isReading: true },
  } satisfies Record<string, ValidRequest>;
}

export type RequestName = keyof ReturnType<typeof validRequests>;

/** Stores the files that the requests are about. */
export async function makeFixtures(client: RawClient, groupName = "group1"): Promise<Fixtures> {
  const content = Buffer.from("what lies in the file, and is more than the request has");
  const make = (command: "uploadFile" | "uploadAppender") => storeFile(client, content, command);
  return {
    groupName,
    content,
    file: await make("uploadFile"),
    appender: await make("uploadAppender"),
    truncated: await make("uploadAppender"),
  };
}

/** Uploads and returns the logical name. */
export async function storeFile(
  client: RawClient,
  content: Buffer,
  command: "uploadFile" | "uploadAppender" = "uploadFile",
): Promise<string> {
  const { code, request } = storageCommands[command];
  const head = request.encode({ storePathIndex: 0, contentBytes: content.length, extension: "txt" });
  const answer = await client.exchange(frame(code, Buffer.concat([head, content])));
  if (answer[9] !== 0) throw new Error(`the upload was answered with ${answer[9]}`);
  return answer.toString("latin1", HEADER_BYTES + 16);
}

/** Downloads a whole file; the answer with its header. */
export function readFile(client: RawClient, groupName: string, logicalName: string): Promise<Buffer> {
  const { code, request } = storageCommands.downloadFile;
  return client.exchange(frame(code, request.encode({ groupName, logicalName, offset: 0, countBytes: 0 })));
}
