// Encoded answers to the two most frequent queries. They depend on the chosen storage, its address and the path only, so
// each is encoded once and sent many times, until the storage's address changes.
import {
  ANSWER_COMMAND,
  FileLocation,
  FileLocationIpv6,
  frame,
  StoreTarget,
  StoreTargetIpv6,
} from "@fastdfs-ts/protocol";
import type { WholeFrame } from "@fastdfs-ts/rpc";

import type { StorageNode } from "../cluster/storage-node.ts";
import { suitedAddressIndex } from "../cluster/suited-address.ts";

/** Answers that name one storage at one of its addresses. */
interface AddressFrames {
  readonly location: WholeFrame;
  /** By store path. */
  readonly targets: (WholeFrame | undefined)[];
}

interface NodeFrames {
  readonly addressVersion: number;
  readonly byAddress: (AddressFrames | undefined)[];
}

export class QueryFrames {
  private readonly isWide: boolean;
  private readonly byNode = new WeakMap<StorageNode, NodeFrames>();

  constructor(responseAddressBytes: 16 | 46) {
    this.isWide = responseAddressBytes === 46;
  }

  /** Answer to 102 and 103. */
  location(node: StorageNode, peer: string): WholeFrame {
    return this.framesFor(node, peer).location;
  }

  /** Answer to 101 and 104. */
  target(node: StorageNode, storePathIndex: number, peer: string): WholeFrame {
    const { targets } = this.framesFor(node, peer);
    return (targets[storePathIndex] ??= this.encodeTarget(node, storePathIndex, peer));
  }

  private framesFor(node: StorageNode, peer: string): AddressFrames {
    let frames = this.byNode.get(node);
    if (frames?.addressVersion !== node.addressVersion) {
      frames = { addressVersion: node.addressVersion, byAddress: [] };
      this.byNode.set(node, frames);
    }
    const index = suitedAddressIndex(node.addresses, peer);
    return (frames.byAddress[index] ??= { location: this.encodeLocation(node, index), targets: [] });
  }

  private encodeLocation(node: StorageNode, addressIndex: number): WholeFrame {
    const message = this.isWide ? FileLocationIpv6 : FileLocation;
    const body = message.encode({
      groupName: node.group.name,
      storageIp: node.addresses[addressIndex]!,
      storagePort: node.port,
    });
    return { frame: frame(ANSWER_COMMAND, body) };
  }

  private encodeTarget(node: StorageNode, storePathIndex: number, peer: string): WholeFrame {
    const message = this.isWide ? StoreTargetIpv6 : StoreTarget;
    const body = message.encode({
      groupName: node.group.name,
      storageIp: node.addresses[suitedAddressIndex(node.addresses, peer)]!,
      storagePort: node.port,
      storePathIndex,
    });
    return { frame: frame(ANSWER_COMMAND, body) };
  }
}
