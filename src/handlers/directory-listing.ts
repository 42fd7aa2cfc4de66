import { lstat, opendir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { escapeHtml, htmlPage, type Page } from "./static-pages.ts";
import { encodeSegment } from "./static-target.ts";
import type { FileTree } from "./static-tree.ts";

// A directory as an HTML page: names, sizes and dates; no script. Shows only what can be requested.

export interface ListedEntry {
  readonly name: string;
  readonly type: "file" | "directory";
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

export interface Listing {
  readonly entries: readonly ListedEntry[];
  /** True if the directory has more entries than are listed. */
  readonly isCut: boolean;
}

/** A page of more lines helps nobody, and one request must not read a directory of millions. */
export const LISTING_ENTRY_LIMIT = 2_000;

/**
 * Enough to keep Node's four file system threads busy, without filling the queue of other requests.
 */
const READ_BATCH = 8;

const STYLE = [
  "table{border-collapse:collapse;width:100%}",
  "th,td{padding:.35rem .5rem;text-align:left;border-bottom:1px solid #8884}",
  "td:first-child{overflow-wrap:anywhere}",
  "th:nth-child(n+2),td:nth-child(n+2){text-align:right;white-space:nowrap}",
  "td:nth-child(n+2){font-variant-numeric:tabular-nums;opacity:.75}",
  // A phone has no room for three columns on one line: the time goes below the date.
  "@media(max-width:30rem){td:nth-child(3){white-space:normal}}",
].join("");

const UNITS = ["KiB", "MiB", "GiB", "TiB"] as const;

const BY_NAME = new Intl.Collator("en", { numeric: true });

/** What a listing may show. */
export interface ListingOptions {
  readonly dotfiles: "serve" | "hide";
  /** @default LISTING_ENTRY_LIMIT */
  readonly entryLimit?: number;
}

/**
 * Reads the directory at `realPath`: files and subdirectories that the tree would serve.
 *
 * Symlinks are followed by the same rules as in requests; names that no target can spell
 * (backslash, invalid UTF-8) are left out.
 */
export async function readListing(
  tree: FileTree,
  realPath: string,
  { dotfiles, entryLimit = LISTING_ENTRY_LIMIT }: ListingOptions,
): Promise<Listing> {
  const names: string[] = [];
  let isCut = false;
  // Leaving the loop closes the directory.
  for await (const { name } of await opendir(realPath)) {
    if (/[\\\ufffd]/.test(name) || (dotfiles === "hide" && name.startsWith("."))) continue;
    isCut = names.length === entryLimit;
    if (isCut) break;
    names.push(name);
  }
  const entries: ListedEntry[] = [];
  for (let start = 0; start < names.length; start += READ_BATCH) {
    const batch = names.slice(start, start + READ_BATCH);
    const read = await Promise.all(batch.map((name) => readEntry(tree, realPath, name)));
    entries.push(...read.filter((entry) => entry !== null));
  }
  return { entries: entries.sort(compareEntries), isCut };
}

/** Renders `listing` of the directory with the decoded path `segments`. */
export function renderListing(segments: readonly string[], listing: Listing): Page {
  const title = segments.length === 0 ? "/" : `/${segments.join("/")}/`;
  const rows = listing.entries.map(renderRow);
  if (segments.length > 0) {
    rows.unshift('<tr><td><a href="../">..</a></td><td></td><td></td></tr>');
  }
  const note = listing.isCut ? `<p>Only ${listing.entries.length} entries are shown.</p>` : "";
  const head = "<tr><th>Name</th><th>Size</th><th>Modified (UTC)</th></tr>";
  const table = `<table>\n<thead>${head}</thead>\n<tbody>\n${rows.join("\n")}\n</tbody>\n</table>`;
  return htmlPage(`Index of ${title}`, table + note, STYLE);
}

/** A size that people read: three digits and a binary unit. */
export function formatSize(sizeBytes: number): string {
  if (sizeBytes < 1024) return `${sizeBytes} B`;
  let size = sizeBytes;
  let unit = "";
  for (const next of UNITS) {
    if (size < 1024) break;
    size /= 1024;
    unit = next;
  }
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${unit}`;
}

async function readEntry(
  tree: FileTree,
  directory: string,
  name: string,
): Promise<ListedEntry | null> {
  try {
    const path = join(directory, name);
    const target = await realpath(path);
    if (!tree.mayServe(path, target)) return null;
    const stats = await lstat(target);
    const type = stats.isDirectory() ? "directory" : stats.isFile() ? "file" : null;
    if (type === null) return null;
    return { name, type, sizeBytes: stats.size, modifiedMs: stats.mtimeMs };
  } catch {
    // A dangling symlink, or a file removed since the directory was read: there is nothing to list.
    return null;
  }
}

function renderRow({ modifiedMs, name, sizeBytes, type }: ListedEntry): string {
  const slash = type === "directory" ? "/" : "";
  // The leading "./" keeps a name such as "a:b" from being read as a scheme.
  const link = escapeHtml(`./${encodeSegment(name)}${slash}`);
  const date = new Date(modifiedMs).toISOString();
  const shownDate = date.slice(0, 16).replace("T", " ");
  const size = type === "directory" ? "" : formatSize(sizeBytes);
  return (
    `<tr><td><a href="${link}">${escapeHtml(name)}${slash}</a></td><td>${size}</td>` +
    `<td><time datetime="${date}">${shownDate}</time></td></tr>`
  );
}

function compareEntries(left: ListedEntry, right: ListedEntry): number {
  if (left.type !== right.type) return left.type === "directory" ? -1 : 1;
  return BY_NAME.compare(left.name, right.name) || (left.name < right.name ? -1 : 1);
}
