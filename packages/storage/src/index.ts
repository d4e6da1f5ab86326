export { prepareEmptyMember } from "./store/prepare-empty-member.ts";
export { type StorageModules, openStorage, StorageServer } from "./storage-server.ts";
