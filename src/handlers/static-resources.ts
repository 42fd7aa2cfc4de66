import type { FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import { allocateBytes } from "../base/latin1.ts";
import type { ContentCoding } from "./content-coding.ts";
import { FileCache } from "./file-cache.ts";
import { mediaTypeOf } from "./media-type.ts";
import type { StaticFilesPolicy } from "./static-options.ts";
import {
  type FileSignature,
  type FileTree,
  isSameSignature,
  type OpenFile,
  type RefusalStatus,
  signatureAt,
} from "./static-tree.ts";
import {
  describeVariant,
  isSettled,
  type PrepareResponse,
  type Variant,
  type VariantSource,
} from "./static-variant.ts";

// From path segments to the representations that can be sent, through the cache. Knows no requests.
//
// A cached resource is trusted for a moment, then compared with the disk by stat, then read again.

/** A file, and its precompressed siblings that may stand in for it. */
export interface Resource {
  /** The plain file is the first one. */
  readonly variants: readonly [Variant, ...Variant[]];
  /** What to stat to find out whether the resource is unchanged; `null` means absent. */
  readonly watched: readonly { readonly path: string; readonly signature: FileSignature | null }[];
  /** False while a stat cannot prove that nothing changed. */
  readonly isSettled: boolean;
  readonly memoryBytes: number;
}

/** What path segments lead to. */
export type Lookup =
  | { readonly type: "resource"; readonly resource: Resource }
  /** A directory that was asked for without its slash. */
  | { readonly type: "slash-missing" }
  /** A directory without index.html. */
  | { readonly type: "directory"; readonly realPath: string }
  | { readonly type: "missing" }
  | { readonly type: "refused"; readonly status: RefusalStatus };

/** What to look up, under one key of the cache. */
export interface Place {
  readonly key: string;
  readonly segments: readonly string[];
  readonly endsWithSlash: boolean;
  /** Names for Vary besides those that the siblings need. */
  readonly vary: readonly string[];
}

/** Time as the cache needs it: `now` is monotonic, `wallNow` counts from 1970. */
export interface StaticClock {
  now(): number;
  wallNow(): number;
}

/** What a resource costs besides its content: fields, signatures, map and list entries. */
const RESOURCE_OVERHEAD_BYTES = 2_048;

const SIBLINGS: readonly (readonly [coding: ContentCoding, extension: string])[] = [
  ["br", ".br"],
  ["gzip", ".gz"],
];

export class ResourceStore {
  readonly #tree: FileTree;
  readonly #policy: StaticFilesPolicy;
  readonly #clock: StaticClock;
  readonly #prepareResponse: PrepareResponse;
  readonly #cache: FileCache<Resource>;
  readonly #pending = new Map<string, Promise<Lookup>>();

  constructor(
    tree: FileTree,
    policy: StaticFilesPolicy,
    clock: StaticClock,
    prepareResponse: PrepareResponse,
  ) {
    this.#tree = tree;
    this.#policy = policy;
    this.#clock = clock;
    this.#prepareResponse = prepareResponse;
    this.#cache = new FileCache(policy.cacheLimitBytes);
  }

  /** The resource under `key` if it may be sent without another look at the disk. */
  trusted(key: string): Resource | null {
    const cached = this.#cache.get(key);
    if (cached === undefined) return null;
    const ageMs = this.#clock.now() - cached.checkedAtMs;
    return ageMs < this.#policy.cacheTrustMs ? cached.value : null;
  }

  /** Looks at the disk. Calls for one key at the same time share the look. */
  find(place: Place): Promise<Lookup> {
    const pending = this.#pending.get(place.key);
    if (pending !== undefined) return pending;
    const lookup = this.#revalidate(place).finally(() => this.#pending.delete(place.key));
    this.#pending.set(place.key, lookup);
    return lookup;
  }

  /** True if what is open at `file` is what `variant` describes. */
  isCurrent(variant: Variant, file: OpenFile): boolean {
    return isSameSignature(variant.signature, file.signature);
  }

  /** `variant` again, for a file that has changed since and is open at `file`. */
  describeAgain(variant: Variant, file: OpenFile): Variant {
    const source = {
      ...variant,
      realPath: file.realPath,
      signature: file.signature,
      content: null,
    };
    return this.#describe(source);
  }

  async #revalidate(place: Place): Promise<Lookup> {
    // The age counts from before the look: what changes during it is noticed next time.
    const startedAtMs = this.#clock.now();
    const cached = this.#cache.get(place.key)?.value;
    if (cached?.isSettled === true && (await isUnchanged(cached))) {
      this.#cache.confirm(place.key, startedAtMs);
      return { type: "resource", resource: cached };
    }
    const lookup = await this.#load(place);
    if (lookup.type === "resource") {
      const { resource } = lookup;
      this.#cache.set(place.key, resource, resource.memoryBytes, startedAtMs);
    } else {
      this.#cache.delete(place.key);
    }
    return lookup;
  }

  async #load({ segments, endsWithSlash, vary }: Place): Promise<Lookup> {
    const path = this.#tree.pathOf(segments);
    const outcome = await this.#tree.open(path);
    if (outcome.type === "file") {
      if (!endsWithSlash) return this.#loadResource(path, outcome.file, vary);
      await outcome.file.handle.close();
      return { type: "missing" };
    }
    if (outcome.type !== "directory") return outcome;
    if (!endsWithSlash) return { type: "slash-missing" };
    const indexPath = this.#tree.pathOf([...segments, "index.html"]);
    const index = await this.#tree.open(indexPath);
    if (index.type === "file") return this.#loadResource(indexPath, index.file, vary);
    return index.type === "refused" ? index : outcome;
  }

  async #loadResource(path: string, file: OpenFile, vary: readonly string[]): Promise<Lookup> {
    const mediaType = mediaTypeOf(basename(path));
    const plain = await this.#readSource("identity", path, file, mediaType);
    const sources: [VariantSource, ...VariantSource[]] = [plain];
    const watched = [{ path, signature: file.signature as FileSignature | null }];
    let areSiblingsKnown = true;
    for (const [coding, extension] of this.#policy.precompressed ? SIBLINGS : []) {
      const siblingPath = path + extension;
      const sibling = await this.#tree.open(siblingPath);
      if (sibling.type !== "file") {
        watched.push({ path: siblingPath, signature: await signatureAt(siblingPath) });
        if (sibling.type === "refused") areSiblingsKnown = false;
        continue;
      }
      watched.push({ path: siblingPath, signature: sibling.file.signature });
      const source = await this.#readSource(coding, siblingPath, sibling.file, mediaType);
      // An older sibling was made from an older file.
      if (source.signature.modifiedNs >= plain.signature.modifiedNs) sources.push(source);
    }
    const varyNames = sources.length > 1 ? [...vary, "Accept-Encoding"] : vary;
    const [first, ...rest] = sources.map((source) => ({ ...source, vary: varyNames }));
    const variants: [Variant, ...Variant[]] = [
      this.#describe(first ?? plain),
      ...rest.map((source) => this.#describe(source)),
    ];
    const wallNowMs = this.#clock.wallNow();
    const areSettled = watched.every(
      ({ signature }) => signature === null || isSettled(signature, wallNowMs),
    );
    const resource: Resource = {
      variants,
      watched,
      isSettled: areSiblingsKnown && areSettled,
      memoryBytes: memoryBytesOf(variants),
    };
    return { type: "resource", resource };
  }

  /** Reads a small file, and closes any. */
  async #readSource(
    coding: ContentCoding,
    path: string,
    { handle, realPath, signature }: OpenFile,
    mediaType: string,
  ): Promise<VariantSource> {
    try {
      const isSmall = signature.sizeBytes <= this.#policy.cacheFileLimitBytes;
      const isRead = isSmall && this.#policy.cacheFileLimitBytes > 0;
      const content = isRead ? await readUpTo(handle, signature.sizeBytes) : null;
      return { coding, path, realPath, signature, content, mediaType, vary: [] };
    } finally {
      await handle.close();
    }
  }

  #describe(source: VariantSource): Variant {
    return describeVariant(source, this.#policy, this.#clock.wallNow(), this.#prepareResponse);
  }
}

async function isUnchanged({ watched }: Resource): Promise<boolean> {
  const signatures = await Promise.all(watched.map(({ path }) => signatureAt(path)));
  return watched.every(({ signature }, index) =>
    isSameSignature(signature, signatures[index] ?? null),
  );
}

/** The first `limitBytes` of the file, or what there is. */
async function readUpTo(handle: FileHandle, limitBytes: number): Promise<Uint8Array> {
  const bytes = allocateBytes(limitBytes);
  let filledBytes = 0;
  while (filledBytes < limitBytes) {
    const left = limitBytes - filledBytes;
    const { bytesRead } = await handle.read(bytes, filledBytes, left, filledBytes);
    if (bytesRead === 0) break;
    filledBytes += bytesRead;
  }
  return bytes.subarray(0, filledBytes);
}

function memoryBytesOf(variants: readonly Variant[]): number {
  let bytes = RESOURCE_OVERHEAD_BYTES;
  // Once as content, from which ranges are cut, and once inside the prepared response.
  for (const { content } of variants) bytes += 2 * (content?.byteLength ?? 0);
  return bytes;
}
