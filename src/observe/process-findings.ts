import { type Examination, type Finding, grouped, percentText } from "./finding.ts";
import type { HeldSockets } from "./socket-census.ts";

// Findings about processes that hold sockets whose connection is over on one side.

/**
 * Little's law: a server that answers half-closing clients within a second, 20 of them per second,
 * has 20 sockets in CLOSE-WAIT at any time. Twenty or more are worth a look.
 */
export const CLOSE_WAIT_SOON_COUNT = 20;
/** finwait with its defaults lingers for up to 30 s: at 3 silent peers per second it holds 90. */
export const FIN_WAIT_2_SOON_COUNT = 100;
/** systemd's soft limit for descriptors: this many would stop an unprepared service. */
export const HELD_NOW_COUNT = 1_024;
/** Half of the descriptors: the next doubling stops the process. */
export const HELD_NOW_SHARE = 0.5;
/** A machine where everything leaks is one problem, not a hundred. */
export const PROCESS_FINDING_LIMIT = 5;

export function processFindings({ census }: Examination): Finding[] {
  const closeWait = census.closeWaitByProcess();
  const finWait2 = census.finWait2ByOwner();
  return [
    ...worst(closeWait, CLOSE_WAIT_SOON_COUNT).map(closeWaitFinding),
    ...worst(finWait2, FIN_WAIT_2_SOON_COUNT).map(finWait2Finding),
  ];
}

function worst(held: readonly HeldSockets[], leastCount: number): readonly HeldSockets[] {
  return held.filter(({ count }) => count >= leastCount).slice(0, PROCESS_FINDING_LIMIT);
}

function closeWaitFinding(held: HeldSockets): Finding {
  const { count } = held;
  return {
    id: "close-wait-leak",
    urgency: urgencyOf(held),
    sentence: `${nameOf(held)} has ${grouped(count)} sockets in CLOSE-WAIT`,
    why:
      "Their peers have ended, and the application has not: the kernel has no timer for that, " +
      `and each keeps a descriptor${shareText(held)}. If a second look shows no fewer, it leaks.`,
    command: lookAndEnd(held, "close-wait"),
    cost: "ending it ends all its connections; it leaks again until its code ends them",
    evidence: evidenceOf(held),
  };
}

function finWait2Finding(held: HeldSockets): Finding {
  const { count } = held;
  return {
    id: "owned-fin-wait-2",
    urgency: urgencyOf(held),
    sentence: `${nameOf(held)} holds ${grouped(count)} sockets in FIN-WAIT-2`,
    why:
      "It has half-closed them and waits for peers that do not end. tcp_fin_timeout is for " +
      "orphans only: these stay until the application closes them" +
      `${shareText(held)}.`,
    command: lookAndEnd(held, "fin-wait-2"),
    cost: "ending it ends all its connections; a limit on lingering in its code does not",
    evidence: evidenceOf(held),
  };
}

function urgencyOf({ count, descriptorLimit }: HeldSockets): Finding["urgency"] {
  const share = descriptorLimit === null ? 0 : count / descriptorLimit;
  return count >= HELD_NOW_COUNT || share >= HELD_NOW_SHARE ? "now" : "soon";
}

function nameOf({ pid, command }: HeldSockets): string {
  return pid === null ? "a process that cannot be seen from here" : `${command} (pid ${pid})`;
}

function shareText({ count, descriptorLimit }: HeldSockets): string {
  if (descriptorLimit === null) return "";
  return `, ${percentText(count / descriptorLimit)} of its ${grouped(descriptorLimit)} descriptors`;
}

function lookAndEnd({ pid }: HeldSockets, state: string): string {
  const look = `ss -tnp state ${state}`;
  if (pid === null) return `sudo ${look}`;
  return `${look} | grep 'pid=${pid},' to look, kill -TERM ${pid} to end it`;
}

function evidenceOf({ pid, command, count, oldestMs, descriptorLimit }: HeldSockets) {
  return { pid, command, count, oldestMs, descriptorLimit };
}
