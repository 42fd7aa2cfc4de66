import { createHash } from "node:crypto";
import type { FieldLines, PreparedResponse } from "../server/exchange.ts";
import type { Validators } from "./conditional.ts";
import type { ContentCoding } from "./content-coding.ts";
import { formatHttpDate } from "./static-http-date.ts";
import type { StaticFilesPolicy } from "./static-options.ts";
import type { FileSignature } from "./static-tree.ts";

// One representation of a resource: a file in one content coding, and the fields that describe it.
//
// RFC 9110 §8. Knows no paths but to carry them, and decides nothing about requests.

/** Lays out a response once; `prepareResponse` of the server. */
export type PrepareResponse = (
  status: number,
  fields: FieldLines,
  content: Uint8Array,
) => PreparedResponse;

/** What is known of a file that was opened, and read if it is small. */
export interface VariantSource {
  readonly coding: ContentCoding;
  readonly path: string;
  readonly realPath: string;
  readonly signature: FileSignature;
  /** All of it, or `null` if it is to be streamed. */
  readonly content: Uint8Array | null;
  /** The media type without its coding: that of `a.js` for `a.js.br`. */
  readonly mediaType: string;
  /** Field names for Vary. */
  readonly vary: readonly string[];
}

export interface Variant extends VariantSource {
  readonly sizeBytes: number;
  readonly validators: Validators;
  /** Type, coding and Vary, which hold for every status that comes with this content. */
  readonly contentFields: FieldLines;
  /** Cache-Control, for the statuses that speak of the file as such. */
  readonly cacheFields: FieldLines;
  /** The 200 with all of `content`, if there is any. */
  readonly prepared: PreparedResponse | null;
}

// Within one tick of the file system's clock a file can change twice and look the same. Ticks are 1
// to 10 ms on Linux and up to 2 s on FAT; git's index has the same problem and name for it
// ("racy").
const SETTLED_AFTER_MS = 2_000;

/** 162 bits of SHA-256, which no two files share by accident. */
const HASH_CHARACTERS = 27;

/** True if a later change of the file is certain to change its signature. */
export function isSettled(signature: FileSignature, wallNowMs: number): boolean {
  const modifiedMs = millisecondsOf(signature.modifiedNs);
  const changedMs = millisecondsOf(signature.changedNs);
  return wallNowMs - Math.max(modifiedMs, changedMs) >= SETTLED_AFTER_MS;
}

/** Derives everything that is sent about `source`. */
export function describeVariant(
  source: VariantSource,
  policy: StaticFilesPolicy,
  wallNowMs: number,
  prepareResponse: PrepareResponse,
): Variant {
  const { coding, content, mediaType, signature, vary } = source;
  const modifiedMs = Math.floor(millisecondsOf(signature.modifiedNs) / 1000) * 1000;
  const validators: Validators = {
    entityTag: entityTagOf(source, policy.etag, wallNowMs),
    // RFC 9110 §8.8.2.1: never later than the message that carries it.
    lastModifiedMs: Math.min(modifiedMs, Math.floor(wallNowMs / 1000) * 1000),
  };
  const contentFields: FieldLines = [
    ["Content-Type", mediaType],
    ["X-Content-Type-Options", "nosniff"],
    ...(coding === "identity" ? [] : [["Content-Encoding", coding] as const]),
    ...(vary.length === 0 ? [] : [["Vary", vary.join(", ")] as const]),
  ];
  const cacheFields: FieldLines =
    policy.cacheControl === "" ? [] : [["Cache-Control", policy.cacheControl]];
  const described = {
    ...source,
    sizeBytes: content?.byteLength ?? signature.sizeBytes,
    validators,
    contentFields,
    cacheFields,
  };
  const prepared = content === null ? null : prepareResponse(200, okFieldsOf(described), content);
  return { ...described, prepared };
}

/** The fields of a 200; a 206 has them too (RFC 9110 §15.3.7). */
export function okFieldsOf(
  variant: Pick<Variant, "contentFields" | "cacheFields" | "validators">,
): FieldLines {
  return [
    ...variant.contentFields,
    ["Accept-Ranges", "bytes"],
    ...entityTagFieldOf(variant.validators),
    ["Last-Modified", formatHttpDate(variant.validators.lastModifiedMs)],
    ...variant.cacheFields,
  ];
}

/** The fields of a 304: what guides caches, and no more (RFC 9110 §15.4.5). */
export function notModifiedFieldsOf(variant: Variant): FieldLines {
  const tagField = entityTagFieldOf(variant.validators);
  const lastModified = formatHttpDate(variant.validators.lastModifiedMs);
  return [
    ...(tagField.length > 0 ? tagField : [["Last-Modified", lastModified] as const]),
    ...variant.contentFields.filter(([name]) => name === "Vary"),
    ...variant.cacheFields,
  ];
}

function entityTagFieldOf({ entityTag }: Validators): FieldLines {
  return entityTag === null ? [] : [["ETag", entityTag]];
}

function entityTagOf(
  { coding, content, signature }: VariantSource,
  kind: StaticFilesPolicy["etag"],
  wallNowMs: number,
): string | null {
  if (kind === false) return null;
  // RFC 9110 §8.8.3.3: representations that differ in coding differ in tag.
  const suffix = coding === "identity" ? "" : `-${coding}`;
  if (kind === "strong" && content !== null) {
    const hash = createHash("sha256").update(content).digest("base64url");
    return `"${hash.slice(0, HASH_CHARACTERS)}${suffix}"`;
  }
  const size = signature.sizeBytes.toString(16);
  const modified = signature.modifiedNs.toString(16);
  if (kind === "weak") return `W/"${size}-${modified}${suffix}"`;
  const tag = `"${size}-${modified}-${signature.changedNs.toString(16)}${suffix}"`;
  return isSettled(signature, wallNowMs) ? tag : `W/${tag}`;
}

function millisecondsOf(nanoseconds: bigint): number {
  return Number(nanoseconds / 1_000_000n);
}
