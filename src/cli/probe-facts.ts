import type { EarlyAnswer, EarlyAnswerPair, Page, TargetFacts } from "../probe/target.ts";
import { bytesText } from "./probe-words.ts";
import { printable } from "./untrusted-text.ts";

// What the looking around found, in words, and which option would find more.

export interface FactRow {
  readonly name: string;
  readonly found: string;
  /** What the user can do, as to have more cases reached; `null`: there is no need. */
  readonly hint: string | null;
}

export function factRows(facts: TargetFacts, server: string): readonly FactRow[] {
  const { page, validator, medium, large, upload, empty, capacity } = facts;
  return [
    row("Server field", server === "" ? "none" : server),
    { ...row("page", `${pageText(page)}, ${page.status}`), hint: pageHint(page.status) },
    row("revalidated by", validator ?? "nothing"),
    row("medium page", medium && pageText(medium), "--medium-path: 100 KB to 1 MB"),
    row("large page", large && pageText(large), "--large-path: 4 MB or more"),
    earlyRow("early answer", facts.small, "--refuse-path: refuses POST before its content comes"),
    earlyRow("medium early", facts.mediumEarly, "--medium-path: answers before content comes"),
    earlyRow("large early", facts.largeEarly, "--large-path: answers before content comes"),
    row("upload", upload && `POST ${upload}`, "--upload-path: takes POST, and answers 2xx"),
    row("answer 204", empty && `${empty.method} ${empty.path}`, "--empty-path: GET gets 204"),
    ...(capacity === null ? [] : [row("connections", `${capacity} at one time, and no more`)]),
  ];
}

/** `found` is `null` where nothing is. */
function row(name: string, found: string | null, option: string | null = null): FactRow {
  if (found !== null) return { name, found: printable(found), hint: null };
  return { name, found: "not found", hint: option === null ? null : `more with ${option}` };
}

function earlyRow(name: string, pair: EarlyAnswerPair, option: string): FactRow {
  const { found } = row(name, earlyText(pair));
  const isWhole = pair.length !== null && pair.chunked !== null;
  return { name, found, hint: isWhole ? null : `more with ${option}` };
}

/** Cases would be played, and look at the page of an error. */
function pageHint(status: number): string | null {
  return status >= 400 ? `${status}: is the URL right?` : null;
}

function pageText({ path, contentBytes }: Page): string {
  return `${path}, ${bytesText(contentBytes)}`;
}

/** `POST /upload, 413, 6 bytes`: how both ways to send content are answered. */
function earlyText({ length, chunked }: EarlyAnswerPair): string | null {
  const byLength = length && answerText(length);
  const byChunks = chunked && answerText(chunked);
  if (byLength === byChunks) return byLength;
  const parts = [
    byLength === null ? [] : [`${byLength} (Content-Length)`],
    byChunks === null ? [] : [`${byChunks} (chunked)`],
  ];
  return parts.flat().join("; ");
}

function answerText({ method, path, status, contentBytes }: EarlyAnswer): string {
  return `${method} ${path}, ${status}, ${bytesText(contentBytes)}`;
}
