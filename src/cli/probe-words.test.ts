import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { CATALOGUE } from "../probe/cases/catalogue.ts";
import { TOPICS } from "../probe/cases/topics.ts";
import { byTopic } from "./probe-words.ts";

// Goal: nobody has to guess what a topic is about. How: the record against the catalogue.

describe("TOPICS", () => {
  it("the topics of the catalogue, in their order, and no other", () => {
    assert.deepEqual(Object.keys(TOPICS), [...byTopic(CATALOGUE).keys()]);
  });
});
