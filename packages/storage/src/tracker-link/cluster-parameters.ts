// What a storage takes from the tracker's parameter answer (75), in the units in which it is used. The message itself, with
// the defaults of missing keys, is in the protocol (wire-protocol.md §5.16).
import { ClusterParameters, EXTENSION_KEY } from "@fastdfs-ts/protocol";
import {
  type Logger,
  parsePercentRatio,
  parseSpaceReserve,
  parseTimeOfDay,
  type SpaceReserve,
  type TimeOfDay,
} from "@fastdfs-ts/runtime";

export interface ClusterSettings {
  readonly parameters: ClusterParameters;
  /** 0 round robin, 2 most free space. */
  readonly storePathChoice: number;
  readonly spaceReserve: SpaceReserve;
  readonly trunkCreateFileTime: TimeOfDay;
  readonly trunkCompressBinlogTime: TimeOfDay;
}

/** The settings of a cluster whose tracker names no parameter at all. */
export function defaultClusterParameters(): ClusterParameters {
  return ClusterParameters.decode(Buffer.alloc(0));
}

/** Version of our extensions that the tracker offers, 0 if none. An offer that cannot be read is the first version. */
export function offeredExtensions({ extensions }: Pick<ClusterParameters, "extensions">): number {
  const offer = extensions.get(EXTENSION_KEY);
  if (offer === undefined) return 0;
  return /^[1-9]\d{0,8}$/.test(offer) ? Number(offer) : 1;
}

/** Settings from an answer. A value that cannot be read is replaced by its default, with a warning. */
export function clusterSettings(parameters: ClusterParameters, log: Logger): ClusterSettings {
  const readable = <T>(key: string, text: string, value: T | undefined, assumed: T): T => {
    if (value !== undefined) return value;
    log.warn("parameters.unreadable", { key, value: text, used: JSON.stringify(assumed) });
    return assumed;
  };
  const { spaceReserve, trunkCreateFileTimeBase, trunkCompressBinlogTimeBase } = parameters;
  return {
    parameters,
    storePathChoice: parameters.storePathChoice === 2 ? 2 : 0,
    spaceReserve: readable("reserved_storage_space", spaceReserve, parseReserve(spaceReserve), nothingReserved),
    trunkCreateFileTime: readable(
      "trunk_create_file_time_base",
      trunkCreateFileTimeBase,
      parseTimeOfDay(trunkCreateFileTimeBase),
      { hour: 2, minute: 0, second: 0 },
    ),
    trunkCompressBinlogTime: readable(
      "trunk_compress_binlog_time_base",
      trunkCompressBinlogTimeBase,
      parseTimeOfDay(trunkCompressBinlogTimeBase),
      { hour: 3, minute: 0, second: 0 },
    ),
  };
}

const nothingReserved: SpaceReserve = { kind: "bytes", bytes: 0 };

/** On the wire "0.00%" is possible, unlike in a configuration file. */
function parseReserve(text: string): SpaceReserve | undefined {
  if (/^0+(\.0*)?%$/.test(text)) return nothingReserved;
  const ratio = parsePercentRatio(text);
  return ratio === undefined ? parseSpaceReserve(text) : { kind: "ratio", ratio };
}
