import type { ScenarioResult } from "../scenario/scenario-result.ts";
import { binarySize, duration, grouped } from "./simulate-units.ts";

// What a scenario comes to, in one sentence.

export function answerLine(result: ScenarioResult): string {
  const { crashedAtMs, memory, requests, sockets, socketPeak } = result;
  if (crashedAtMs === null) {
    const peak = binarySize(memory.peakBytes);
    const most = `at most ${grouped(socketPeak)} sockets, peak memory ${peak}`;
    const losses = lossesOf(result);
    const loss = losses.length === 0 ? "nothing was lost" : losses.join(", ");
    return `Did not crash: ${most}; ${loss}`;
  }
  const finWait2 = sockets.find(({ state }) => state === "fin-wait-2")?.peak ?? 0;
  const limit = binarySize(memory.limitBytes ?? memory.peakBytes);
  const underWay = `${grouped(requests.pendingCount)} requests were under way`;
  return (
    `Crashed after ${duration(crashedAtMs)}: ${grouped(finWait2)} sockets in FIN-WAIT-2 ` +
    `of ${grouped(socketPeak)} filled ${limit}; ${[...lossesOf(result), underWay].join(", ")}`
  );
}

function lossesOf({ requests, refusedCount, crashedAtMs }: ScenarioResult): string[] {
  const { lostCount, unreachedCount, requestCount } = requests;
  const lost = `lost ${grouped(lostCount)} of ${grouped(requestCount)} responses`;
  // What brings the crash counts as refused.
  const hasRefused = refusedCount > 0 && crashedAtMs === null;
  return [
    ...(lostCount > 0 ? [lost] : []),
    ...(unreachedCount > 0 ? [`${grouped(unreachedCount)} requests found no connection`] : []),
    ...(hasRefused ? [`refused ${grouped(refusedCount)} connections`] : []),
  ];
}
