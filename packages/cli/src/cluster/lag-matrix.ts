// The lag of every member behind every other one, as a matrix: rows give, columns receive.
import type { ReplicationLink } from "@fastdfs-ts/protocol";

import { type Column, printTable } from "../terminal/table.ts";
import { coloured, type Terminal } from "../terminal/terminal.ts";
import { printBytes, printDuration } from "../terminal/units.ts";

interface Row {
  readonly sourceId: string;
  readonly byPeer: ReadonlyMap<string, ReplicationLink>;
}

export function printLagMatrix(terminal: Terminal, links: readonly ReplicationLink[]): string {
  const sources = [...new Set(links.map(({ sourceId }) => sourceId))];
  const peers = [...new Set(links.map(({ peerId }) => peerId))].sort();
  const rows = sources.map((sourceId): Row => {
    const own = links.filter((link) => link.sourceId === sourceId);
    return { sourceId, byPeer: new Map(own.map((link) => [link.peerId, link])) };
  });
  const columns: Column<Row>[] = [
    { title: "from \\ to", cell: ({ sourceId }) => sourceId },
    ...peers.map((peerId): Column<Row> => ({
      title: peerId,
      align: "right",
      cell: ({ sourceId, byPeer }) => (sourceId === peerId ? "-" : printLag(byPeer.get(peerId))),
      style: (text, { byPeer }) => coloured(terminal, toneOf(byPeer.get(peerId)), text),
    })),
  ];
  return printTable(terminal, columns, rows);
}

/** "?": nobody has told. A "!" counts records that the peer refuses. */
export function printLag(link: ReplicationLink | undefined): string {
  if (link?.lagSeconds === undefined) return "?";
  const bytes = link.lagBytes === undefined || link.lagBytes === 0 ? "" : ` ${printBytes(link.lagBytes)}`;
  const parked = link.parkedRecords === 0 ? "" : ` !${link.parkedRecords}`;
  return `${link.lagSeconds === 0 ? "0s" : printDuration(link.lagSeconds * 1000)}${bytes}${parked}`;
}

function toneOf(link: ReplicationLink | undefined): "good" | "warning" | "bad" {
  if (link === undefined) return "warning";
  if (link.parkedRecords > 0) return "bad";
  return link.lagSeconds === 0 ? "good" : "warning";
}
