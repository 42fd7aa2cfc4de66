import { realpathSync, statSync } from "node:fs";
import type { SymlinkPolicy } from "./static-tree.ts";

// What can be configured about static files, and the one place that checks it.

/** Options of `staticFiles`. Every one may be left out. */
export interface StaticFilesOptions {
  /**
   * The entity tags to send.
   *
   * - `"strong"`: a hash of the content for files up to {@link cacheFileLimitBytes}; for larger
   *   ones size, modification and change time, marked weak until the file has been unchanged for
   *   two seconds. The tags of larger files differ between servers that hold copies of one file.
   * - `"weak"`: size and modification time. If-Range never matches a weak tag, so an interrupted
   *   download starts again.
   * - `false`: none; Last-Modified remains.
   *
   * @default "strong"
   */
  readonly etag?: "strong" | "weak" | false;
  /**
   * Serve `name.br` or `name.gz` in place of `name` to clients that accept the coding. A sibling
   * that is older than the original is ignored, so copy files with their times (`cp -p`, `rsync
   * -t`).
   *
   * @default true
   */
  readonly precompressed?: boolean;
  /**
   * List directories that have no index.html; otherwise they are answered with 404.
   *
   * @default false
   */
  readonly listing?: boolean;
  /**
   * Answer with /index.html and 200 when no file matches, the last segment of the path has no dot,
   * and Accept does not rule HTML out. Other paths stay 404: a missing script is not a page.
   *
   * @default false
   */
  readonly spa?: boolean;
  /**
   * Serve names that begin with a dot. `/.well-known` (RFC 8615) is served in any case.
   *
   * @default false
   */
  readonly dotfiles?: boolean;
  /**
   * The Cache-Control of files (not of errors and listings), for example `"max-age=3600"`. `""`
   * sends none.
   *
   * @default ""
   */
  readonly cacheControl?: string;
  /**
   * The path of the file that is sent with a 404, from the root; `false` for the built-in page,
   * which is also used when the file does not exist.
   *
   * @default "/404.html"
   */
  readonly notFoundPage?: string | false;
  /**
   * - `"inside"`: symlinks may lead anywhere below the root.
   * - `"follow"`: symlinks may lead anywhere.
   * - `"refuse"`: a path with a symlink in it is answered with 404.
   *
   * @default "inside"
   */
  readonly symlinks?: SymlinkPolicy;
  /**
   * Files up to this size are sent from memory, in bytes. `0` streams every file.
   *
   * Precedents: IIS `maxResponseSize` 262 144; Apache httpd `CacheMaxFileSize` 1 000 000.
   *
   * @default 65_536
   */
  readonly cacheFileLimitBytes?: number;
  /**
   * Memory for files, in bytes; the least recently used go first. A file counts twice, once as
   * content and once as a laid-out response. `0` keeps nothing.
   *
   * Precedents: Squid `cache_mem` 256 MiB; Varnish `malloc` 100 MiB.
   *
   * @default 33_554_432
   */
  readonly cacheLimitBytes?: number;
  /**
   * How long a file in memory is served without looking at the disk, in milliseconds. `0` looks at
   * every request; requests that arrive during a look share it.
   *
   * Precedents: nginx `open_file_cache_valid` 60 000; lighttpd's stat cache 1 000.
   *
   * @default 20
   */
  readonly cacheTrustMs?: number;
}

/** Complete and checked options. */
export type StaticFilesPolicy = Readonly<Required<StaticFilesOptions>>;

export const DEFAULT_STATIC_FILES_POLICY: StaticFilesPolicy = Object.freeze({
  etag: "strong",
  precompressed: true,
  listing: false,
  spa: false,
  dotfiles: false,
  cacheControl: "",
  notFoundPage: "/404.html",
  symlinks: "inside",
  cacheFileLimitBytes: 65_536,
  cacheLimitBytes: 33_554_432,
  cacheTrustMs: 20,
});

/** A buffer of this size is allocated at once, for several requests at a time. */
const CACHE_FILE_LIMIT_CEILING_BYTES = 64 * 1024 * 1024;

/**
 * Completes and checks `options`.
 *
 * @throws {TypeError} An option is unknown or of the wrong type.
 * @throws {RangeError} An option has a value that is not allowed.
 */
export function parseStaticFilesOptions(options: StaticFilesOptions = {}): StaticFilesPolicy {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(DEFAULT_STATIC_FILES_POLICY, name)) continue;
    const known = Object.keys(DEFAULT_STATIC_FILES_POLICY).join(", ");
    throw new TypeError(`Cannot use option "${name}": expected one of ${known}`);
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const policy: StaticFilesPolicy = {
    ...DEFAULT_STATIC_FILES_POLICY,
    ...Object.fromEntries(given),
  };
  checkChoice("etag", policy.etag, ["strong", "weak", false]);
  checkChoice("symlinks", policy.symlinks, ["inside", "follow", "refuse"]);
  for (const name of ["precompressed", "listing", "spa", "dotfiles"] as const) {
    if (typeof policy[name] === "boolean") continue;
    throw new TypeError(`Cannot use ${name}: expected a boolean, got ${quote(policy[name])}`);
  }
  checkCacheControl(policy.cacheControl);
  checkNotFoundPage(policy.notFoundPage);
  checkSize("cacheFileLimitBytes", policy.cacheFileLimitBytes, CACHE_FILE_LIMIT_CEILING_BYTES);
  checkSize("cacheLimitBytes", policy.cacheLimitBytes, Number.MAX_SAFE_INTEGER);
  if (!Number.isFinite(policy.cacheTrustMs) || policy.cacheTrustMs < 0) {
    const got = quote(policy.cacheTrustMs);
    throw new RangeError(`Cannot use cacheTrustMs: expected a finite number >= 0, got ${got}`);
  }
  return Object.freeze(policy);
}

/**
 * The real path of `root`.
 *
 * @throws {TypeError} `root` is no string, or empty.
 * @throws {Error} `root` does not exist, cannot be read, or is no directory.
 */
export function parseRoot(root: string): string {
  if (typeof root !== "string" || root === "") {
    throw new TypeError(`Cannot serve files: expected the path of a directory, got ${quote(root)}`);
  }
  let isDirectory: boolean;
  try {
    isDirectory = statSync(root).isDirectory();
  } catch (cause) {
    throw new Error(`Cannot serve files from "${root}": expected a directory that exists`, {
      cause,
    });
  }
  if (!isDirectory) {
    throw new Error(`Cannot serve files from "${root}": expected a directory, got something else`);
  }
  return realpathSync.native(root);
}

function checkChoice(name: string, value: unknown, allowed: readonly unknown[]): void {
  if (allowed.includes(value)) return;
  const wanted = allowed.map(quote).join(", ");
  throw new RangeError(`Cannot use ${name}: expected one of ${wanted}, got ${quote(value)}`);
}

function checkSize(name: string, value: number, limit: number): void {
  if (Number.isSafeInteger(value) && value >= 0 && value <= limit) return;
  throw new RangeError(
    `Cannot use ${name}: expected an integer from 0 to ${limit}, got ${quote(value)}`,
  );
}

function checkCacheControl(value: unknown): void {
  if (typeof value !== "string") {
    throw new TypeError(`Cannot use cacheControl: expected a string, got ${quote(value)}`);
  }
  // RFC 9110 §5.5, without obs-text, which no directive needs.
  if (!/^(?:[\x21-\x7e](?:[ \t\x21-\x7e]*[\x21-\x7e])?)?$/.test(value)) {
    throw new RangeError(
      `Cannot use cacheControl: expected visible US-ASCII characters, got ${quote(value)}`,
    );
  }
}

function checkNotFoundPage(value: unknown): void {
  if (value === false) return;
  if (typeof value !== "string") {
    throw new TypeError(`Cannot use notFoundPage: expected a string or false, got ${quote(value)}`);
  }
  const segments = value.split("/").slice(1);
  const isPath = value.startsWith("/") && !/[\\\0]/.test(value);
  if (!isPath || segments.some((segment) => /^\.{0,2}$/.test(segment))) {
    throw new RangeError(
      `Cannot use notFoundPage: expected a path like "/404.html", got ${quote(value)}`,
    );
  }
}

function quote(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
