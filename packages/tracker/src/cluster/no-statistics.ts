// The counters of a storage that has not reported yet, or was deleted.
import { StatisticsBlock } from "@fastdfs-ts/protocol";

export const noStatistics: StatisticsBlock = Object.freeze(
  StatisticsBlock.decode(Buffer.alloc(StatisticsBlock.fixedSize)),
);
