// Whether a port can be listened on, asked before anything is written or started.
import { type Network, systemErrorCode } from "@fastdfs-ts/runtime";

/** `undefined` if it is free, else the errno name (EADDRINUSE, EACCES, EADDRNOTAVAIL). */
export async function portTrouble(network: Network, host: string, port: number): Promise<string | undefined> {
  try {
    const listener = await network.listen({ host, port }, (connection) => connection.destroy());
    await listener.close();
    return undefined;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    return code;
  }
}
