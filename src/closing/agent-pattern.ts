// Patterns for User-Agent strings: the subset of regular expressions that needs no backtracking.
//
// Written as in Apache's BrowserMatch and in nginx's configuration (PCRE), over latin1. A text is
// parsed into a tree here and made into an automaton by agent-automaton.ts. What the subset lacks
// is refused with its position, never read as something else.

/** Membership of the 256 characters of latin1, one byte each: 1 for a member. */
export type CharacterSet = Uint8Array;

export type PatternNode =
  | { readonly type: "empty" }
  | { readonly type: "character"; readonly set: CharacterSet }
  | { readonly type: "start" }
  | { readonly type: "end" }
  | { readonly type: "sequence"; readonly parts: readonly PatternNode[] }
  | { readonly type: "choice"; readonly parts: readonly PatternNode[] }
  /** `most` is `null` where there is no limit. */
  | {
      readonly type: "repeat";
      readonly part: PatternNode;
      readonly least: number;
      readonly most: number | null;
    };

/** Longest pattern, in characters. The longest rule in nginx's and httpd's own files has 60. */
export const PATTERN_LIMIT = 512;
/** Largest number in `{n,m}`. Repetitions are copied, and the automaton limits the copies. */
export const REPEAT_LIMIT = 255;

/** The pattern cannot be used. The parts of the message serve callers who know its place. */
export class AgentPatternError extends RangeError {
  override readonly name = "AgentPatternError";
  /** The pattern in quotes, shortened where it is too long to be read. */
  readonly quoted: string;
  readonly expected: string;

  constructor(pattern: string, expected: string) {
    const shown = pattern.length > PATTERN_LIMIT ? `${pattern.slice(0, 40)}…` : pattern;
    super(`Cannot use the pattern "${shown}": expected ${expected}`);
    this.quoted = `"${shown}"`;
    this.expected = expected;
  }
}

export function isAgentPatternError(error: unknown): error is AgentPatternError {
  return error instanceof AgentPatternError;
}

/**
 * Reads a pattern: literals, `.`, classes, `^`, `$`, groups, `|`, `* + ? {n,m}` and their lazy
 * forms, which find the same; `\d \w \s \D \W \S`, and `\` before what is no letter or digit.
 * Case is ignored for ASCII letters only, as PCRE does in the C locale.
 *
 * @throws {TypeError} `pattern` is no string.
 * @throws {AgentPatternError} It is not of this subset, or longer than {@link PATTERN_LIMIT}.
 */
export function parseAgentPattern(
  pattern: string,
  options: { readonly ignoreCase?: boolean } = {},
): PatternNode {
  if (typeof pattern !== "string") {
    throw new TypeError(`Cannot use the pattern ${String(pattern)}: expected a string`);
  }
  if (pattern.length > PATTERN_LIMIT) {
    throw new AgentPatternError(
      pattern,
      `at most ${PATTERN_LIMIT} characters, and it has ${pattern.length}`,
    );
  }
  return new PatternParser(pattern, options.ignoreCase ?? false).parse();
}

const emptySet = (): CharacterSet => new Uint8Array(256);

function rangesSet(...ranges: readonly (readonly [first: string, last: string])[]): CharacterSet {
  const set = emptySet();
  for (const [first, last] of ranges) set.fill(1, first.charCodeAt(0), last.charCodeAt(0) + 1);
  return set;
}

const complement = (set: CharacterSet): CharacterSet => set.map((member) => 1 - member);

const DIGITS = rangesSet(["0", "9"]);
const WORD = rangesSet(["0", "9"], ["A", "Z"], ["a", "z"], ["_", "_"]);
const SPACE = rangesSet(["\t", "\r"], [" ", " "], ["\xa0", "\xa0"]);
/** A field value has no line breaks, so there is nothing that `.` could leave out. */
const ANY_CHARACTER = complement(emptySet());

const SHORTHANDS: ReadonlyMap<string, CharacterSet> = new Map([
  ["d", DIGITS],
  ["w", WORD],
  ["s", SPACE],
  ["D", complement(DIGITS)],
  ["W", complement(WORD)],
  ["S", complement(SPACE)],
]);

const ENDS_OF_SEQUENCE: readonly string[] = ["", "|", ")"];

/** Reads the pattern from left to right. Positions in messages count from 1. */
class PatternParser {
  readonly #pattern: string;
  readonly #ignoreCase: boolean;
  #at = 0;

  constructor(pattern: string, ignoreCase: boolean) {
    this.#pattern = pattern;
    this.#ignoreCase = ignoreCase;
  }

  parse(): PatternNode {
    const node = this.#parseChoice();
    if (this.#at < this.#pattern.length) throw this.#error("( before the )", this.#at);
    return node;
  }

  #parseChoice(): PatternNode {
    const parts = [this.#parseSequence()];
    while (this.#take("|")) parts.push(this.#parseSequence());
    return only(parts) ?? { type: "choice", parts };
  }

  #parseSequence(): PatternNode {
    const parts: PatternNode[] = [];
    while (!ENDS_OF_SEQUENCE.includes(this.#peek())) parts.push(this.#parseRepeat());
    if (parts.length === 0) return { type: "empty" };
    return only(parts) ?? { type: "sequence", parts };
  }

  #parseRepeat(): PatternNode {
    const isAnchor = "^$".includes(this.#peek());
    const part = this.#parseAtom();
    const start = this.#at;
    const bounds = this.#parseBounds();
    if (bounds === null) return part;
    if (isAnchor) throw this.#error("something to repeat, and no anchor", start);
    // A lazy quantifier finds the shortest match first. Whether there is a match stays the same.
    this.#take("?");
    if ("*+?{".includes(this.#peek() || " ")) {
      throw this.#error("one quantifier, and a group around what has two", this.#at);
    }
    return { type: "repeat", part, ...bounds };
  }

  #parseBounds(): { least: number; most: number | null } | null {
    if (this.#take("*")) return { least: 0, most: null };
    if (this.#take("+")) return { least: 1, most: null };
    if (this.#take("?")) return { least: 0, most: 1 };
    const start = this.#at;
    if (!this.#take("{")) return null;
    const least = this.#parseCount(start);
    const hasComma = this.#take(",");
    const isOpen = hasComma && this.#peek() === "}";
    const most = isOpen ? null : hasComma ? this.#parseCount(start) : least;
    if (!this.#take("}")) throw this.#badBounds(start);
    if (most !== null && most < least) {
      throw this.#error(`at least ${least} as the second number of {${least},${most}}`, start);
    }
    return { least, most };
  }

  #parseCount(boundsStart: number): number {
    let text = "";
    for (let next = this.#peek(); next >= "0" && next <= "9"; next = this.#peek()) {
      text += next;
      this.#at++;
    }
    if (text === "") throw this.#badBounds(boundsStart);
    if (Number(text) <= REPEAT_LIMIT) return Number(text);
    throw this.#error(`numbers up to ${REPEAT_LIMIT} in {n,m}, and not ${text}`, boundsStart);
  }

  #parseAtom(): PatternNode {
    const start = this.#at;
    const character = this.#next();
    switch (character) {
      case "^":
        return { type: "start" };
      case "$":
        return { type: "end" };
      case ".":
        return { type: "character", set: ANY_CHARACTER };
      case "(":
        return this.#parseGroup(start);
      case "[":
        return this.#parseClass(start);
      case "\\":
        return this.#characterOf(this.#parseEscape(start));
      case "*":
      case "+":
      case "?":
        throw this.#error(`something to repeat before the ${character}`, start);
      case "{":
        throw this.#error("something to repeat before the {, or \\{ for the character", start);
      default:
        return this.#characterOf(this.#codeOf(character, start));
    }
  }

  #parseGroup(start: number): PatternNode {
    if (this.#take("?") && !this.#take(":")) {
      throw this.#error("( or (?:, as look-around, names and flags are not known", start);
    }
    const node = this.#parseChoice();
    if (!this.#take(")")) throw this.#error("a ) for the (", start);
    return node;
  }

  #parseClass(start: number): PatternNode {
    const isNegated = this.#take("^");
    const set = emptySet();
    // PCRE reads []a] as a class with a bracket, JavaScript as an empty class.
    if (this.#peek() === "]") throw this.#error("a character before the ], or \\]", this.#at);
    while (!this.#take("]")) {
      if (this.#at >= this.#pattern.length) throw this.#error("a ] for the [", start);
      this.#parseClassPart(set, start);
    }
    if (this.#ignoreCase) foldCase(set);
    return { type: "character", set: isNegated ? complement(set) : set };
  }

  /** One character, shorthand or range. */
  #parseClassPart(set: CharacterSet, classStart: number): void {
    const start = this.#at;
    const first = this.#parseClassMember(classStart);
    const isRange = this.#peek() === "-" && this.#pattern[this.#at + 1] !== "]";
    if (!isRange) {
      if (typeof first === "number") set[first] = 1;
      else for (let code = 0; code < 256; code++) if (first[code] === 1) set[code] = 1;
      return;
    }
    this.#at++;
    const last = this.#parseClassMember(classStart);
    if (typeof first !== "number" || typeof last !== "number") {
      throw this.#error("single characters at both ends of the range", start);
    }
    if (last < first) throw this.#error("a range from the lower character to the higher", start);
    set.fill(1, first, last + 1);
  }

  #parseClassMember(classStart: number): number | CharacterSet {
    const start = this.#at;
    if (start >= this.#pattern.length) throw this.#error("a ] for the [", classStart);
    const character = this.#next();
    if (character === "\\") return this.#parseEscape(start);
    if (character === "[" && ":.=".includes(this.#peek() || " ")) {
      throw this.#error("ranges such as a-z, and no [:name:]", start);
    }
    return this.#codeOf(character, start);
  }

  #parseEscape(start: number): number | CharacterSet {
    if (this.#at >= this.#pattern.length) throw this.#error("a character behind the \\", start);
    const character = this.#next();
    const shorthand = SHORTHANDS.get(character);
    if (shorthand !== undefined) return shorthand;
    const code = this.#codeOf(character, start);
    // Letters and digits stand for backreferences, \b and other things that are not in the subset.
    if (WORD[code] === 0 || character === "_") return code;
    throw this.#error(`\\d, \\w, \\s, \\D, \\W or \\S, and not \\${character}`, start);
  }

  #characterOf(member: number | CharacterSet): PatternNode {
    if (typeof member !== "number") return { type: "character", set: member };
    const set = emptySet();
    set[member] = 1;
    if (this.#ignoreCase) foldCase(set);
    return { type: "character", set };
  }

  #codeOf(character: string, position: number): number {
    const code = character.charCodeAt(0);
    if (code <= 0xff) return code;
    throw this.#error("characters up to U+00FF, as field values have", position);
  }

  #peek(): string {
    return this.#pattern[this.#at] ?? "";
  }

  #next(): string {
    return this.#pattern[this.#at++] ?? "";
  }

  #take(character: string): boolean {
    if (this.#pattern[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #badBounds(start: number): AgentPatternError {
    return this.#error("{n}, {n,} or {n,m}, or \\{ for the character", start);
  }

  #error(expected: string, position: number): AgentPatternError {
    return new AgentPatternError(this.#pattern, `${expected}, at position ${position + 1}`);
  }
}

function only(parts: readonly PatternNode[]): PatternNode | undefined {
  return parts.length === 1 ? parts[0] : undefined;
}

/** Adds the other case of every ASCII letter in `set`. */
function foldCase(set: CharacterSet): void {
  for (let upper = 0x41; upper <= 0x5a; upper++) {
    const lower = upper + 0x20;
    if (set[upper] === 0 && set[lower] === 0) continue;
    set[upper] = 1;
    set[lower] = 1;
  }
}
