export { type StorageModules, openStorage, StorageServer } from "./storage-server.ts";
