import { fail, notReached, type Outcome, pass, unkind } from "../probe-case.ts";
import type { ProbeClient } from "../probe-client.ts";
import type { ProbeSettings } from "../probe-settings.ts";

// Words and verdicts for what one client saw, where several topics need the same. It judges bytes,
// FIN and RST; which rule that is about is known to the cases.

/** Too many requests, or too much to do: it says so of itself, and not of its connections. */
export function isBusyStatus(status: number): boolean {
  return status === 429 || status === 503;
}

/**
 * Something is held that should have been let go: how bad that is hangs on how long the probe has
 * waited.
 */
export function judgeHeld(
  seen: string,
  heldMs: number,
  { boundMs }: ProbeSettings,
  extras: Omit<Outcome, "verdict" | "seen"> = {},
): Outcome {
  if (heldMs >= boundMs) return fail(seen, extras);
  return notReached(`${seen}, which some servers do; longer shows more: --hold-ms`, extras);
}

/** How the server's direction has ended, for a sentence. */
export function endWords(client: ProbeClient): string {
  switch (client.end) {
    case "open":
      return "silence";
    case "fin":
      return "FIN";
    case "reset":
      return `RST (${client.failure})`;
    case "failed":
      return client.failure;
  }
}

/** The statuses of the whole responses, in their order: `200, 200, 400`. */
export function statusWords(client: ProbeClient): string {
  const whole = client.responses.filter(({ isComplete }) => isComplete);
  return whole.length === 0 ? "no response" : whole.map(({ status }) => status).join(", ");
}

/** What came behind the last response that was asked for. */
export function surplusWords(client: ProbeClient): string {
  const { surplusBytes, surplusSample } = client.reader;
  const start = surplusSample.slice(0, 24).replaceAll(/[^ -~]/g, ".");
  return `${surplusBytes} bytes behind it that nobody asked for ("${start}")`;
}

/** Why RST behind what arrived whole is no matter of taste. */
export const RESET_BEHIND =
  "a system that throws away on RST what was not read yet would have lost it";

/** The end of a request that gets exactly one response, whole, and no RST behind it. */
export async function judgeOneResponse(client: ProbeClient, answerMs: number): Promise<Outcome> {
  await client.waitForResponses(1, answerMs);
  const { response } = client;
  if (response?.isComplete !== true) await client.hasMetReset();
  const figures = { receivedBytes: client.reader.receivedBytes, sentBytes: client.sentBytes };
  if (response === undefined) {
    const when = client.end === "open" ? `No response within ${answerMs} ms` : endWords(client);
    const what = client.end === "open" ? "" : ", and no response";
    return fail(`${when}${what}, ${client.sentBytes} bytes were sent`, { figures });
  }
  const { status, contentBytes } = response;
  if (!response.isComplete) {
    const isBare = response.framing === "close" && contentBytes === 0;
    const seen = isBare
      ? `${status} says no length, and ${endWords(client)} stands where FIN would end it`
      : `${status} was cut after ${contentBytes} bytes, by ${endWords(client)}`;
    return fail(seen, { figures });
  }
  if (response.isLast) await client.waitForEnd(answerMs);
  if (client.reader.surplusBytes > 0) {
    return fail(`${status} arrived whole, and ${surplusWords(client)}`, { figures });
  }
  if (await client.hasMetReset()) {
    const seen = `${status} arrived whole, and RST behind it (${client.failure})`;
    return unkind(`${seen}: ${RESET_BEHIND}`, { figures });
  }
  return pass(`${status} arrived whole, ${contentBytes} bytes`, { figures });
}
