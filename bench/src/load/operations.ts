// What the connections of the load generator send and what they expect back. Requests are encoded before the clock
// starts; a connection only picks one.
import {
  DownloadRequest,
  FileQuery,
  FileRequest,
  frame,
  GROUP_NAME_BYTES,
  MAX_NAME_BYTES,
  printFileId,
  splitFileId,
  storageCommands,
  StoredName,
  trackerCommands,
  UploadRequest,
} from "@fastdfs-ts/protocol";

export const operationNames = ["upload", "download", "delete", "query", "fetch"] as const;
export type OperationName = (typeof operationNames)[number];

/** One side of the exchanges of one connection. */
export interface Operation {
  /** The frame of the exchange with this number. */
  request(index: number): Buffer;
  /** A part of the answer's body: `bytes[start..end)`, which begins `offset` bytes into the body. False: it is wrong. */
  body(bytes: Buffer, start: number, end: number, offset: number): boolean;
  /** A whole answer with status 0 and a right body has come. False: the body has a wrong length. */
  answered(bodyBytes: number): boolean;
}

export interface LoadFiles {
  /** What is uploaded, and expected from downloads. */
  readonly payload: Buffer;
  /** Read by downloads and deletes; uploads add to it. */
  readonly ids: string[];
}

/** Makes the operations of one run: one call per connection. */
export function operationMaker(name: OperationName, files: LoadFiles): () => Operation {
  switch (name) {
    case "upload":
      return uploads(files);
    case "download":
      return onFiles(files.ids, downloadFrame, files.payload);
    case "delete":
      return onFiles(files.ids, deleteFrame, Buffer.alloc(0));
    case "query":
      return () => query;
    case "fetch":
      return onFiles(files.ids, fetchFrame, undefined);
  }
}

/** All uploads send the same frame. */
function uploads({ payload, ids }: LoadFiles): () => Operation {
  const head = UploadRequest.encode({ storePathIndex: 0, contentBytes: payload.length, extension: "bin" });
  const request = frame(storageCommands.uploadFile.code, Buffer.concat([head, payload]));
  return () => {
    const answer = Buffer.alloc(GROUP_NAME_BYTES + MAX_NAME_BYTES);
    return {
      request: () => request,
      body: (bytes, start, end, offset) => bytes.copy(answer, offset, start, end) === end - start,
      answered(bodyBytes) {
        if (bodyBytes < StoredName.minSize) return false;
        ids.push(printFileId(StoredName.decode(answer.subarray(0, bodyBytes))));
        return true;
      },
    };
  };
}

/** Each request names a file of the list, in turn, and expects the same bytes back, or any if it is not said which. */
function onFiles(
  ids: readonly string[],
  frameOf: (fileId: string) => Buffer,
  expected: Buffer | undefined,
): () => Operation {
  const requests = ids.map(frameOf);
  const operation: Operation = {
    request: (index) => requests[index % requests.length]!,
    body(bytes, start, end, offset) {
      if (expected === undefined) return true;
      const stop = offset + end - start;
      return stop <= expected.length && bytes.compare(expected, offset, stop, start, end) === 0;
    },
    answered: (bodyBytes) => expected === undefined || bodyBytes === expected.length,
  };
  return () => operation;
}

function downloadFrame(fileId: string): Buffer {
  const body = DownloadRequest.encode({ offset: 0, countBytes: 0, ...splitFileId(fileId) });
  return frame(storageCommands.downloadFile.code, body);
}

/** Where to download (102). */
function fetchFrame(fileId: string): Buffer {
  return frame(trackerCommands.queryFetchOne.code, FileQuery.encode(splitFileId(fileId)));
}

function deleteFrame(fileId: string): Buffer {
  return frame(storageCommands.deleteFile.code, FileRequest.encode(splitFileId(fileId)));
}

/** Body of a store target, with IPv4 and with IPv6 addresses. */
const STORE_TARGET_BYTES = [40, 70];
const queryFrame = frame(trackerCommands.queryStoreAny.code);
const query: Operation = {
  request: () => queryFrame,
  body: () => true,
  answered: (bodyBytes) => STORE_TARGET_BYTES.includes(bodyBytes),
};
