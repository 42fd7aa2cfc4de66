import { existsSync } from "node:fs";
import { isAbsolute, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

// Where a report sends those who ask what to do: a heading of docs/closing.md, which comes with the
// package.

const PAGE = "docs/closing.md";
const FILE = fileURLToPath(new URL(`../../${PAGE}`, import.meta.url));

/** The heading, for texts that are read anywhere: `docs/closing.md#the-modes-measured`. */
export function helpName(help: string): string {
  return `${PAGE}${help}`;
}

/** As somebody in `folder` opens it: `node_modules/finwait/docs/closing.md#the-modes-measured`. */
export function helpPath(help: string, folder: string): string {
  const path = relative(folder, FILE);
  const isBelow = !isAbsolute(path) && !path.startsWith("..");
  return `${isBelow ? path.split(sep).join("/") : FILE}${help}`;
}

/** A link from a page in `folder`; `null`: the file is not there. */
export function helpLink(help: string, folder: string): string | null {
  if (!existsSync(FILE)) return null;
  const path = relative(folder, FILE);
  // On another drive.
  if (isAbsolute(path)) return null;
  return `${path.split(sep).map(encodeURIComponent).join("/")}${help}`;
}
