import { NodePort } from "../../src/probe/node-port.ts";
import { probe } from "../../src/probe/probe.ts";
import type { ProbeCase } from "../../src/probe/probe-case.ts";
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

export interface MeasureOptions {
  readonly cases: readonly ProbeCase[];
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

async function probeListener(
  port: number,
  tlsName: string | null,
  cases: readonly ProbeCase[],
  { repeat, onResult }: MeasureOptions,
): Promise<readonly CaseResult[]> {
  if (cases.length === 0) return [];
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

function comparedResult({ verdict, counts, attemptCount, decisive }: CaseResult): ComparedResult {
  const { seen, figures } = decisive;
  return { verdict, counts, attemptCount, seen, figures };
}
