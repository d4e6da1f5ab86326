export {
  type ContentOptions,
  FastDfsClient,
  type FileInfoOptions,
  type LinkOptions,
  type SlaveOptions,
  type UploadFileOptions,
  type UploadOptions,
  type UploadStreamOptions,
} from "./fastdfs-client.ts";
export type {
  ClusterTools,
  StorageStatFilter,
  TrackerOutcome,
  TrackerStatFilter,
  VolumeStatFilter,
} from "./cluster-tools.ts";
export { type ConfigFileReading, readClientConfig } from "./config-file.ts";
export type { Download, SaveOptions } from "./download.ts";
export type { DownloadOptions } from "./downloads.ts";
export type { FileInfo } from "./file-info.ts";
export type { ExplainedCluster } from "./explain.ts";
export type { Metadata } from "./metadata.ts";
export type { CallOptions, ClientOptions, PoolSettings } from "./options.ts";
export type { StoredFile } from "./stored-file.ts";
export type { UploadTarget } from "./tracker-client.ts";
export type { NamingOptions, PlacingOptions, TransferOptions } from "./uploads.ts";
export type { OnProgress, Progress, SizeOptions, UploadSource } from "./upload-source.ts";
export {
  accessToken,
  type ChoiceExplanation,
  type ErrorKind,
  errorKinds,
  FdfsError,
  type FileIdFacts,
  parseFileId,
  type StorageStatus,
} from "@fastdfs-ts/protocol";
