import assert from "node:assert/strict";
import { Command } from "commander";
import { describe, it } from "vitest";
import { CATALOGUE } from "../probe/cases/catalogue.ts";
import { DEFAULT_SETTINGS } from "../probe/probe-settings.ts";
import { addProbeOptions, casesOf, type ProbeFlags, pathsOf, settingsOf } from "./probe-options.ts";

// Goal: options have bounds, and say what they want. How: command lines, parsed and never run.

function parsed(...args: readonly string[]): ProbeFlags {
  const command = addProbeOptions(new Command("probe")).exitOverride();
  command.configureOutput({ writeErr: () => {} });
  return command.parse(args, { from: "user" }).opts<ProbeFlags>();
}

describe("settingsOf, pathsOf", () => {
  it("no options: the defaults", () => {
    const flags = parsed();
    assert.deepEqual(settingsOf(flags), DEFAULT_SETTINGS);
    assert.deepEqual(pathsOf("/page", flags), { page: "/page" });
    assert.equal(flags.repeat, 1);
  });

  it("every number and every path: in its place", () => {
    const numbers = "--answer-ms 101 --hold-ms 102 --upload-bytes 1000003 --max-connections 104";
    const more = "--max-total-connections 105 --max-bytes 1000006 --max-seconds 107";
    const paths = "--medium-path /m --large-path /l --refuse-path /r --upload-path /u?x=%20";
    const flags = parsed(...`${numbers} ${more} ${paths} --empty-path /`.split(" "));
    assert.deepEqual(settingsOf(flags), {
      answerMs: 101,
      holdMs: 102,
      boundMs: 60_000,
      uploadBytes: 1_000_003,
      connectionLimit: 104,
      totalConnectionLimit: 105,
      sendLimitBytes: 1_000_006,
      durationLimitMs: 107_000,
    });
    assert.deepEqual(pathsOf("/", flags), {
      page: "/",
      medium: "/m",
      large: "/l",
      refuse: "/r",
      upload: "/u?x=%20",
      empty: "/",
    });
  });

  const wrong: readonly (readonly [args: string, expected: RegExp])[] = [
    ["--repeat 0", /Expected a whole number from 1 to 1,000\.$/],
    ["--max-connections 15", /Expected a whole number from 16 to 1,024\.$/],
    ["--max-seconds 1.5", /Expected a whole number from 1 to 86,400\.$/],
    ["--max-bytes 1e9", /Expected a whole number from 1,000,000 to 1,000,000,000,000\.$/],
    ["--hold-ms -1", /Expected a whole number from 100 to 3,600,000\.$/],
    ["--large-path large", /Expected a path that begins with \/, percent-encoded/],
    ["--large-path http://127.0.0.1/", /Expected a path that begins with \//],
    ["--large-path /#a", /Expected a path that begins with \//],
    ["--large-path /\u00e4", /Expected a path that begins with \//],
    ["--large-path /a\r\nX:", /Expected a path that begins with \//],
  ];
  it.each(wrong)("%j: refused", (args, expected) => {
    assert.throws(() => parsed(...args.split(" ")), { message: expected });
  });
});

describe("casesOf", () => {
  const [first, second] = CATALOGUE;
  const last = CATALOGUE.at(-1);
  assert.ok(first !== undefined && second !== undefined && last !== undefined);

  it("nothing: the whole catalogue", () => assert.equal(casesOf([]), CATALOGUE));

  it("ids in any order, and twice: each once, as in the catalogue", () => {
    assert.deepEqual(casesOf([last.id, first.id, last.id]), [first, last]);
  });

  it("a topic: all of its cases", () => {
    const topic = first.id.slice(0, first.id.indexOf("/"));
    assert.deepEqual(
      casesOf([topic, first.id]),
      CATALOGUE.filter(({ id }) => id.startsWith(`${topic}/`)),
    );
  });

  it("a slip: the nearest name", () => {
    const slip = first.id.replace("/", "/x");
    assert.throws(() => casesOf([slip]), {
      name: "UsageError",
      message: new RegExp(`^Cannot find case "${slip}": expected perhaps ${first.id}; one of the `),
    });
  });

  it("nothing like it: the topics", () => {
    assert.throws(() => casesOf(["zzzzzzzzzz"]), {
      message: /^Cannot find case "z+": expected one of the topics early, .*, or an id of --list$/,
    });
  });
});
