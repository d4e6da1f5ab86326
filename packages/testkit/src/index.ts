export { arbitraryMessage } from "./arbitrary-message.ts";
export { type ClockUnderTest, clockCompliance } from "./compliance/clock.ts";
export {
  backgroundDiskCompliance,
  type BackgroundDiskUnderTest,
  type HangingPlace,
} from "./compliance/background-disk.ts";
export { ConnectionLog } from "./compliance/connection-log.ts";
export { type DiskUnderTest, diskCompliance } from "./compliance/disk.ts";
export { networkCompliance, type NetworkUnderTest } from "./compliance/network.ts";
export { type PassingTime, realTime, settled } from "./compliance/passing-time.ts";
export { randomCompliance } from "./compliance/random.ts";
