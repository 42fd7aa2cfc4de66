import { UsageError } from "./cli-error.ts";

// The grammar of httpd.conf: lines, continuations, comments, quotes and sections. What a directive
// means is not known here.

/** A directive, or the line that opens a section. */
export interface DirectiveLine {
  /** Of its first physical line, from 1. */
  readonly line: number;
  /** As written, for example `"KeepAlive"`; with angle brackets if it opens a section. */
  readonly name: string;
  readonly args: readonly string[];
  /** The section that it stands in, for example `"<VirtualHost> of line 3"`; null: the server. */
  readonly section: string | null;
}

interface OpenSection {
  readonly name: string;
  readonly line: number;
  /** What the lines in it are in. */
  readonly inside: string | null;
}

/**
 * The directives of `text`, in their order. What stands in `<IfModule>` counts as being outside of
 * it: which modules a httpd has says nothing about us.
 *
 * @throws {UsageError} A section is not closed, or closed without being open.
 */
export function directiveLines(text: string, path: string): DirectiveLine[] {
  const found: DirectiveLine[] = [];
  const open: OpenSection[] = [];
  for (const { line, content } of logicalLines(text)) {
    const section = open.at(-1)?.inside ?? null;
    const closing = /^<\/\s*(\w+)\s*>$/.exec(content)?.[1];
    if (closing !== undefined) {
      closeSection(open, closing, `${path}:${line}`);
      continue;
    }
    const [, name, rest = ""] = /^<\s*(\w+)\b(.*)>$/.exec(content) ?? [];
    if (name === undefined) {
      const [directive = "", ...args] = wordsOf(content);
      found.push({ line, name: directive, args, section });
      continue;
    }
    const isSeeThrough = name.toLowerCase() === "ifmodule";
    const inside = isSeeThrough ? section : `<${name}> of line ${line}`;
    open.push({ name, line, inside });
    if (!isSeeThrough) found.push({ line, name: `<${name}>`, args: wordsOf(rest), section });
  }
  const last = open.at(-1);
  if (last === undefined) return found;
  throw new UsageError(
    `Cannot use <${last.name}> in ${path}:${last.line}: expected </${last.name}> below it`,
  );
}

function closeSection(open: OpenSection[], name: string, where: string): void {
  const last = open.pop();
  if (last?.name.toLowerCase() === name.toLowerCase()) return;
  const expected =
    last === undefined ? `<${name}> above it` : `</${last.name}> for line ${last.line}`;
  throw new UsageError(`Cannot use </${name}> in ${where}: expected ${expected}`);
}

/**
 * Lines as httpd joins them: a backslash at the very end continues any line, a comment too. Blank
 * lines and comments are left out.
 */
function logicalLines(text: string): { line: number; content: string }[] {
  const found: { line: number; content: string }[] = [];
  let joined = "";
  let first = 1;
  for (const [index, physical] of text.split(/\r?\n/).entries()) {
    if (joined === "") first = index + 1;
    if (physical.endsWith("\\")) {
      joined += physical.slice(0, -1);
      continue;
    }
    const content = (joined + physical).trim();
    joined = "";
    // A sharp behind something else is no comment, as in httpd.
    if (content !== "" && !content.startsWith("#")) found.push({ line: first, content });
  }
  const rest = joined.trim();
  if (rest !== "" && !rest.startsWith("#")) found.push({ line: first, content: rest });
  return found;
}

/**
 * The words of a line. Quotes hold a word with blanks together; a backslash makes the quote, or
 * another backslash, a part of it, and stays elsewhere: regular expressions are full of them.
 */
function wordsOf(content: string): string[] {
  const words: string[] = [];
  const word = /\s*(?:"((?:\\.|[^"\\])*)"?|'((?:\\.|[^'\\])*)'?|(\S+))/gy;
  for (const [, double, single, bare] of content.matchAll(word)) {
    if (double !== undefined) words.push(double.replace(/\\(["\\])/g, "$1"));
    else if (single !== undefined) words.push(single.replace(/\\(['\\])/g, "$1"));
    else if (bare !== undefined) words.push(bare.replace(/\\\\/g, "\\"));
  }
  return words;
}
