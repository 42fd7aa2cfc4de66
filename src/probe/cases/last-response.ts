import type { CaseRun } from "../case-run.ts";
import { fail, notReached, type Outcome, pass, unkind } from "../probe-case.ts";
import type { ProbeClient } from "../probe-client.ts";
import type { SeenResponse } from "../response-reader.ts";
import type { Page } from "../target.ts";

// What cases of several topics ask behind a response that is the last one: did it arrive whole, and
// does the connection end behind it, by FIN and at once.

/** Go's server takes half a second on purpose; what is slower is no part of a close. */
const PROMPT_MS = 1_000;

/** Why the awaited responses did not all arrive; `null`: they did. */
export function lossOf(client: ProbeClient, count: number, patienceMs: number): string | null {
  if (client.completeCount >= count) return null;
  const how =
    client.failedAtMs !== null
      ? client.failure
      : client.end === "fin"
        ? "FIN"
        : `silence for ${patienceMs} ms`;
  const cut = client.responses[client.completeCount];
  if (cut !== undefined) {
    return `${cut.status} was cut after ${cut.contentBytes} bytes, by ${how}`;
  }
  const which = count === 1 ? "No response" : `No response to request ${client.completeCount + 1}`;
  return `${which}: ${how}`;
}

/**
 * The server has said close before the last response that the case wants, and kept its word. It
 * may: servers without persistence say so with each response. `null`: it has not.
 */
export function judgeAnnounced(client: ProbeClient, count: number): Outcome | null {
  const last = client.responses.at(-1);
  const isAnnounced = last?.isLast === true && last.isComplete && client.end === "fin";
  if (!isAnnounced || client.completeCount >= count) return null;
  return notReached(`Response ${client.completeCount} of ${count} says close, and FIN followed`);
}

/**
 * What a response that is whole and another than `page` says of the case; `null`: it is the page.
 * Where FIN is all that ends it, one that is much shorter was cut.
 */
export function judgeOther({ responses }: ProbeClient, page: Omit<Page, "path">): Outcome | null {
  const isShort = ({ contentBytes }: SeenResponse): boolean => contentBytes < page.contentBytes / 2;
  const other = responses.find((each) => each.status !== page.status || isShort(each));
  if (other === undefined) return null;
  const wanted = `${page.status} with ${page.contentBytes} bytes came before`;
  const seen = `${other.status} with ${other.contentBytes} bytes; ${wanted}`;
  const isCut = other.status === page.status && other.framing === "close";
  return isCut ? fail(`FIN ended ${seen}`) : notReached(seen);
}

/**
 * How the connection ends behind its last response, which is complete. Only a connection that
 * stays open comes out as `whenOpen` says.
 */
export async function judgeEnd(
  run: CaseRun,
  client: ProbeClient,
  whenOpen: "fail" | "unkind" = "fail",
): Promise<Outcome> {
  const { answerMs } = run.settings;
  await client.waitForEnd(answerMs);
  const last = client.responses.at(-1);
  const arrived = `${last?.status} arrived whole`;
  const { finAtMs } = client;
  if (finAtMs !== null) {
    const closeMs = Math.max(0, Math.round(finAtMs - (last?.completeAtMs ?? finAtMs)));
    const figures = { closeMs };
    return closeMs > PROMPT_MS
      ? unkind(`${arrived}, and FIN only ${closeMs} ms behind it`, { figures })
      : pass(`${arrived}, and FIN ${closeMs} ms behind it`, { figures });
  }
  if (client.end === "open") {
    const seen = `${arrived}, and the connection was still open ${answerMs} ms later`;
    return whenOpen === "fail" ? fail(seen) : unkind(seen);
  }
  return unkind(
    `${arrived}, and RST behind it (${client.failure}): a system that throws away on RST what ` +
      "was not read yet would have lost it",
  );
}
