// The one static file that every subject serves, in a folder of its own that is removed afterwards.

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const FILE_NAME = "page.html";
export const FILE_BYTES = 1024;

const HEAD = "<!doctype html><title>finwait</title><p>";

export interface Site {
  /** The folder to serve; it holds nothing but the file. */
  readonly rootPath: string;
  /** A folder beside it for what a subject needs, such as a configuration file. */
  readonly scratchPath: string;
  remove(): Promise<void>;
}

export async function createSite(): Promise<Site> {
  const path = await mkdtemp(join(tmpdir(), "finwait-bench-"));
  const rootPath = join(path, "root");
  const scratchPath = join(path, "scratch");
  await mkdir(rootPath);
  await mkdir(scratchPath);
  await writeFile(join(rootPath, FILE_NAME), HEAD.padEnd(FILE_BYTES - 1, "x").concat("\n"));
  return { rootPath, scratchPath, remove: () => rm(path, { recursive: true, force: true }) };
}
