// TypeScript text as the tidy rules need it: code apart from comments and strings, and the imports.
//
// A tokenizer of a few regular expressions, not a parser: it knows where comments, strings, regular
// expressions and templates end. Offsets and line breaks are kept, so every rule can name a line.

/** A file of the tree. `path` is relative to the root of the repository, with `/`. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** One import or re-export of another module. */
export interface ModuleImport {
  /** The module as written, for example `"../base/clock.ts"`. */
  readonly specifier: string;
  readonly line: number;
  /** True for `import type` and `export type`, which leave nothing in the built file. */
  readonly isTypeOnly: boolean;
}

export interface Source extends SourceFile {
  /** The text with comments, strings, templates and regular expressions replaced by spaces. */
  readonly code: string;
  /** The text with everything but comments replaced by spaces. */
  readonly comments: string;
  readonly imports: readonly ModuleImport[];
}

interface Span {
  readonly kind: "comment" | "literal";
  readonly start: number;
  readonly end: number;
}

const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y;
const STRING = /"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?/y;
const REGULAR_EXPRESSION = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y;
/** From a backtick, or the brace that ends an expression, to the next one of either kind. */
const TEMPLATE_PART = /[`}](?:\\[\s\S]|\$(?!\{)|[^\\`$])*(?:`|\$\{|$)/y;
const WORD_OR_SPACE = /[\w$]+|\s+/y;

// After one of these, or at the start, a slash begins a regular expression; elsewhere it divides.
const BEFORE_EXPRESSION =
  /^(?:[([{},;=:?!&|+\-*%<>~^]?|return|typeof|case|in|of|void|delete|do|else|await|yield)$/;

const FROM_IMPORT =
  /\b(?:import|export)\s+(?<type>type\s+)?[\w$*{},\s]+?\bfrom\s*["'](?<module>[^"'\n]+)["']/g;
const BARE_IMPORT = /\bimport\s*\(?\s*["'](?<module>[^"'\n]+)["']/g;

/** Splits a file. Never fails: text that is no TypeScript gives a harmless result. */
export function readSource({ path, text }: SourceFile): Source {
  const spans = hiddenSpans(text);
  const code = keepOutside(text, spans);
  const comments = keepComments(text, spans);
  return { path, text, code, comments, imports: moduleImports(text, code) };
}

/** The line of an offset, counting from 1. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < offset; at = text.indexOf("\n", at + 1)) line++;
  return line;
}

function hiddenSpans(text: string): readonly Span[] {
  const spans: Span[] = [];
  // One entry per template expression we are inside of: the number of braces open within it.
  const openBraces: number[] = [];
  let previous = "";
  let start = 0;
  while (start < text.length) {
    const character = text.charAt(start);
    const depth = openBraces.at(-1);
    if (depth !== undefined && character === "{") openBraces.splice(-1, 1, depth + 1);
    if (depth !== undefined && character === "}") openBraces.splice(-1, 1, depth - 1);
    const isTemplatePart = character === "`" || (character === "}" && depth === 0);
    const span = isTemplatePart
      ? spanAt(TEMPLATE_PART, "literal", text, start)
      : commentOrLiteralAt(text, start, previous);
    if (span === null) {
      const token = matchAt(WORD_OR_SPACE, text, start) ?? character;
      if (token.trim() !== "") previous = token;
      start += token.length;
      continue;
    }
    spans.push(span);
    start = span.end;
    if (isTemplatePart) {
      if (character === "}") openBraces.pop();
      const hasExpression = text.startsWith("${", span.end - 2);
      if (hasExpression) openBraces.push(0);
      previous = hasExpression ? "{" : "literal";
    } else if (span.kind === "literal") {
      previous = "literal";
    }
  }
  return spans;
}

function commentOrLiteralAt(text: string, start: number, previous: string): Span | null {
  const comment = spanAt(COMMENT, "comment", text, start);
  if (comment !== null) return comment;
  const isExpressionStart = BEFORE_EXPRESSION.test(previous);
  const expression = isExpressionStart ? spanAt(REGULAR_EXPRESSION, "literal", text, start) : null;
  return expression ?? spanAt(STRING, "literal", text, start);
}

function spanAt(pattern: RegExp, kind: Span["kind"], text: string, start: number): Span | null {
  const matched = matchAt(pattern, text, start);
  return matched === null ? null : { kind, start, end: start + matched.length };
}

function matchAt(pattern: RegExp, text: string, start: number): string | null {
  pattern.lastIndex = start;
  return pattern.exec(text)?.[0] ?? null;
}

const blank = (text: string): string => text.replace(/[^\n]/g, " ");

function keepOutside(text: string, spans: readonly Span[]): string {
  let kept = "";
  let end = 0;
  for (const span of spans) {
    kept += text.slice(end, span.start) + blank(text.slice(span.start, span.end));
    end = span.end;
  }
  return kept + text.slice(end);
}

function keepComments(text: string, spans: readonly Span[]): string {
  let kept = "";
  for (const { kind, start, end } of spans) {
    if (kind === "comment") kept += blank(text.slice(kept.length, start)) + text.slice(start, end);
  }
  return kept + blank(text.slice(kept.length));
}

function moduleImports(text: string, code: string): readonly ModuleImport[] {
  return [...text.matchAll(FROM_IMPORT), ...text.matchAll(BARE_IMPORT)]
    .flatMap(({ index, groups }) => {
      const specifier = groups?.module;
      // A quoted program is no import: the keyword has to be code.
      if (specifier === undefined || code.charAt(index) === " ") return [];
      return [{ specifier, line: lineAt(text, index), isTypeOnly: groups?.type !== undefined }];
    })
    .sort((left, right) => left.line - right.line);
}
