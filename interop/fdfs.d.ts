// What the npm package "fdfs" can do, as its sources say. It ships no types.
declare module "fdfs" {
  import type { Readable, Writable } from "node:stream";

  class FdfsClient {
    constructor(config: FdfsClient.Config);
    /** `file`: a path, the bytes, or a stream (then `size` must be given). Resolves with the file id. */
    upload(file: string | Buffer | Readable, options?: FdfsClient.UploadOptions): Promise<string>;
    /** Append and modify resolve with nothing. */
    upload(
      file: string | Buffer | Readable,
      options: FdfsClient.AppendOptions | FdfsClient.ModifyOptions,
    ): Promise<void>;
    download(fileId: string, options: FdfsClient.Target | FdfsClient.DownloadOptions): Promise<void>;
    del(fileId: string): Promise<void>;
    remove(fileId: string): Promise<void>;
    /** `flag`: "O" overwrites all items (the default), "M" merges. */
    setMetaData(fileId: string, metaData: Record<string, string | number>, flag?: string): Promise<void>;
    getMetaData(fileId: string): Promise<Record<string, string>>;
    getFileInfo(fileId: string): Promise<FdfsClient.FileInfo>;
    listGroups(): Promise<unknown>;
    listStorages(group: string): Promise<unknown>;
  }

  namespace FdfsClient {
    interface Config {
      trackers: { host: string; port: number }[];
      /** Milliseconds of silence on a socket. */
      timeout?: number;
      defaultExt?: string;
      charset?: BufferEncoding;
      /** Shared by all clients of the process. */
      logger?: { log(...args: unknown[]): void };
    }
    interface ContentOptions {
      size?: number;
      ext?: string;
    }
    interface UploadOptions extends ContentOptions {
      method?: "upload" | "uploadAppender";
      group?: string;
    }
    interface AppendOptions extends ContentOptions {
      method: "append";
      fileId: string;
    }
    interface ModifyOptions extends ContentOptions {
      method: "modify";
      fileId: string;
      offset: number;
    }
    /** A path, or where the bytes are written. */
    type Target = string | Writable;
    interface DownloadOptions {
      target: Target;
      offset?: number;
      bytes?: number;
    }
    interface FileInfo {
      size: number;
      /** Unix seconds. */
      timestamp: number;
      /** As a signed 32-bit number. */
      crc32: number;
      addr: string;
    }
  }

  export = FdfsClient;
}
