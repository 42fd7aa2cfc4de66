import type { LimitUse } from "./limit-use.ts";
import type { CounterReadings, MachineReadings } from "./machine-readings.ts";
import type { SocketCensus } from "./socket-census.ts";

// What a finding is, and what it is made from.

/** "now": something is lost already, or will be within minutes. */
export type Urgency = "now" | "soon" | "fine-to-know";

export interface Finding {
  /** Stable; several findings share one where several processes or limits do. */
  readonly id: string;
  readonly urgency: Urgency;
  readonly sentence: string;
  readonly why: string;
  /** What somebody would type. The doctor itself changes nothing. */
  readonly command: string;
  /** What that command takes away. */
  readonly cost: string;
  /** The numbers that it stands on. */
  readonly evidence: Readonly<Record<string, number | string | null>>;
}

export interface Examination {
  readonly machine: MachineReadings;
  readonly census: SocketCensus;
  readonly limits: readonly LimitUse[];
  /** The counters once more, a moment later. */
  readonly countersAfter: CounterReadings;
  /** How long finwait holds a socket whose peer does not end, with its defaults. */
  readonly lingerSeconds: number;
}

const GROUPED = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });

export function grouped(value: number): string {
  return GROUPED.format(value);
}

/** Rounded down, because a share of a limit is compared with thresholds. */
export function percentText(share: number): string {
  if (share > 0 && share < 0.01) return "<1 %";
  return `${Math.floor(share * 100)} %`;
}
