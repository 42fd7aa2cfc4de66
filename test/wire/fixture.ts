// Wire fixtures: Markdown files with the bytes a peer sends, and the log of events they must give.
//
// README.md in this folder is the description of the format, for its readers and for this file.

export interface WireCase {
  readonly title: string;
  /** The line of the title, from 1. */
  readonly line: number;
  /** One character per byte. */
  readonly request: string;
  /** The peer sends FIN behind the request. */
  readonly fin: boolean;
  readonly limits: Readonly<Record<string, number>>;
  /** Lines without the line breaks between them. */
  readonly events: readonly string[];
}

const FENCE = "```";
const FIN_LINE = "<FIN>";
const LIMIT = /^Limit: `(\w+)` (\d+)$/;

/**
 * The cases of one file.
 *
 * @throws {Error} A case lacks a block, has two of them, or an escape is unknown.
 */
export function parseWireFile(path: string, markdown: string): readonly WireCase[] {
  const lines = markdown.split("\n");
  const starts = lines.flatMap((line, index) => (line.startsWith("## ") ? [index] : []));
  return starts.map((start, index) =>
    parseCase(path, start + 1, lines.slice(start, starts[index + 1])),
  );
}

function parseCase(path: string, line: number, lines: readonly string[]): WireCase {
  const title = (lines[0] ?? "").slice(3).trim();
  const where = `${path}:${line} "${title}"`;
  const request = [...block(where, lines, "request")];
  const fin = request.at(-1) === FIN_LINE;
  if (fin) request.pop();
  const limits = Object.fromEntries(
    lines.flatMap((each) => {
      const [, name, value] = LIMIT.exec(each) ?? [];
      return name === undefined ? [] : [[name, Number(value)]];
    }),
  );
  const events = block(where, lines, "events");
  return { title, line, request: requestBytes(where, request), fin, limits, events };
}

function block(where: string, lines: readonly string[], name: string): readonly string[] {
  const starts = lines.flatMap((line, index) => (line === FENCE + name ? [index] : []));
  const [start] = starts;
  if (start === undefined || starts.length > 1) {
    throw new Error(`Cannot read ${where}: expected one block "${name}", got ${starts.length}`);
  }
  const length = lines.slice(start + 1).indexOf(FENCE);
  if (length < 0) throw new Error(`Cannot read ${where}: block "${name}" does not end`);
  return lines.slice(start + 1, start + 1 + length);
}

function requestBytes(where: string, lines: readonly string[]): string {
  const joined = lines.map((line) => {
    const isOpen = /(?:^|[^\\])(?:\\\\)*\\$/.test(line);
    return isOpen ? line.slice(0, -1) : `${line}\\r\\n`;
  });
  return joined.join("").replaceAll(/\\(x[0-9a-f]{2}|.)/g, (_, code: string) => {
    if (code.startsWith("x")) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    const known: Readonly<Record<string, string>> = { r: "\r", n: "\n", t: "\t", "\\": "\\" };
    const character = known[code];
    if (character !== undefined) return character;
    throw new Error(`Cannot read ${where}: expected \\r \\n \\t \\\\ or \\xhh, got "\\${code}"`);
  });
}
