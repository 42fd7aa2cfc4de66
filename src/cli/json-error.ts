// Where a JSON text (RFC 8259) is broken: JSON.parse of the runtimes does not always say.

export interface JsonError {
  readonly line: number;
  readonly column: number;
  /** What is missing there, for example `"," or "}"`. */
  readonly expected: string;
  /** What stands there. */
  readonly got: string;
}

const BLANK = /[ \t\r\n]*/y;
// A string, a number, a word, or punctuation.
const TOKENS: readonly RegExp[] = [
  /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y,
  /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y,
  /true|false|null/y,
  /[{}[\],:]/y,
];

/** What may come next: a state of the reader below. */
type Wanted = "value" | "first-element" | "first-name" | "name" | "colon" | "separator" | "end";

const EXPECTED: { readonly [W in Wanted]: string } = {
  value: "a value",
  "first-element": 'a value or "]"',
  "first-name": 'a name in double quotes or "}"',
  name: "a name in double quotes",
  colon: '":"',
  separator: '"," or a bracket that closes',
  end: "the end of the file",
};

/** The first place at which `text` is no JSON, or null if it is. */
export function findJsonError(text: string): JsonError | null {
  const open: string[] = [];
  let wanted: Wanted = "value";
  let offset = 0;
  for (;;) {
    const start = endOf(BLANK, text, offset);
    const end = Math.max(...TOKENS.map((pattern) => endOf(pattern, text, start)));
    const token = text.slice(start, end);
    if (token === "" && start === text.length && wanted === "end") return null;
    const next: Wanted | null = token === "" ? null : nextWanted(wanted, token, open);
    if (next === null) return errorAt(text, start, EXPECTED[wanted]);
    wanted = next;
    offset = end;
  }
}

/** The state behind `token`, or null if it cannot stand here. Keeps `open`, the open brackets. */
function nextWanted(wanted: Wanted, token: string, open: string[]): Wanted | null {
  const afterValue = () => (open.length === 0 ? "end" : "separator");
  const isClosing = token === "]" || token === "}";
  if (isClosing && (wanted === "separator" || wanted.startsWith("first-"))) {
    if (open.pop() !== (token === "]" ? "[" : "{")) return null;
    return afterValue();
  }
  switch (wanted) {
    case "value":
    case "first-element":
      if (token === "[" || token === "{") {
        open.push(token);
        return token === "[" ? "first-element" : "first-name";
      }
      return /^[\]},:]$/.test(token) ? null : afterValue();
    case "first-name":
    case "name":
      return token.startsWith('"') ? "colon" : null;
    case "colon":
      return token === ":" ? "value" : null;
    case "separator":
      if (token !== ",") return null;
      return open.at(-1) === "[" ? "value" : "name";
    case "end":
      return null;
  }
}

function endOf(pattern: RegExp, text: string, offset: number): number {
  pattern.lastIndex = offset;
  return pattern.test(text) ? pattern.lastIndex : offset;
}

function errorAt(text: string, offset: number, expected: string): JsonError {
  const before = text.slice(0, offset).split("\n");
  const word = /^(?:[\w$.+-]{1,20}|[\s\S])/u.exec(text.slice(offset))?.[0];
  return {
    line: before.length,
    column: (before.at(-1)?.length ?? 0) + 1,
    expected,
    got: word === undefined ? "the end of the file" : JSON.stringify(word),
  };
}
