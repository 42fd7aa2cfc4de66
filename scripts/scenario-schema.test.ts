import assert from "node:assert/strict";
import { describe, it } from "vitest";
import {
  currentScenarioSchema,
  type DescribedNode,
  scenarioSchema,
  scenarioSchemaText,
} from "./scenario-schema.ts";

// Goal: the schema in the package is the one that finwait checks by, and an editor can explain all
// of it. How: both are compared, and every property is walked.

/** Paths of all properties that lack words. */
function silentIn(node: DescribedNode, path: string): string[] {
  const inner = Object.entries(node.properties ?? {}).flatMap(([name, property]) => {
    const place = path === "" ? name : `${path}.${name}`;
    return [...(property.description ? [] : [place]), ...silentIn(property, place)];
  });
  const others = [...(node.anyOf ?? []), ...(node.items === undefined ? [] : [node.items])];
  return [...inner, ...others.flatMap((each) => silentIn(each, path))];
}

describe("scenario.schema.json", () => {
  it("is what `npm run docs` makes", () => {
    assert.equal(currentScenarioSchema(), scenarioSchemaText());
  });

  it("every property: says what it is", () => {
    assert.deepEqual(silentIn(scenarioSchema(), ""), []);
  });

  it("a number with a unit and a default, of a comment: says both", () => {
    const { server, visitors } = scenarioSchema().properties ?? {};
    const { memoryBytes, application, close } = server?.properties ?? {};
    assert.equal(
      memoryBytes?.description,
      "Bytes of the kernel for connections. `null`: no limit. Unit: bytes.",
    );
    const { handlerMs } = application?.properties ?? {};
    assert.match(handlerMs?.description ?? "", /from the request to the response\. Unit: millis/);
    assert.equal(handlerMs?.default, 0);
    const { lingerIdleTimeoutMs } = close?.properties ?? {};
    assert.match(lingerIdleTimeoutMs?.description ?? "", /^Longest silence .* Unit: millisec/);
    assert.equal(lingerIdleTimeoutMs?.default, 5_000);
    const profile = visitors?.items?.properties?.client?.anyOf?.[1]?.properties;
    assert.equal(profile?.bufferBytes?.default, 262_144);
    const check = profile?.onFin?.anyOf?.[1]?.properties?.checkEveryMs;
    assert.equal(check?.description, "Time from one look to the next. Unit: milliseconds.");
  });
});
