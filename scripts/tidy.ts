import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { lineAt, readSource, type Source, type SourceFile } from "./source-text.ts";
import * as imports from "./tidy-imports.ts";

// The rules of this code base that neither the compiler nor the linter checks. Run as a test.
//
// A rule takes the whole tree and returns one line per violation: `path:line: what, and what is
// wanted`. Rules know no file system; `readTree` does.

export type Rule = (sources: readonly Source[]) => string[];

const FOLDERS = ["src", "test", "scripts", "bench", "examples"];
const LINE_LIMIT_COLUMNS = 100;
const FILE_LIMIT_LINES = 400;
/** Of tests and what supports them, where one behavior after the other stands in a list. */
const TEST_FILE_LIMIT_LINES = 600;
const HEADER_LIMIT_LINES = 8;

const IMPURE =
  /\b(?:Date|performance|setTimeout|setInterval|setImmediate|Math\.random|process|console)\b/g;
/** The one pure file that may use it, because its native conversions are many times faster. */
const BUFFER_FILE = "src/base/latin1.ts";

/** Only where a type is certain to stand: a constant may be called any. Biome finds the rest. */
const ANY_TYPE =
  /(?:(?<![?:|&])[:<|&]|,(?=\s*any\s*>)|=>|\b(?:as|extends|keyof))\s*\bany\b(?!\s*[(.:?])/g;
const NON_NULL = /[\w$)\]]!(?!=)/g;
const DEFAULT_EXPORT = /\bexport\s+(?:default\b|\{[^}]*\bas\s+default\b)/g;
const SUPPRESSION = /@ts-(?:ignore|expect-error|nocheck)\b[^\n]*|\bbiome-ignore\b[^\n]*/g;
/** A reason is at least one word of letters; Biome wants it behind a colon. */
const REASON = /^@ts-[a-z-]+[\s:]+\p{L}{2}|^biome-ignore[^:]*:\s*\p{L}{2}/u;
const UNNUMBERED_TODO = /\bTODO\b(?!\(#\d+\): \S)|\bFIXME\b/g;
const FORBIDDEN_WORD = /drain/gi;

export const RULES: Readonly<Record<string, Rule>> = {
  "imports follow the folders": imports.checkFolderImports,
  "imports name files": imports.checkRelativeImports,
  "imports make no cycle": imports.checkCycles,
  "files are used": imports.checkUnused,
  "pure folders are pure": checkPurity,
  "files and folders are named": checkNames,
  "types are honest": checkTypes,
  "suppressions have reasons": checkSuppressions,
  "open work is numbered": checkOpenWork,
  "one word is forbidden": checkForbiddenWord,
  "files have headers": checkHeaders,
  "files and lines are short": checkSizes,
};

/** Every violation in the tree, rule by rule. */
export function checkTree(files: readonly SourceFile[]): string[] {
  const sources = files.map(readSource);
  return Object.values(RULES).flatMap((rule) => rule(sources));
}

/** The TypeScript files below `root`, sorted by path. */
export function readTree(root: string): readonly SourceFile[] {
  const top = readdirSync(root);
  return FOLDERS.filter((folder) => top.includes(folder))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map(
        (path) => `${folder}/${path.replaceAll("\\", "/")}`,
      ),
    )
    .filter((path) => path.endsWith(".ts") && !/\/(?:node_modules|\.next)\//.test(path))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

/** Pure folders have no clock, no timers, no randomness, no process and no console. */
function checkPurity(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => imports.isPure(path))
    .flatMap((source) => [
      ...report(source, source.code, IMPURE, (word) => `uses ${word}, and an argument is wanted`),
      ...(source.path === BUFFER_FILE || imports.isTest(source.path)
        ? []
        : report(source, source.code, /\bBuffer\b/g, (word) => {
            return `uses ${word}, and the functions of ${BUFFER_FILE} are wanted`;
          })),
    ]);
}

/** A name says what is inside: no index files, no folders for what found no place. */
function checkNames(sources: readonly Source[]): string[] {
  return inSrc(sources).flatMap(({ path }) => {
    const found: string[] = [];
    if (path.endsWith("/index.ts") && path !== "src/index.ts") {
      found.push(`${path}:1: is an index file, and only src/index.ts is wanted`);
    }
    if (/\/(?:utils?|helpers?)\//.test(path)) {
      found.push(`${path}:1: is in a folder without a subject, and a name for the thing is wanted`);
    }
    return found;
  });
}

/** Nothing turns the type checker off, and nothing is left in the built file that types imply. */
function checkTypes(sources: readonly Source[]): string[] {
  return inSrc(sources).flatMap((source) => {
    const { code } = source;
    return [
      ...report(source, code, ANY_TYPE, () => "has the type any, and unknown is wanted"),
      ...report(source, code, NON_NULL, () => "asserts with !, and a check is wanted"),
      ...checkCasts(source),
      ...report(source, code, DEFAULT_EXPORT, () => "exports a default, and a name is wanted"),
      ...report(source, code, /\benum\s+\w/g, () => "has an enum, and a string union is wanted"),
    ];
  });
}

/** Where the compiler cannot follow, a comment on the line or above it has to. */
function checkCasts({ path, code, comments }: Source): string[] {
  const commentLines = comments.split("\n");
  return [...code.matchAll(/\bas\s+unknown\s+as\b/g)].flatMap(({ index }) => {
    const line = lineAt(code, index);
    if (
      commentLines
        .slice(Math.max(0, line - 2), line)
        .join("")
        .trim() !== ""
    )
      return [];
    return [`${path}:${line}: casts through unknown, and a check or a comment above is wanted`];
  });
}

function checkSuppressions(sources: readonly Source[]): string[] {
  return inSrc(sources).flatMap((source) =>
    report(source, source.comments, SUPPRESSION, (comment) => {
      return REASON.test(comment) ? null : `has "${comment}", and a reason behind it is wanted`;
    }),
  );
}

function checkOpenWork(sources: readonly Source[]): string[] {
  return sources.flatMap((source) =>
    report(source, source.comments, UNNUMBERED_TODO, (word) => {
      return `has ${word}, and "TODO(#1): sentence" with the issue's number is wanted`;
    }),
  );
}

/** The word means three things in this field, so we have three words: linger, discard, flush. */
function checkForbiddenWord(sources: readonly Source[]): string[] {
  return inSrc(sources).flatMap((source) => {
    // Node gives its event this name, and only the adapters of sockets listen to it.
    const isAdapter = source.path.startsWith("src/transport/");
    const text = isAdapter ? source.text.replaceAll('"drain"', '"     "') : source.text;
    return report(source, text, FORBIDDEN_WORD, (word) => {
      return `says "${word}", and linger, discard, flush or shutdown is wanted`;
    });
  });
}

/** A file starts with a few lines about itself, before or after its imports. */
function checkHeaders(sources: readonly Source[]): string[] {
  return inSrc(sources)
    .filter(({ path }) => !imports.isTest(path))
    .flatMap((source) => {
      const start = firstLineAfterImports(source);
      const comments = source.comments.split("\n").slice(start);
      const first = comments[0]?.trim() ?? "";
      const isPartOfHeader = (line: string) =>
        first.startsWith("//") ? line.trim().startsWith("//") : !line.includes("*/");
      const end = comments.findIndex((line) => !isPartOfHeader(line));
      const lines = first.startsWith("//") ? end : end + 1;
      const where = `${source.path}:${start + 1}`;
      if (first === "") {
        return [`${where}: begins without a header comment, and one after the imports is wanted`];
      }
      if (lines <= HEADER_LIMIT_LINES) return [];
      return [`${where}: has ${lines} header lines, and at most ${HEADER_LIMIT_LINES} are wanted`];
    });
}

function firstLineAfterImports({ text, code }: Source): number {
  const codeLines = code.split("\n");
  const textLines = text.split("\n");
  let line = 0;
  while (line < textLines.length) {
    const start = textLines[line] ?? "";
    if (start.startsWith("import ")) {
      while (line < codeLines.length && !codeLines[line]?.trimEnd().endsWith(";")) line++;
    } else if (start.trim() !== "" && !start.startsWith("#!")) {
      break;
    }
    line++;
  }
  return line;
}

function checkSizes(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, text }) => {
    const lines = text.replace(/\n$/, "").split("\n");
    const found = lines.flatMap((line, index) => {
      const columns = [...line].length;
      if (columns <= LINE_LIMIT_COLUMNS || /https?:\/\//.test(line)) return [];
      const wanted = `at most ${LINE_LIMIT_COLUMNS} are wanted`;
      return [`${path}:${index + 1}: has ${columns} columns, and ${wanted}`];
    });
    const isOfTests = imports.isTest(path) || path.startsWith("test/");
    const limit = isOfTests ? TEST_FILE_LIMIT_LINES : FILE_LIMIT_LINES;
    if (lines.length > limit) {
      found.push(`${path}:1: has ${lines.length} lines, and at most ${limit} are wanted`);
    }
    return found;
  });
}

const inSrc = (sources: readonly Source[]): readonly Source[] =>
  sources.filter(({ path }) => path.startsWith("src/"));

/** One violation per match of `pattern`, where `say` finds something wrong with it. */
function report(
  { path }: Source,
  text: string,
  pattern: RegExp,
  say: (match: string) => string | null,
): string[] {
  return [...text.matchAll(pattern)].flatMap((match) => {
    const what = say(match[0]);
    return what === null ? [] : [`${path}:${lineAt(text, match.index)}: ${what}`];
  });
}
