// The doc comments of interfaces, by name, as texts for schemas. A few regular expressions for the
// plain types of files such as src/scenario/scenario.ts, not a parser.

export interface PropertyDoc {
  /** The type as written; of an alias in the same file what it stands for. */
  readonly type: string;
  /** The comment as one line, without its `@default`. */
  readonly text: string;
  /** As JSON would have it; `undefined`: the comment names none. */
  readonly default: unknown;
}

/** Documented properties by the names of their interfaces. */
export type InterfaceDocs = ReadonlyMap<string, ReadonlyMap<string, PropertyDoc>>;

const INTERFACE = /^export interface (\w+) \{\n([\s\S]*?)^\}/gm;
const PROPERTY = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*readonly (\w+)\??: ([^;]+);/g;
const ALIAS = /^export type (\w+) =([\s\S]*?);$/gm;
const DEFAULT = /\s*@default (\S+)/;

export function interfaceDocs(source: string): InterfaceDocs {
  const aliases = new Map(
    [...source.matchAll(ALIAS)].map(([, name = "", type = ""]) => [name, type]),
  );
  return new Map(
    [...source.matchAll(INTERFACE)].map(([, name = "", body = ""]) => [
      name,
      propertyDocs(body, aliases),
    ]),
  );
}

function propertyDocs(
  body: string,
  aliases: ReadonlyMap<string, string>,
): ReadonlyMap<string, PropertyDoc> {
  return new Map(
    [...body.matchAll(PROPERTY)].map(([, comment = "", name = "", type = ""]) => {
      const line = comment
        .replace(/\s*\n\s*\*/g, " ")
        .replace(/\s+/g, " ")
        .trim();
      const meant = aliases.get(type) ?? type;
      return [name, { type: meant, text: line.replace(DEFAULT, ""), default: defaultOf(line) }];
    }),
  );
}

function defaultOf(line: string): unknown {
  const written = DEFAULT.exec(line)?.[1];
  return written === undefined ? undefined : JSON.parse(written.replaceAll("_", ""));
}
