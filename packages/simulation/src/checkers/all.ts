import { acknowledgedFiles } from "./acknowledged-files.ts";
import type { Checker } from "./checker.ts";
import { deletedFiles } from "./deleted-files.ts";
import { marks } from "./marks.ts";
import { oneContent } from "./one-content.ts";
import { sameFiles } from "./same-files.ts";
import { trackerAgreement } from "./tracker-agreement.ts";

/** The cheap ones first: until the trackers agree, files need not be compared. */
const all: readonly Checker[] = [trackerAgreement, sameFiles, acknowledgedFiles, deletedFiles, oneContent, marks];

export const checkersAlways = all.filter(({ when }) => when === "always");
export const checkersSettled = all.filter(({ when }) => when === "settled");
