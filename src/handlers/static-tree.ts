import { constants } from "node:fs";
import { type FileHandle, lstat, open, readlink, realpath, stat } from "node:fs/promises";
import { sep } from "node:path";

// Opens regular files below one directory, and nothing else. Knows paths and symlinks, not HTTP.
//
// Every check is repeated on the open handle, because a path can change its meaning between two
// calls.

/** What symlinks below the root may do. */
export type SymlinkPolicy = "inside" | "follow" | "refuse";

/** Tells two states of a file apart. Times are nanoseconds since 1970. */
export interface FileSignature {
  readonly device: bigint;
  readonly inode: bigint;
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
  /** The inode's change time, which no program can set back. */
  readonly changedNs: bigint;
}

/** Whoever holds it closes `handle`. */
export interface OpenFile {
  readonly handle: FileHandle;
  readonly realPath: string;
  readonly signature: FileSignature;
}

/** The status to answer with when the file system says no. */
export type RefusalStatus = 403 | 503;

export type OpenOutcome =
  | { readonly type: "file"; readonly file: OpenFile }
  | { readonly type: "directory"; readonly realPath: string }
  | { readonly type: "missing" }
  | { readonly type: "refused"; readonly status: RefusalStatus };

const MISSING: OpenOutcome = { type: "missing" };

// O_NONBLOCK: opening a FIFO that took the place of a file returns at once. Both are absent on
// Windows.
const { O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDONLY } = constants;
const OPEN_FLAGS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

/** What Linux appends to the name of an open file that has been removed or replaced. */
const DELETED_SUFFIX = " (deleted)";

/** Names that lead nowhere: absent, through a file, too long, looping, or no file to read. */
const MISSING_CODES: ReadonlySet<string> = new Set([
  "EINVAL",
  "EISDIR",
  "ELOOP",
  "ENAMETOOLONG",
  "ENODEV",
  "ENOENT",
  "ENOTDIR",
  "ENXIO",
]);

const FORBIDDEN_CODES: ReadonlySet<string> = new Set(["EACCES", "EPERM"]);

/** Out of descriptors or memory: the same request may work a moment later. */
const OVERLOAD_CODES: ReadonlySet<string> = new Set(["EAGAIN", "EMFILE", "ENFILE", "ENOMEM"]);

/**
 * What an error of the file system means for the request.
 *
 * @throws The error itself, if it says that something is wrong with the server.
 */
export function outcomeOfError(error: unknown): OpenOutcome {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (MISSING_CODES.has(code)) return MISSING;
  if (FORBIDDEN_CODES.has(code)) return { type: "refused", status: 403 };
  if (OVERLOAD_CODES.has(code)) return { type: "refused", status: 503 };
  throw error;
}

/** The state of the file at `path`, or `null` if it cannot be told. */
export async function signatureAt(path: string): Promise<FileSignature | null> {
  try {
    return signatureOf(await stat(path, { bigint: true }));
  } catch {
    // Whatever the reason is, the caller opens the file again and meets it there.
    return null;
  }
}

export function isSameSignature(left: FileSignature | null, right: FileSignature | null): boolean {
  if (left === null || right === null) return left === right;
  return (
    left.changedNs === right.changedNs &&
    left.modifiedNs === right.modifiedNs &&
    left.sizeBytes === right.sizeBytes &&
    left.inode === right.inode &&
    left.device === right.device
  );
}

/** The files below one directory. */
export class FileTree {
  /** The root without symlinks, resolved once: replacing the root directory needs a new tree. */
  readonly root: string;
  readonly #symlinks: SymlinkPolicy;
  readonly #prefix: string;

  constructor(root: string, symlinks: SymlinkPolicy) {
    this.root = root;
    this.#symlinks = symlinks;
    this.#prefix = root.endsWith(sep) ? root : root + sep;
  }

  /** The path of `segments`, each of which is a plain file name. */
  pathOf(segments: readonly string[]): string {
    return segments.length === 0 ? this.root : this.#prefix + segments.join(sep);
  }

  /** Opens `path`, which `pathOf` has made. */
  async open(path: string): Promise<OpenOutcome> {
    try {
      const realPath = await realpath(path);
      if (!this.mayServe(path, realPath)) return MISSING;
      // Before opening: the mere opening of a device can have effects.
      const stats = await lstat(realPath);
      if (stats.isDirectory()) return { type: "directory", realPath };
      return stats.isFile() ? await this.openReal(path, realPath) : MISSING;
    } catch (error) {
      return outcomeOfError(error);
    }
  }

  /** Opens a file whose real path is known from before. */
  async openReal(path: string, realPath: string): Promise<OpenOutcome> {
    let handle: FileHandle;
    try {
      handle = await open(realPath, OPEN_FLAGS);
    } catch (error) {
      return outcomeOfError(error);
    }
    let isKept = false;
    try {
      const stats = await handle.stat({ bigint: true });
      if (!stats.isFile() || !(await this.#isReallyAt(handle, path, realPath))) return MISSING;
      isKept = true;
      return { type: "file", file: { handle, realPath, signature: signatureOf(stats) } };
    } finally {
      if (!isKept) await handle.close();
    }
  }

  /** True if `realPath`, found for `path` before, has not become a symlink in the meantime. */
  async isStillReal(realPath: string): Promise<boolean> {
    return this.#symlinks === "follow" || (await realpath(realPath)) === realPath;
  }

  mayServe(path: string, realPath: string): boolean {
    switch (this.#symlinks) {
      case "follow":
        return true;
      case "refuse":
        return realPath === path;
      case "inside":
        return realPath === this.root || realPath.startsWith(this.#prefix);
    }
  }

  /**
   * Asks what has been opened. A directory of the path may have become a symlink since `realpath`.
   */
  async #isReallyAt(handle: FileHandle, path: string, realPath: string): Promise<boolean> {
    if (this.#symlinks === "follow") return true;
    const opened = await pathOfHandle(handle);
    // Elsewhere than on Linux a rest remains: the path could change twice, and back.
    if (opened === null) return this.isStillReal(realPath);
    if (this.mayServe(path, opened)) return true;
    // A file that was replaced after it was opened is still the file that was asked for.
    return (
      opened.endsWith(DELETED_SUFFIX) &&
      this.mayServe(path, opened.slice(0, -DELETED_SUFFIX.length))
    );
  }
}

/** The path by which the kernel knows an open file, or `null` where there is no way to ask. */
async function pathOfHandle(handle: FileHandle): Promise<string | null> {
  if (process.platform !== "linux") return null;
  try {
    return await readlink(`/proc/self/fd/${handle.fd}`);
  } catch {
    // No /proc in this container.
    return null;
  }
}

function signatureOf(stats: {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}): FileSignature {
  return {
    device: stats.dev,
    inode: stats.ino,
    sizeBytes: Number(stats.size),
    modifiedNs: stats.mtimeNs,
    changedNs: stats.ctimeNs,
  };
}
