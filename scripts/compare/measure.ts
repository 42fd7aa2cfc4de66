import { NodePort } from "../../src/probe/node-port.ts";
import { probe } from "../../src/probe/probe.ts";
import type { ProbeCase, Verdict } from "../../src/probe/probe-case.ts";
import type { CaseResult } from "../../src/probe/probe-report.ts";
import { DEFAULT_SETTINGS, type ProbeSettings } from "../../src/probe/probe-settings.ts";
import { type ComparedResult, topicOf } from "./comparison.ts";
import type { RunningServer } from "./server-process.ts";

// One server is judged: all cases over its plain listener, but those of TLS over the other.

/** The topic whose cases need TLS. */
const TLS_TOPIC = "tls";

/** Those of the command, but for what repeats use up. */
const SETTINGS: ProbeSettings = {
  ...DEFAULT_SETTINGS,
  totalConnectionLimit: 100_000,
  sendLimitBytes: 100 * 1024 ** 3,
  durationLimitMs: 1_200_000,
};

/** A case that takes longer is tried less often: ten seconds of a stalled upload add up. */
const SLOW_CASE_MS = 3_000;
const SLOW_REPEAT = 3;

export interface MeasureOptions {
  readonly cases: readonly ProbeCase[];
  /** Attempts of quick cases. */
  readonly repeat: number;
  readonly hasTls: boolean;
  readonly onResult: (result: CaseResult) => void;
}

/**
 * The results by the id of the case.
 *
 * @throws {Error} The server cannot be probed.
 */
export async function measure(
  { place }: RunningServer,
  options: MeasureOptions,
): Promise<Record<string, ComparedResult>> {
  const { cases, hasTls } = options;
  const isOverTls = (each: ProbeCase): boolean => hasTls && topicOf(each) === TLS_TOPIC;
  const results = [
    ...(await probeListener(
      place.port,
      null,
      cases.filter((each) => !isOverTls(each)),
      options,
    )),
    ...(await probeListener(place.tlsPort, "localhost", cases.filter(isOverTls), options)),
  ];
  return Object.fromEntries(results.map((result) => [result.id, comparedResult(result)]));
}

/** Every case once, and then again as often as its first attempt allows. */
async function probeListener(
  port: number,
  tlsName: string | null,
  cases: readonly ProbeCase[],
  { repeat, onResult }: MeasureOptions,
): Promise<readonly CaseResult[]> {
  const once = await probeCases(port, tlsName, cases, { repeat: 1, onResult });
  const repeatable = cases.filter(({ isPatient }) => isPatient !== true);
  const isSlow = ({ id }: ProbeCase): boolean => {
    const took = once.find((result) => result.id === id)?.decisive.durationMs ?? 0;
    return took > SLOW_CASE_MS;
  };
  const slow = repeatable.filter(isSlow);
  const quick = repeatable.filter((each) => !isSlow(each));
  const slowRepeat = Math.min(repeat, SLOW_REPEAT);
  const again = [
    ...(await probeCases(port, tlsName, quick, { repeat: repeat - 1, onResult })),
    ...(await probeCases(port, tlsName, slow, { repeat: slowRepeat - 1, onResult })),
  ];
  return once.map((first) => {
    const later = again.find(({ id }) => id === first.id);
    return later === undefined ? first : joinResults(first, later);
  });
}

async function probeCases(
  port: number,
  tlsName: string | null,
  cases: readonly ProbeCase[],
  { repeat, onResult }: Pick<MeasureOptions, "repeat" | "onResult">,
): Promise<readonly CaseResult[]> {
  if (cases.length === 0 || repeat === 0) return [];
  const address = "127.0.0.1";
  const findings = await probe({
    port: new NodePort({ address, port, tlsName, connectTimeoutMs: SETTINGS.answerMs }),
    host: `${tlsName ?? address}:${port}`,
    paths: {
      page: "/",
      medium: "/medium",
      large: "/large",
      refuse: "/refuse",
      upload: "/upload",
      empty: "/empty",
    },
    settings: SETTINGS,
    repeat,
    cases,
    onResult,
  });
  return findings.cases;
}

/** From best to worst, as in the probe's own sums. */
const VERDICTS: readonly Verdict[] = ["not reached", "pass", "unkind", "fail"];

/** All attempts of both; the worst decides. */
export function joinResults(first: CaseResult, later: CaseResult): CaseResult {
  const isWorse = VERDICTS.indexOf(later.verdict) > VERDICTS.indexOf(first.verdict);
  const counts = { ...first.counts };
  for (const verdict of VERDICTS) counts[verdict] += later.counts[verdict];
  return {
    ...(isWorse ? later : first),
    counts,
    attemptCount: first.attemptCount + later.attemptCount,
  };
}

function comparedResult({ verdict, counts, attemptCount, decisive }: CaseResult): ComparedResult {
  const { seen, figures } = decisive;
  return { verdict, counts, attemptCount, seen, figures };
}
