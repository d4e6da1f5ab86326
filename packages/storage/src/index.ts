export { parseBinlogRecord } from "./binlog/binlog-record.ts";
export { prepareEmptyMember } from "./store/prepare-empty-member.ts";
export { rejoinAsNew } from "./rejoin-as-new.ts";
export { type StorageModules, openStorage, StorageServer } from "./storage-server.ts";
export { hasBinlogRecords } from "./formats/binlog-index-file.ts";
export { newDataInitFlag, parseDataInitFlag } from "./formats/data-init-flag.ts";
export { dataInitFlagPath } from "./formats/data-init-file.ts";
export { judgeStorePath } from "./store/path-mark.ts";
