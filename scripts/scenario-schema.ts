import { readFileSync, writeFileSync } from "node:fs";
import { scenarioJsonSchema } from "../src/cli/simulate-schema.ts";
import { unitOf } from "../src/cli/unit-words.ts";
import { type InterfaceDocs, interfaceDocs } from "./doc-comments.ts";

// scenario.schema.json, which is made from what `finwait simulate` checks, and from the comments of
// the types that a scenario has.

const SCHEMA = new URL("../scenario.schema.json", import.meta.url);
const TYPES = ["scenario", "client-profile"].map(
  (name) => new URL(`../src/scenario/${name}.ts`, import.meta.url),
);

/** As much of a JSON schema as is read and written here. */
export interface DescribedNode {
  readonly properties?: Readonly<Record<string, DescribedNode>>;
  readonly items?: DescribedNode;
  readonly anyOf?: readonly DescribedNode[];
  readonly required?: readonly string[];
  description?: string;
  default?: unknown;
}

/** As it must stand in the package. */
export function scenarioSchema(): DescribedNode {
  const docs: InterfaceDocs = new Map(
    TYPES.flatMap((path) => [...interfaceDocs(readFileSync(path, "utf8"))]),
  );
  const schema: DescribedNode = structuredClone(scenarioJsonSchema());
  describe(schema, "Scenario", docs);
  return { ...{ title: "A scenario of finwait simulate" }, ...schema };
}

export function scenarioSchemaText(): string {
  return `${JSON.stringify(scenarioSchema(), null, 2)}\n`;
}

/** As it stands now. */
export function currentScenarioSchema(): string {
  return readFileSync(SCHEMA, "utf8");
}

export function writeScenarioSchema(): void {
  writeFileSync(SCHEMA, scenarioSchemaText());
}

/** Writes the words of the interface `typeName` into `node`, and on into what is inside of it. */
function describe(node: DescribedNode, typeName: string, docs: InterfaceDocs): void {
  for (const [name, property] of Object.entries(node.properties ?? {})) {
    const doc = docs.get(typeName)?.get(name);
    if (doc === undefined) continue;
    const unit = unitOf(name);
    property.description = doc.text + (unit === null ? "" : ` Unit: ${unit}.`);
    if (doc.default !== undefined) property.default = doc.default;
    const inner = [...docs.keys()].find((each) => new RegExp(`\\b${each}\\b`).test(doc.type));
    if (inner === undefined) continue;
    for (const choice of [property, property.items ?? {}, ...(property.anyOf ?? [])]) {
      describe(choice, inner, docs);
    }
  }
}
