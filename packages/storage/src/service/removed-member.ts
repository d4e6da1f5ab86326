// A storage that was removed from its group answers nobody: neither clients, who would read what others have deleted and
// write what nobody replicates, nor peers that have not heard of it.
import { connectionCommands } from "@fastdfs-ts/protocol";
import type { PlainRoute, Route, UploadRoute } from "@fastdfs-ts/rpc";

/** Answered all the same: it says that the process lives, and nothing about files. */
const OPEN_TO_ALL: ReadonlySet<number> = new Set([connectionCommands.activeTest.code, connectionCommands.quit.code]);

/** The routes of a member; they refuse with what `requireMember` throws. */
export function routesOfMember(routes: readonly Route[], requireMember: () => void): Route[] {
  return routes.map((route): Route => {
    if (route.kind === "quit" || OPEN_TO_ALL.has(route.code)) return route;
    if (route.kind === "plain") {
      const handle: PlainRoute["handle"] = (request, session, flags) => {
        requireMember();
        return route.handle(request, session, flags);
      };
      return { ...route, handle };
    }
    const handle: UploadRoute["handle"] = (request, content, session, flags) => {
      requireMember();
      return route.handle(request, content, session, flags);
    };
    return { ...route, handle };
  });
}
