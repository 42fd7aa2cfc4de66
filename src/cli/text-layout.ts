// Text for a terminal of 80 columns: wrapping, cutting, color where it is wanted.

export const TEXT_COLUMNS = 80;

/** Emphasis; the identity where color is not wanted. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly red: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly green: (text: string) => string;
  readonly dim: (text: string) => string;
}

const PLAIN: Paint = {
  bold: (text) => text,
  red: (text) => text,
  yellow: (text) => text,
  green: (text) => text,
  dim: (text) => text,
};

const sgr = (code: number) => (text: string) => `\x1b[${code}m${text}\x1b[0m`;
const COLORED: Paint = {
  bold: sgr(1),
  red: sgr(31),
  yellow: sgr(33),
  green: sgr(32),
  dim: sgr(2),
};

export interface PaintInput {
  readonly isTerminal: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Color on terminals, but for NO_COLOR (https://no-color.org) and terminals that cannot. */
export function paintFor({ isTerminal, environment }: PaintInput): Paint {
  const isUnwanted = (environment.NO_COLOR ?? "") !== "" || environment.TERM === "dumb";
  return isTerminal && !isUnwanted ? COLORED : PLAIN;
}

/** Lines of at most {@link TEXT_COLUMNS}, each behind `indent` blanks. Long words stay whole. */
export function wrapText(text: string, indent: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && indent + longer.length > TEXT_COLUMNS) {
      lines.push(" ".repeat(indent) + line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, " ".repeat(indent) + line];
}

/** As `Why: a long text`, its further lines below the text. */
export function labelledText(label: string, text: string, indent: number): string[] {
  const [first = "", ...rest] = wrapText(text, indent + label.length + 1);
  return [`${" ".repeat(indent)}${label} ${first.trimStart()}`, ...rest];
}

/** Exactly `width` columns: padded, or cut with an ellipsis. */
export function cell(text: string, width: number): string {
  return text.length <= width ? text.padEnd(width) : `${text.slice(0, width - 3)}...`;
}
