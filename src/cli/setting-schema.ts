import { z } from "zod";
import type { Setting } from "./setting.ts";
import { SETTINGS } from "./setting-table.ts";
import { unitOf } from "./unit-words.ts";

// The schema of finwait.config.json, made from the table of settings: as zod for us, and as JSON
// schema for editors. Unknown names are errors in both.
//
// Defaults are notes in it, never filled in: who reads the file has to see what it does not say.

/** What is wrong with a file: where, and what zod calls it. */
export type FileIssue = z.core.$ZodIssue;

/** Where editors find the schema of the installed package. */
const SCHEMA_HINT = "./node_modules/finwait/config.schema.json";

const SECTION_HELP: Readonly<Record<string, string>> = {
  tls: "Certificate and key make it an https server.",
  static: "How the files are served.",
  close: "How connections end.",
  limits: "How much of the server one client, or all of them, may hold.",
  learnedClients: "Clients whose connections end badly again and again.",
  shutdown: "What happens at SIGTERM and SIGINT.",
};

/** A value as zod checks it, with the notes for the JSON schema. */
function valueSchema(setting: Setting): z.ZodType {
  const unit = setting.type === "number" ? unitOf(setting.name) : null;
  const description = sentence(setting.help) + (unit === null ? "" : ` Unit: ${unit}.`);
  const notes = { description, default: setting.default };
  switch (setting.type) {
    case "number":
      return z.int().min(setting.least).max(setting.most).meta(notes);
    case "choice":
      return z.enum(setting.choices).meta(notes);
    case "text":
      return (setting.canBeEmpty ? z.string() : z.string().min(1)).meta(notes);
    case "switch":
      return z.boolean().meta(notes);
  }
}

function sentence(help: string): string {
  return `${help.charAt(0).toUpperCase()}${help.slice(1)}.`;
}

/** The file: settings by their names, the ones with a dot in an object of their section. */
const FILE_SCHEMA = z.strictObject({
  $schema: z
    .string()
    .meta({ description: `For editors, for example "${SCHEMA_HINT}".` })
    .optional(),
  ...Object.fromEntries(
    sections().map((section) => {
      const isName = SETTINGS.some(({ name }) => name === section);
      return [section, (isName ? schemaOf(section) : sectionSchema(section)).optional()];
    }),
  ),
});

/** The settings of one section, each of which may be left out. */
export function sectionSchema(section: string): z.ZodType {
  const inside = SETTINGS.filter(({ name }) => name.startsWith(`${section}.`));
  const shape = Object.fromEntries(
    inside.map(({ name }) => [name.slice(section.length + 1), schemaOf(name).optional()]),
  );
  return z.strictObject(shape).meta({ description: SECTION_HELP[section] ?? "" });
}

/** The names at the top of the file, each once. */
export function sections(): string[] {
  return [...new Set(SETTINGS.map(({ name }) => name.replace(/\..*/, "")))];
}

function schemaOf(name: string): z.ZodType {
  const setting = SETTINGS.find((each) => each.name === name);
  if (setting === undefined) throw new TypeError(`Cannot find the setting ${name}`);
  return valueSchema(setting);
}

/** The first thing that is wrong with the content of a file, or null. */
export function issueOfFile(content: unknown): FileIssue | null {
  return FILE_SCHEMA.safeParse(content).error?.issues[0] ?? null;
}

/** config.schema.json, as it must stand in the package. */
export function configJsonSchema(): string {
  const schema = z.toJSONSchema(FILE_SCHEMA, { target: "draft-7" });
  const title = "finwait.config.json, the settings of finwait serve";
  return `${JSON.stringify({ title, ...schema }, null, 2)}\n`;
}
