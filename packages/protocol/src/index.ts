export { type Command, command } from "./command.ts";
export {
  type AnyCommand,
  commands,
  findCommand,
  type NamedCommand,
  type StorageCommandName,
  type TrackerCommandName,
} from "./commands.ts";
export { connectionCommands } from "./connection-commands.ts";
export {
  downloadStorageChoices,
  fileInfoFlags,
  groupChoices,
  metadataOperations,
  rwModes,
  statusOperators,
  storageStatFilters,
  storePathChoices,
  SYNC_WITHOUT_CONTENT,
  systemFiles,
  trackerStatFilters,
  trunkRecordTypes,
  uploadStorageChoices,
  volumeStatFilters,
} from "./enumerations.ts";
export { type ErrorFacts, type ErrorKind, errorKinds, type ErrorKindRow, FdfsError } from "./errors.ts";
export * from "./limits.ts";
export { AppendRequest, ModifyRequest, RegenerateRequest, TruncateRequest } from "./messages/appender-files.ts";
export { changeFlags, ChangeList } from "./messages/change-list.ts";
export { ClusterParameters, type ParameterRow, parameterRows } from "./messages/cluster-parameters.ts";
export {
  DeleteStorageRequest,
  GroupList,
  GroupRecord,
  LeaderAddress,
  ListStoragesRequest,
  SetTrunkServerRequest,
  StorageList,
  StorageListIpv6,
  StorageRecord,
  StorageRecordIpv6,
  StorageStat,
  StorageStatList,
  StorageStatRequest,
  TrackerStat,
  TrackerStatList,
  TrackerStatRequest,
  TrackerStatus,
  TrunkServerId,
  VolumeStat,
  VolumeStatList,
  VolumeStatRequest,
} from "./messages/cluster-stats.ts";
export { DownloadRequest, FileInfo, FileInfoIpv6, FileRequest } from "./messages/downloads.ts";
export { DiskReport, Heartbeat, StorePathSpace } from "./messages/heartbeat.ts";
export { Metadata, SetMetadataRequest } from "./messages/metadata.ts";
export {
  FetchBinlogRequest,
  FetchedBinlog,
  ReportServerId,
  SyncDeleteRequest,
  SyncFileRequest,
  SyncLinkRequest,
  SyncRenameRequest,
  SyncTruncateRequest,
  SyncWriteRequest,
} from "./messages/replication.ts";
export { StatisticsBlock } from "./messages/statistics.ts";
export { StorageBrief } from "./messages/storage-brief.ts";
export {
  GroupNameAnswer,
  GroupNameRequest,
  JoinAnswer,
  JoinRequest,
  MyIp,
  MyIpPort,
  MyIpRequest,
  StorageAddressRequest,
  StorageIdsPage,
  StorageIdsRequest,
  StorageIdText,
  SyncDescriptor,
  SyncDescriptorAnswer,
  SyncSourceRequest,
} from "./messages/storage-join.ts";
export {
  ChangelogPage,
  ChangelogReader,
  ChangelogRequest,
  IpChanged,
  ReplicaChange,
  StatusChange,
  StatusReport,
  SyncReport,
  SyncStamp,
} from "./messages/sync-reports.ts";
export {
  ConnectionCounts,
  JoinLeaderRequest,
  LeaderNotice,
  PingLeaderAnswer,
  PingLeaderRequest,
  SystemFilePiece,
  SystemFileRequest,
  TrunkAssignment,
} from "./messages/tracker-peers.ts";
export {
  FileLocation,
  FileLocationIpv6,
  FileLocations,
  FileLocationsIpv6,
  FileQuery,
  GroupRequest,
  StorageAddress,
  StorageAddressIpv6,
  StoreTarget,
  StoreTargetIpv6,
  StoreTargets,
  StoreTargetsIpv6,
} from "./messages/tracker-queries.ts";
export {
  TrunkAllocRequest,
  TrunkBinlogChunk,
  TrunkBinlogSize,
  TrunkFileId,
  TrunkFreeSpace,
  TrunkSlot,
  TrunkSlotRequest,
} from "./messages/trunk.ts";
export { CreateLinkRequest, StoredName, UploadRequest, UploadSlaveRequest } from "./messages/uploads.ts";
export { storageCommands } from "./storage-commands.ts";
export {
  BinlogSinceRequest,
  ChoiceRequest,
  ExplainRequest,
  Explanation,
  EXTENSION_KEY,
  EXTENSION_VERSION,
  LOAD_REPORT_VERSION,
  LoadReport,
  TOGETHER_BYTES_MAX,
  TOGETHER_REQUESTS_MAX,
  TOGETHER_VERSION,
  TogetherAnswer,
  TogetherRequest,
  PeerHello,
  PeerHelloAnswer,
  PeerReplication,
  READ_THROUGH_FLAG,
  Removal,
  RemovalList,
  RemovalNotice,
  ReplicationReport,
  type ReplicatorState,
  replicatorStateOf,
  replicatorStates,
  UNKNOWN_SHARE,
} from "./messages/extensions.ts";
export { isStanding, RemovalSet } from "./removal-set.ts";
export {
  type Choice,
  type ChoiceExplanation,
  CHOICE_EXPLANATION_VERSION,
  type ChoicePurpose,
  choicePurposeOf,
  choicePurposes,
  type ChoiceRefusal,
  type ChoiceSetting,
  type GroupCandidate,
  type MemberCandidate,
  type NamedFile,
  parseChoiceExplanation,
  type PathCandidate,
  printChoiceExplanation,
  type ReportedLoad,
} from "./choice-explanation.ts";
export {
  type ClusterExplanation,
  EXPLANATION_VERSION,
  type GroupExplanation,
  parseExplanation,
  printExplanation,
  type Progress,
  type RemovedStorage,
  type ReplicationLink,
  type StorageExplanation,
} from "./cluster-explanation.ts";
export {
  compareStorageStatuses,
  isAvailable,
  type StorageStatus,
  storageStatuses,
  storageStatusOf,
  storageStatusValue,
} from "./storage-statuses.ts";
export { trackerCommands } from "./tracker-commands.ts";
export type { AnyField, FixedField, LengthField, RecordShape, VariableField } from "./wire/fields.ts";
export { readI64, readText, variableBytes, writeI64 } from "./wire/fields.ts";
export {
  ANSWER_COMMAND,
  emptyAnswer,
  frame,
  frameBodyBytes,
  frameCommand,
  frameStatus,
  HEADER_BYTES,
  writeHeader,
} from "./wire/frame.ts";
export { Empty, type Fields, type Message, message, type MessageOf, type ShapeOf } from "./wire/message.ts";
export { crc32 } from "./crc32.ts";
export { accessToken, checkAccessToken, type TokenCheck } from "./file-id/access-token.ts";
export {
  checkExtension,
  checkSlavePrefix,
  extensionOfLocalName,
  extensionOfStoredName,
} from "./file-id/file-extension.ts";
export {
  checkGroupName,
  factsOfQuery,
  type FileId,
  type FileIdFacts,
  type FileKind,
  fileKind,
  parseFileId,
  printFileId,
  sliceOfPath,
  splitFileId,
} from "./file-id/file-id.ts";
export { localPath, metadataName, trunkFilePath } from "./file-id/local-path.ts";
export { type LogicalName, parseLogicalName, printLogicalName } from "./file-id/logical-name.ts";
export { composeName, hasRandomBits, mintName, mintTail, type NewName } from "./file-id/mint-name.ts";
export {
  isAppenderFacts,
  isTrunkFacts,
  type NameFacts,
  parseNameFacts,
  printNameFacts,
  sizeFlags,
  statedFileBytes,
} from "./file-id/name-facts.ts";
export { deriveSlaveName, slaveName } from "./file-id/slave-name.ts";
export { type FileSource, fileSource, sourceOfIp, sourceOfStorageId } from "./file-id/storage-id.ts";
export { parseTrunkSlice, printTrunkSlice, trunkFileName, type TrunkSlice } from "./file-id/trunk-name.ts";
export { type MetadataEncoding, type MetadataRecord, parseMetadata, printMetadata } from "./metadata-records.ts";
export { parseStorageIdLine, printStorageIdLine, type StorageIdEntry } from "./storage-id-line.ts";
export { renderProtocolManual } from "./manual.ts";
