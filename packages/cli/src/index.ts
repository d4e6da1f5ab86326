// The door of the command line tool: what documentation reads.
export { renderCommandsPage } from "./commands-page.ts";
