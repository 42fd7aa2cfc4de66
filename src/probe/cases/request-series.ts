import type { CaseRun } from "../case-run.ts";
import type { ProbeClient } from "../probe-client.ts";
import type { SeenResponse } from "../response-reader.ts";

// Many small requests on one connection, to see which of them is the last.

export interface Series {
  readonly client: ProbeClient;
  /** Up to the one that says close. */
  readonly answeredCount: number;
  /**
   * "all" were answered; "said-close": the last response says that it is; "cut": the connection
   * ended without that; "stuck": no answer, and no end; "slow": the time is used up.
   */
  readonly end: "all" | "said-close" | "cut" | "stuck" | "slow";
}

/** Pages beyond that are asked for by HEAD. */
const SMALL_PAGE_BYTES = 4_096;
const BATCH = 20;

/**
 * Sends up to `count` requests on one connection. They are pipelined, which is fast; but who closes
 * with pipelined requests unread may erase its own last response by RST. So a connection that was
 * cut is tried again, and goes one by one where the first one ended.
 */
export async function sendUntilLast(run: CaseRun, count: number): Promise<Series> {
  const first = await sendSeries(run, count, count);
  if (first.end !== "cut") return first;
  run.release(first.client);
  return await sendSeries(run, count, Math.max(0, first.answeredCount - BATCH));
}

/** `pipelinedCount`: how many of them may be sent without waiting for each. */
async function sendSeries(run: CaseRun, count: number, pipelinedCount: number): Promise<Series> {
  const { answerMs } = run.settings;
  const method = run.facts.page.contentBytes > SMALL_PAGE_BYTES ? "HEAD" : "GET";
  const request = run.head({ method });
  const client = await run.connect();
  let askedCount = 0;
  while (askedCount < count && client.elapsedMs < 2 * answerMs) {
    const batch = Math.min(BATCH, count - askedCount);
    const size = askedCount + batch <= pipelinedCount ? batch : 1;
    askedCount += size;
    await client.send(request.repeat(size), ...Array<string>(size).fill(method));
    const isOver = (): boolean => client.end !== "open" || saysClose(client);
    await client.waitWhileComing(() => client.completeCount >= askedCount || isOver(), answerMs);
    const end = endOf(client, askedCount);
    if (end !== null) return seriesOf(client, end);
  }
  return seriesOf(client, askedCount < count ? "slow" : "all");
}

function seriesOf(client: ProbeClient, end: Series["end"]): Series {
  const { completeCount } = client;
  const lastIndex = client.responses.findIndex(isLastOne);
  const answeredCount = lastIndex === -1 ? completeCount : lastIndex + 1;
  return { client, answeredCount, end };
}

/** `null`: it goes on. */
function endOf(client: ProbeClient, askedCount: number): Series["end"] | null {
  const { completeCount } = client;
  if (saysClose(client)) return "said-close";
  if (completeCount >= askedCount && client.end === "open") return null;
  return client.end === "open" ? "stuck" : "cut";
}

function saysClose({ responses }: ProbeClient): boolean {
  return responses.some(isLastOne);
}

function isLastOne({ isLast, isComplete }: SeenResponse): boolean {
  return isLast && isComplete;
}
