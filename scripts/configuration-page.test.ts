import { describe, expect, it } from "vitest";
import { configJsonSchema } from "../src/cli/setting-schema.ts";
import {
  configurationPage,
  currentConfigSchema,
  currentConfigurationPage,
} from "./configuration-page.ts";

// Goal: the published schema and the tables of the page are the ones that the settings give.
// Method: both are compared as text; `npm run docs` writes them.

describe("config.schema.json", () => {
  it("the settings as they are: the schema is up to date", () => {
    expect(currentConfigSchema()).toBe(configJsonSchema());
  });
});

describe("docs/configuration.md", () => {
  it("the settings as they are: the table is up to date", () => {
    expect(currentConfigurationPage()).toBe(configurationPage());
  });
});
