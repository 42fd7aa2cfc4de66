import { expect, it } from "vitest";
import { CATALOGUE } from "../../src/probe/cases/catalogue.ts";
import { NodePort } from "../../src/probe/node-port.ts";
import type { ProbeCase } from "../../src/probe/probe-case.ts";
import type { CaseResult } from "../../src/probe/probe-report.ts";
import { runCases } from "../../src/probe/probe-runner.ts";
import { DEFAULT_SETTINGS, type ProbeSettings } from "../../src/probe/probe-settings.ts";
import { SharedBudget } from "../../src/probe/run-budget.ts";
import type { EarlyAnswerPair, TargetFacts } from "../../src/probe/target.ts";
import { FixtureServer, type FixtureServerOptions } from "./fixture-server.ts";

// Plays one case of the catalogue against a fixture server.

/** Short, so that what never comes is not waited for long. */
const SETTINGS: ProbeSettings = {
  ...DEFAULT_SETTINGS,
  answerMs: 1_000,
  holdMs: 3_000,
  boundMs: 0,
  uploadBytes: 8_000_000,
};

const early = (path: string, status: number, contentBytes: number): EarlyAnswerPair => {
  const answer = { method: "POST", path, uploadBytes: SETTINGS.uploadBytes, status, contentBytes };
  return { length: { ...answer, isChunked: false }, chunked: { ...answer, isChunked: true } };
};

/** What the fixture server has: see PAGES there. */
export const FIXTURE_FACTS: TargetFacts = {
  page: { path: "/", contentBytes: 6, status: 200 },
  validator: 'If-None-Match: "fixture"',
  medium: { path: "/medium", contentBytes: 200_000, status: 200 },
  large: { path: "/large", contentBytes: 6_000_000, status: 200 },
  small: early("/refuse", 413, 10),
  mediumEarly: early("/medium", 200, 200_000),
  largeEarly: early("/large", 200, 6_000_000),
  upload: "/upload",
  empty: { method: "GET", path: "/empty" },
  capacity: null,
  named: {},
};

export interface RunCaseOptions extends FixtureServerOptions {
  readonly settings?: Partial<ProbeSettings>;
  readonly facts?: Partial<TargetFacts>;
  readonly repeat?: number;
}

export async function runCase(id: string, options: RunCaseOptions = {}): Promise<CaseResult> {
  const { settings: overrides = {}, facts = {}, repeat = 1, ...serverOptions } = options;
  const settings = { ...SETTINGS, ...overrides };
  await using server = await FixtureServer.start(serverOptions);
  const port = new NodePort({
    address: "127.0.0.1",
    port: server.port,
    tlsName: serverOptions.isTls === true ? "localhost" : null,
    connectTimeoutMs: 3_000,
  });
  const cases = CATALOGUE.filter((each) => each.id === id);
  const target = { host: `127.0.0.1:${server.port}`, facts: { ...FIXTURE_FACTS, ...facts } };
  const budget = new SharedBudget(port, settings);
  const [result] = await runCases(cases, { port, target, settings, budget, repeat });
  if (result === undefined) throw new Error(`There is no case ${id}`);
  SEEN.add(`${id}: ${result.verdict}`);
  return result;
}

/** Of this test file: `early/small-length: pass`. */
const SEEN = new Set<string>();

/**
 * The last test of a topic: each of its cases has passed a server here, and has not passed another
 * one that is broken on purpose.
 */
export function expectBothVerdicts(cases: readonly ProbeCase[]): void {
  it("every case has passed a right server, and not passed a broken one", () => {
    const hasPassed = ({ id }: ProbeCase): boolean => SEEN.has(`${id}: pass`);
    const hasBlamed = ({ id }: ProbeCase): boolean =>
      SEEN.has(`${id}: fail`) || SEEN.has(`${id}: unkind`);
    const unproven = cases.filter((each) => !hasPassed(each) || !hasBlamed(each));
    expect(unproven.map(({ id }) => id)).toEqual([]);
  });
}
