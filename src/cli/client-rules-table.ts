import type { ClientRule } from "../closing/client-rules.ts";

// Client rules as text: a table for a terminal, and one paragraph about one client.

const COLUMNS = ["name", "pattern", "method", "effect", "source", "found"] as const;
/** What is cut to fit, and how far: the shipped rules fit 80 columns. The others are short. */
const LEAST_WIDTHS: Readonly<Record<string, number>> = { name: 24, pattern: 10, source: 8 };
const GAP = "  ";

/**
 * One line per rule below a head line. `widthColumns` is the terminal's, or `null` to cut nothing.
 */
export function clientRulesTable(
  rules: readonly ClientRule[],
  widthColumns: number | null,
): string[] {
  const rows = rules.map((rule) => ({
    name: rule.name,
    pattern: rule.ignoreCase === true ? `${rule.pattern} (any case)` : rule.pattern,
    method: rule.methods?.join(",") ?? "all",
    effect: effectTokens(rule),
    source: rule.source,
    found: rule.found,
  }));
  const widths = COLUMNS.map((column) => {
    return Math.max(column.length, ...rows.map((row) => row[column].length));
  });
  if (widthColumns !== null) narrow(widths, widthColumns);
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => cut(cell, widths[index] ?? 0))
      .join(GAP)
      .trimEnd();
  return [line(COLUMNS), ...rows.map((row) => line(COLUMNS.map((column) => row[column])))];
}

function effectTokens({ effect }: ClientRule): string {
  const tokens = [
    ...(effect.persistence === "off" ? ["close"] : []),
    ...(effect.http10 === true ? ["http/1.0"] : []),
    ...(effect.shortLinger === true ? ["short"] : []),
  ];
  return tokens.length === 0 ? "good" : tokens.join(",");
}

/** Narrows the widest column that may be cut, until the line fits or none is left. */
function narrow(widths: number[], widthColumns: number): void {
  const room = () => widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length);
  while (room() > widthColumns) {
    let widest = -1;
    for (const [index, column] of COLUMNS.entries()) {
      const least = LEAST_WIDTHS[column];
      const width = widths[index] ?? 0;
      if (least !== undefined && width > least && width > (widths[widest] ?? 0)) widest = index;
    }
    if (widest < 0) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

const cut = (text: string, width: number): string =>
  text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);

/** What happens to a request of a client, and why. */
export function clientVerdictText(
  rule: ClientRule | null,
  method: string,
  isBehindProxy: boolean,
): string {
  if (rule === null) return "No rule concerns this client: its connections persist.";
  const match = `Rule ${rule.name} matches with the pattern ${rule.pattern}`;
  const because = `${match} (source: ${rule.source}; found: ${rule.found}).`;
  if (isBehindProxy) {
    const why = "because the request came through a proxy: the connection is the proxy's";
    return `${because} It yields, ${why}, and persists.`;
  }
  return `${because} ${effectText(rule, method)}`;
}

function effectText({ effect, methods }: ClientRule, method: string): string {
  const sentences: string[] = [];
  if (effect.http10 === true) {
    const how = "no chunked coding, no 100 (Continue), and the connection ends after the response";
    sentences.push(`The request is treated as HTTP/1.0: ${how}.`);
  } else if (effect.persistence === "off") {
    const which = methods === undefined ? "every response" : `the response to a ${method}`;
    sentences.push(`The connection ends after ${which} (Connection: close).`);
  }
  if (effect.shortLinger === true) sentences.push("Lingering is short.");
  if (sentences.length === 0)
    sentences.push("The client is known to be good: its connections persist.");
  return sentences.join(" ");
}
