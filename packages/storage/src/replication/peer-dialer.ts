// Connections to one peer. Each introduces this storage: to one of ours with a hello that tells what both understand, to a C
// server with 9. A C server answers the hello with 22 and closes, so it is asked once, until its status changes.
import { EXTENSION_VERSION, FdfsError, storageCommands, TOGETHER_VERSION } from "@fastdfs-ts/protocol";
import { RpcConnection } from "@fastdfs-ts/rpc";
import type { Deadlines, Network } from "@fastdfs-ts/runtime";

import type { Peer } from "../tracker-link/membership-view.ts";

export interface PeerDialerOptions {
  readonly network: Network;
  readonly deadlines: Deadlines;
  readonly connectTimeoutMs: number;
  readonly networkTimeoutMs: number;
  readonly localAddress: string | undefined;
  /** Who we are. */
  readonly storageId: string;
}

export interface PeerConnection {
  readonly connection: RpcConnection;
  readonly peerIsOurs: boolean;
  /** It takes several new files as one request. */
  readonly takesTogether: boolean;
  /** When the peer last found that it had lost its power, Unix milliseconds, 0 if never; undefined of a C server. */
  readonly powerLossMs: number | undefined;
}

/** A server that closes on the hello without an answer, this often, is taken for a C server. */
const LOST_HELLOS_MAX = 2;

export class PeerDialer {
  private readonly options: PeerDialerOptions;
  private kind: "unknown" | "ours" | "c" = "unknown";
  private lostHellos = 0;

  constructor(options: PeerDialerOptions) {
    this.options = options;
  }

  /** Another server may run there now. */
  forgetKind(): void {
    this.kind = "unknown";
    this.lostHellos = 0;
  }

  /** Dials and introduces us. Throws FdfsError UNREACHABLE, TIMED_OUT, CONNECTION_LOST, BAD_REQUEST, ABORTED. */
  async connect(peer: Peer, signal: AbortSignal): Promise<PeerConnection> {
    const { networkTimeoutMs: timeoutMs, storageId } = this.options;
    if (this.kind !== "c") {
      const connection = await this.dial(peer, signal);
      try {
        const hello = { storageId, extensionVersion: EXTENSION_VERSION };
        const answer = await connection.call(storageCommands.peerHello, hello, { timeoutMs, signal });
        this.kind = "ours";
        const takesTogether = answer.extensionVersion >= TOGETHER_VERSION;
        return { connection, peerIsOurs: true, takesTogether, powerLossMs: answer.powerLossMs };
      } catch (thrown) {
        connection.destroy();
        if (!this.isNoHello(FdfsError.fromUnknown(thrown))) throw thrown;
        this.kind = "c";
      }
    }
    const connection = await this.dial(peer, signal);
    try {
      await connection.call(storageCommands.reportServerId, { storageId }, { timeoutMs, signal });
      return { connection, peerIsOurs: false, takesTogether: false, powerLossMs: undefined };
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  private isNoHello({ kind }: FdfsError): boolean {
    if (kind === "CONNECTION_LOST") return ++this.lostHellos >= LOST_HELLOS_MAX;
    return kind === "BAD_REQUEST" || kind === "NOT_SUPPORTED";
  }

  private dial({ address: host, port }: Peer, signal: AbortSignal): Promise<RpcConnection> {
    const { network, deadlines, connectTimeoutMs, localAddress } = this.options;
    return RpcConnection.dial(network, { host, port }, { connectTimeoutMs, deadlines, signal, localAddress });
  }
}
