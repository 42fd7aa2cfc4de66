import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, it } from "vitest";
import { isUsageError } from "./cli-error.ts";
import { parseClientRulesText, readClientRulesFile } from "./client-rules-file.ts";

// Goal: whoever wrote the file can mend it from the sentence. How: wrong documents, whole messages.

const FOLDER = mkdtempSync(join(tmpdir(), "finwait-rules-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));

const RULE = {
  name: "old",
  pattern: "Old/1",
  methods: ["POST"],
  effect: { persistence: "off" },
  source: "a letter",
  found: "1996",
};
const WANTED = 'an array of rules, or an object with "rules"';

const BAD: readonly (readonly [document: unknown, message: string])[] = [
  [5, `cannot use 5: expected ${WANTED}`],
  [null, `cannot use null: expected ${WANTED}`],
  [{ rules: 5 }, "cannot use 5: expected an array"],
  [{}, "cannot use undefined: expected an array"],
  [{ rules: [], version: 1 }, 'cannot use "version": expected one of $schema, rules'],
  [{ $schema: 1, rules: [] }, "cannot use $schema 1: expected a string"],
  [[RULE, "x"], 'cannot use "x" in client rule 2: expected an object'],
  [[RULE, null], "cannot use null in client rule 2: expected an object"],
  [[{ ...RULE, name: 5 }], "cannot use name 5 in client rule 1: expected a string"],
  [
    [{ ...RULE, pattern: undefined }],
    'cannot use pattern undefined in client rule 1 ("old"): expected a string',
  ],
  [
    { rules: [{ ...RULE, methods: "POST" }] },
    'cannot use methods "POST" in client rule 1 ("old"): expected an array',
  ],
  [
    [{ ...RULE, ignoreCase: "yes" }],
    'cannot use ignoreCase "yes" in client rule 1 ("old"): expected true or false',
  ],
  [
    [{ ...RULE, agent: "x" }],
    'cannot use "agent" in client rule 1 ("old"): expected one of ' +
      "name, pattern, ignoreCase, methods, effect, source, found",
  ],
  [
    [{ ...RULE, effect: { close: true } }],
    'cannot use "close" in client rule 1 ("old"): expected one of ' +
      "persistence, http10, shortLinger",
  ],
  [
    [{ ...RULE, effect: { persistence: "on" } }],
    'cannot use effect.persistence "on" in client rule 1 ("old"): expected "off", or nothing',
  ],
  [
    [{ ...RULE, effect: "x".repeat(100) }],
    `cannot use effect "${"x".repeat(59)}… in client rule 1 ("old"): expected an object`,
  ],
  // From here on the schema is content, and parseClientRules() is not.
  [
    [{ ...RULE, pattern: "(" }],
    'cannot use pattern "(" in client rule 1 ("old"): expected a ) for the (, at position 1',
  ],
  [
    [RULE, RULE],
    'cannot use name "old" in client rule 2: expected another one, as client rule 1 has it',
  ],
];

const sentenceOf = (parse: () => unknown): string => {
  try {
    parse();
  } catch (error) {
    assert.ok(isUsageError(error), String(error));
    return error.message;
  }
  return "nothing was thrown";
};

describe("parseClientRulesText", () => {
  for (const [document, message] of BAD) {
    const text = JSON.stringify(document);
    it(`${text.slice(0, 70)}: is refused`, () => {
      const parse = () => parseClientRulesText(text, "rules.json");
      assert.equal(sentenceOf(parse), `Cannot use rules.json: ${message}`);
    });
  }

  // One line each: a reload says in one line why it changes nothing.
  it.each([
    ["[", 'line 1 column 2: expected a value or "]", got the end of the file'],
    ['{"rules":[}\n', 'line 1 column 11: expected a value or "]", got "}"'],
  ])("no JSON, %j: is refused with its place", (text, what) => {
    const sentence = sentenceOf(() => parseClientRulesText(text, "rules.json"));
    assert.equal(sentence, `Cannot use rules.json ${what}`);
  });

  it("a device: is refused before it is read", () => {
    const sentence = sentenceOf(() => readClientRulesFile("/dev/zero"));
    assert.equal(sentence, "Cannot read /dev/zero: expected a file of at most 1048576 bytes");
  });

  it("an object with a schema, a bare array: are read", () => {
    const object = JSON.stringify({ $schema: "https://example.com/rules", rules: [RULE] });
    for (const text of [object, JSON.stringify([RULE])]) {
      assert.deepEqual(parseClientRulesText(text, "rules.json"), [RULE]);
    }
  });
});

describe("readClientRulesFile", () => {
  it("a file, with a byte order mark or without: is read", () => {
    const file = join(FOLDER, "rules.json");
    for (const mark of ["", "\ufeff"]) {
      writeFileSync(file, mark + JSON.stringify([RULE]));
      assert.deepEqual(readClientRulesFile(file), [RULE]);
    }
  });

  it("no file: says so", () => {
    const file = join(FOLDER, "none.json");
    const sentence = sentenceOf(() => readClientRulesFile(file));
    assert.equal(sentence, `Cannot read ${file}: there is no such file`);
  });

  it("a file larger than the limit: is not read", () => {
    const file = join(FOLDER, "large.json");
    writeFileSync(file, " ".repeat(1_048_577));
    const sentence = sentenceOf(() => readClientRulesFile(file));
    assert.equal(sentence, `Cannot read ${file}: expected a file of at most 1048576 bytes`);
  });
});
