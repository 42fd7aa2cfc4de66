import { readdirSync, readFileSync } from "node:fs";

// The odd requests: JSON files in corpus/, and the reasons in reasons.json why verdicts differ.
//
// A request is text of one character per byte, or parts of it; a part `["x", 100]` is repeated.

export interface Reason {
  /** How finwait differs from node:http, as `differenceOf` names it. */
  readonly difference: string;
  /** Why, with the section that permits or demands it. */
  readonly reason: string;
}

type Part = string | readonly [text: string, count: number];

interface StoredCase {
  readonly id: string;
  readonly request: string | readonly Part[];
  readonly explained?: Explained | readonly Explained[];
}

/** The id of a reason, alone or with the versions of Node that differ: `">=24"` or `"<24"`. */
type Explained = string | { readonly reason: string; readonly node: string };

export interface CorpusCase {
  /** The file and the id within it. */
  readonly id: string;
  readonly bytes: Uint8Array;
  /** The id of the reason why this Node differs; `null` if it does not. */
  readonly explained: string | null;
}

const folder = new URL("./corpus/", import.meta.url);

export function readReasons(): Readonly<Record<string, Reason>> {
  return JSON.parse(readFileSync(new URL("./reasons.json", import.meta.url), "utf8"));
}

/** All cases, with the explanations that hold for the given major version of Node. */
export function readCorpus(nodeMajor: number): readonly CorpusCase[] {
  return readdirSync(folder)
    .sort()
    .flatMap((file) => {
      const stored: readonly StoredCase[] = JSON.parse(readFileSync(new URL(file, folder), "utf8"));
      return stored.map(({ id, request, explained = [] }) => ({
        id: `${file.replace(/\.json$/, "")}/${id}`,
        bytes: bytesOf(request),
        explained: explanationFor(nodeMajor, [explained].flat()),
      }));
    });
}

/** Every reason that any case names, for any version of Node. */
export function readNamedReasons(): ReadonlySet<string> {
  const names = readdirSync(folder).flatMap((file) => {
    const stored: readonly StoredCase[] = JSON.parse(readFileSync(new URL(file, folder), "utf8"));
    return stored
      .flatMap(({ explained = [] }) => explained)
      .map((each) => (typeof each === "string" ? each : each.reason));
  });
  return new Set(names);
}

function bytesOf(request: string | readonly Part[]): Uint8Array {
  const parts = typeof request === "string" ? [request] : request;
  const text = parts.map((part) => (typeof part === "string" ? part : part[0].repeat(part[1])));
  return Buffer.from(text.join(""), "latin1");
}

function explanationFor(nodeMajor: number, explained: readonly Explained[]): string | null {
  for (const each of explained) {
    if (typeof each === "string") return each;
    const [, sign, major] = /^(>=|<)(\d+)$/.exec(each.node) ?? [];
    if (major === undefined) throw new Error(`Cannot read versions "${each.node}"`);
    const isNew = nodeMajor >= Number(major);
    if (isNew === (sign === ">=")) return each.reason;
  }
  return null;
}
