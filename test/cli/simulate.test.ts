import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, it } from "vitest";
import type { ScenarioResult } from "../../src/scenario/scenario-result.ts";

// Goal: `finwait simulate` as somebody at a terminal sees it. Method: the built command runs as a
// process of its own, with shortened scenarios in files.

const MAIN = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const SCENARIOS = new URL("../../scenarios/", import.meta.url).pathname;
const FOLDER = mkdtempSync(join(tmpdir(), "finwait-simulate-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));

interface Content {
  readonly [name: string]: unknown;
}

function finwait(...args: string[]): { output: string; errors: string; exit: number | null } {
  const options = { encoding: "utf8", timeout: 15_000 } as const;
  const { stdout, stderr, status } = spawnSync(process.execPath, [MAIN, ...args], options);
  return { output: stdout, errors: stderr, exit: status };
}

const shipped = (name: string): Content =>
  JSON.parse(readFileSync(join(SCENARIOS, `${name}.json`), "utf8")) as Content;

/** A file with a shipped scenario in it, changed. */
function fileOf(name: string, from: string, changes: Content): string {
  const path = join(FOLDER, `${name}.json`);
  writeFileSync(path, JSON.stringify({ ...shipped(from), ...changes }));
  return path;
}

const SUNOS = shipped("apache-1.2-sunos").server as Content;
const BROKEN = [{ client: "browser-never", arrivalsPerSecond: 1 }];
/** 102,400 bytes / (1 per second x 512 bytes) = 200 s. */
const CRASH = fileOf("crash", "apache-1.2-sunos", {
  server: { ...SUNOS, memoryBytes: 102_400 },
  visitors: BROKEN,
  durationSeconds: 300,
  sampleSeconds: 5,
});
const CALM = fileOf("calm", "finwait-default", {
  visitors: BROKEN,
  durationSeconds: 300,
  sampleSeconds: 5,
});

describe("finwait simulate", () => {
  it("--list: the shipped ones with their questions", () => {
    const { output, exit } = finwait("simulate", "--list");
    assert.equal(exit, 0);
    for (const file of readdirSync(SCENARIOS)) {
      assert.ok(output.includes(`${file.replace(".json", "")}: `), file);
    }
    assert.match(output, /\n {2}clients: browser-good, /);
    assert.match(output, /\n {2}systems: linux-6, /);
    const { clients, systems } = JSON.parse(finwait("simulate", "--list", "--json").output) as {
      readonly clients: readonly string[];
      readonly systems: readonly string[];
    };
    assert.ok(clients.includes("curl") && systems.includes("sunos-4"));
  });

  it("no argument: the list, and how to go on", () => {
    const { output, exit } = finwait("simulate");
    assert.equal(exit, 0);
    assert.match(
      output,
      /\napache-1\.2-sunos: .*\nUsage: finwait simulate <name, or a JSON fi.*\n$/s,
    );
  });

  it("a machine that fills up: table, time line, and where it crashed, in 80 columns", () => {
    const { output, errors, exit } = finwait("simulate", CRASH);
    assert.equal(exit, 0, errors);
    const answer =
      /\nCrashed after [23] min \d+ s: \d+ sockets in FIN-WAIT-2 of \d+ filled 100 KiB; /;
    assert.match(output, answer);
    assert.match(output, /\ncrashed after +[23] min \d+ s\n/);
    assert.match(output, /\n {2}fin-wait-2 +\d+ +[\d.]+\n/);
    assert.match(output, /sockets in FIN-WAIT-2: # orphaned, \+ owned by the server\n.*#+X/s);
    assert.match(output, /memory of the kernel for connections, in percent of the limit\n.*#+X/s);
    for (const line of output.split("\n")) assert.ok(line.length <= 80, line);
    assert.match(errors, /million events in .*million a minute\n$/);
  });

  it("--json: the same seed gives the same bytes", () => {
    const one = finwait("simulate", CRASH, "--json");
    assert.equal(finwait("simulate", CRASH, "--json", "--seed", "1").output, one.output);
    const result = JSON.parse(one.output) as ScenarioResult;
    const expectedMs = (102_400 / 512) * 1_000;
    assert.ok(result.crashedAtMs !== null, "no crash");
    // Small numbers: what is alive takes a sixth of this memory.
    assert.ok(Math.abs(result.crashedAtMs - expectedMs) < expectedMs * 0.25, `${expectedMs}`);
    assert.equal(result.samples.at(-1)?.atMs, result.crashedAtMs);
  });

  it("--json: what has ended and what is open are what was accepted", () => {
    const calm = JSON.parse(finwait("simulate", CALM, "--json").output) as ScenarioResult;
    const endedCount = Object.values(calm.endings).reduce((sum, each) => sum + each, 0);
    assert.ok(calm.openCount > 0 && endedCount > 0);
    assert.equal(endedCount + calm.openCount, calm.acceptedCount);
  });

  it("--compare: a column each, and --svg: a panel each", () => {
    const svg = join(FOLDER, "both.svg");
    const { output, exit } = finwait("simulate", "--compare", `${CRASH},${CALM}`, "--svg", svg);
    assert.equal(exit, 0);
    assert.match(output, /crash\.json\n/);
    assert.match(output, /\n\S+crash\.json: Apache 1\.2 on SunOS 4:/);
    assert.match(output, /crashed after .* s\n/);
    assert.match(output, /crashed after +no crash\n/);
    const picture = readFileSync(svg, "utf8");
    assert.match(picture, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    assert.equal(picture.split("<polyline").length - 1, 2);
    assert.match(picture, />crash after \d min \d+ s</);
    assert.match(picture, /prefers-color-scheme: dark/);
    assert.doesNotMatch(picture, /NaN|undefined|href/);
  });
});

describe("finwait simulate --trace", () => {
  it("list: a connection for each kind; the longest FIN-WAIT-2 can be traced", () => {
    const { output, errors, exit } = finwait("simulate", CRASH, "--trace", "list");
    assert.equal(exit, 0, errors);
    assert.match(output, /^\S+crash\.json, seed 1: \d+ connections, 1 to \d+, in \d min \d+ s\n/);
    const number = /\nlongest in FIN-WAIT-2: [\dmins. ]+? {2,}(\d+) /.exec(output)?.[1] ?? "";
    const trace = finwait("simulate", CRASH, "--trace", number);
    assert.match(trace.output, /^connection \d+ of \S+crash\.json, seed 1: browser-never, 10\./);
    assert.match(trace.output, / syn-sent +listen +client: browser-never connects\n/);
    assert.match(trace.output, / established +established +client: GET \/6000 HTTP\/1\.0\n/);
    assert.match(trace.output, / close-wait +fin-wait-1 +< FIN \d+:\d+ ack \d+ win \d+ len 0\n/);
    assert.match(trace.output, / close-wait +\(fin-wait-2\) +server: close\(\)\n/);
    assert.match(trace.output, / crashed +server's kernel: the machine crashes\n/);
  });

  it("the same seed: the same trace; another one: another", () => {
    const traceOf = (...args: string[]): string =>
      finwait("simulate", CALM, "--trace", "3", ...args).output;
    const one = traceOf();
    assert.equal(traceOf("--seed", "1"), one);
    assert.notEqual(traceOf("--seed", "2"), one);
  });

  it("--json: the same lines", () => {
    const { output } = finwait("simulate", CALM, "--trace", "1", "--json");
    const { connection, client, lines } = JSON.parse(output) as Content & {
      readonly lines: readonly { readonly event: Content }[];
    };
    assert.deepEqual([connection, client], [1, "browser-never"]);
    assert.deepEqual(lines[1]?.event.flags, ["SYN"]);
    const list = finwait("simulate", CALM, "--trace", "list", "--json").output;
    assert.match(list, /"what": "first-of browser-never",\n +"connection": 1,/);
  });
});

describe("what cannot be played", () => {
  const refused = (...args: string[]): string => {
    const { output, errors, exit } = finwait("simulate", ...args);
    assert.deepEqual([output, exit], ["", 1]);
    assert.equal(errors.split("\n").length, 2, errors);
    return errors;
  };

  it("a connection that is not there, or a flag that does not go with it: why", () => {
    const { output, errors, exit } = finwait("simulate", CALM, "--trace", "10000");
    assert.deepEqual([output, exit], ["", 1]);
    assert.match(
      errors,
      /\nfinwait: Cannot trace connection 10000 of \S+: the run opened \d+ connections, 1 to \d+\n/,
    );
    assert.match(refused("--trace", "1"), /Cannot use --trace without a scenario: expected one/);
    for (const flag of [["--compare", CRASH], ["--svg", "x.svg"], ["--list"]]) {
      assert.match(
        refused(CALM, "--trace", "1", ...flag),
        /Cannot use --trace with --(comp|svg|l)/,
      );
    }
    const wrong = finwait("simulate", CALM, "--trace", "first");
    assert.equal(wrong.exit, 1);
    assert.match(wrong.errors, /Expected the number of a connection, from 1/);
  });

  it("an unknown name: one sentence with the names", () => {
    assert.match(
      refused("apache-1.3"),
      /^finwait: Cannot find scenario "apache-1\.3": expected perhaps apache-1\.1; one of apache-/,
    );
  });

  it("a file that is none, or says what cannot be: where, and what is expected", () => {
    const missing = join(FOLDER, "none.json");
    assert.equal(refused(missing), `finwait: Cannot read ${missing}: there is no such file\n`);
    const visitors = [{ client: "lynx", count: 1 }];
    assert.match(refused(fileOf("client", "apache-1.1", { visitors })), /"lynx": expected one of/);
    const policy = { ...SUNOS, close: { lingerIdleTimeoutMs: 40_000 } };
    assert.match(
      refused(fileOf("policy", "apache-1.1", { server: policy })),
      /cannot use lingerTotalTimeoutMs 30000: expected at least lingerIdleTimeoutMs/,
    );
  });
});
