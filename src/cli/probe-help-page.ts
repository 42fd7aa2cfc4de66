import { existsSync } from "node:fs";
import { isAbsolute, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

// Where a report sends those who ask what to do: a heading of docs/closing.md, and docs/attach.md,
// which come with the package.

const CLOSING_PAGE = "docs/closing.md";
export const ATTACH_PAGE = "docs/attach.md";

/** The heading, for texts that are read anywhere: `docs/closing.md#the-modes-measured`. */
export function helpName(help: string): string {
  return `${CLOSING_PAGE}${help}`;
}

/** As somebody in `folder` opens it: `node_modules/finwait/docs/closing.md#the-modes-measured`. */
export function helpPath(help: string, folder: string): string {
  return `${pagePath(CLOSING_PAGE, folder)}${help}`;
}

/** The page, as somebody in `folder` opens it. */
export function pagePath(page: string, folder: string): string {
  const file = fileOf(page);
  const path = relative(folder, file);
  const isBelow = !isAbsolute(path) && !path.startsWith("..");
  return isBelow ? path.split(sep).join("/") : file;
}

/** A link from a page in `folder`; `null`: the file is not there. */
export function helpLink(help: string, folder: string): string | null {
  const path = pageLink(CLOSING_PAGE, folder);
  return path === null ? null : `${path}${help}`;
}

/** A link to `page` from a page in `folder`; `null`: the file is not there. */
export function pageLink(page: string, folder: string): string | null {
  const file = fileOf(page);
  if (!existsSync(file)) return null;
  const path = relative(folder, file);
  // On another drive.
  if (isAbsolute(path)) return null;
  return path.split(sep).map(encodeURIComponent).join("/");
}

function fileOf(page: string): string {
  return fileURLToPath(new URL(`../../${page}`, import.meta.url));
}
