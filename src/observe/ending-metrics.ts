import type { Ending } from "../tcp/ending.ts";
import { CounterGrid } from "./counter-grid.ts";
import {
  ACKNOWLEDGED,
  type Acknowledged,
  CLOSE_REASONS,
  CLOSING_BOUNDS,
  EVIDENCE,
  FIRST_ENDERS,
  OUTCOMES,
  TCP_STATES,
} from "./ending-labels.ts";
import { Histogram } from "./histogram.ts";
import {
  type HistogramMetric,
  type MetricFamily,
  type NumberMetric,
  single,
} from "./metric-family.ts";

// Endings, added up. It is told each ending once, and asked for families when somebody scrapes.

/** The life before the close: one request, the default idle time-out (65 + 2), the age limit. */
const OPEN_BOUNDS_SECONDS = [0.01, 0.1, 1, 5, 15, 30, 60, 70, 300, 900, 3_600] as const;

/**
 * One phase of the tear-down. Round trips up to 0.5, then the bounds of the default policy, on
 * which silent peers pile up: short linger 2, silence 5, total 30, FIN-WAIT-2 and unacknowledged
 * 60.
 */
const CLOSING_BOUNDS_SECONDS = [
  0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120,
] as const;

const CLOSING_PHASES = ["flushing", "lingering", "held"] as const;

const ENDINGS: NumberMetric = {
  type: "counter",
  name: "finwait_endings_total",
  help:
    "Connections that have ended, by why the end began, how it went, and who sent FIN or RST " +
    "first. Combinations appear with their first ending.",
  labels: { reason: CLOSE_REASONS, outcome: OUTCOMES, first_ender: FIRST_ENDERS },
};
const BOUNDS: NumberMetric = {
  type: "counter",
  name: "finwait_ending_bounds_total",
  help: "Connections that a limit ended before the peer did, by the limit.",
  labels: { bound: CLOSING_BOUNDS },
};
const DELIVERIES: NumberMetric = {
  type: "counter",
  name: "finwait_deliveries_total",
  help:
    "Ended connections on which something was sent, by whether the peer's TCP acknowledged the " +
    "last byte of it, and how that is known.",
  labels: { acknowledged: ACKNOWLEDGED, evidence: EVIDENCE },
};
const LEFT_IN: NumberMetric = {
  type: "counter",
  name: "finwait_left_in_total",
  help: "Ended connections by the TCP state that our end was left in, and how that is known.",
  labels: { state: TCP_STATES, evidence: EVIDENCE },
};
const OPEN: HistogramMetric = {
  type: "histogram",
  name: "finwait_open_seconds",
  help: "From the accept of a connection to the decision to close it.",
  labels: {},
  bounds: OPEN_BOUNDS_SECONDS,
};
const CLOSING: HistogramMetric = {
  type: "histogram",
  name: "finwait_closing_seconds",
  help: "Time in each phase of the tear-down, of the connections that went through it.",
  labels: { phase: CLOSING_PHASES },
  bounds: CLOSING_BOUNDS_SECONDS,
};
const RECEIVED: NumberMetric = {
  type: "counter",
  name: "finwait_received_bytes_total",
  help: "Bytes received on connections that have ended.",
  labels: {},
};
const SENT: NumberMetric = {
  type: "counter",
  name: "finwait_sent_bytes_total",
  help: "Bytes sent on connections that have ended.",
  labels: {},
};
const DISCARDED: NumberMetric = {
  type: "counter",
  name: "finwait_discarded_bytes_total",
  help: "Bytes received and never given to a handler, on connections that have ended.",
  labels: {},
};
const UNSENT: NumberMetric = {
  type: "counter",
  name: "finwait_unsent_bytes_total",
  help: "Bytes of responses that were still in the process when their connections ended.",
  labels: {},
};

/** What is counted of endings, in the order in which it is shown. */
export const ENDING_METRICS: readonly (NumberMetric | HistogramMetric)[] = [
  ENDINGS,
  BOUNDS,
  DELIVERIES,
  LEFT_IN,
  OPEN,
  CLOSING,
  RECEIVED,
  SENT,
  DISCARDED,
  UNSENT,
];

/** The same, as totals for people. */
export interface EndingTotals {
  readonly total: number;
  readonly byReason: Readonly<Record<string, number>>;
  readonly byOutcome: Readonly<Record<string, number>>;
  readonly byFirstEnder: Readonly<Record<string, number>>;
  readonly byBound: Readonly<Record<string, number>>;
  /** Connections on which something was sent, by whether the last byte was acknowledged. */
  readonly byAcknowledged: Readonly<Record<string, number>>;
  readonly discardedBytes: number;
  readonly unsentBytes: number;
}

export class EndingMetrics {
  readonly #endings = new CounterGrid(ENDINGS.labels);
  readonly #bounds = new CounterGrid(BOUNDS.labels);
  readonly #deliveries = new CounterGrid(DELIVERIES.labels);
  readonly #leftIn = new CounterGrid(LEFT_IN.labels);
  readonly #open = new Histogram(OPEN_BOUNDS_SECONDS);
  readonly #closing = CLOSING_PHASES.map(() => new Histogram(CLOSING_BOUNDS_SECONDS));
  #total = 0;
  #receivedBytes = 0;
  #sentBytes = 0;
  #discardedBytes = 0;
  #unsentBytes = 0;

  add(ending: Ending): void {
    const { outcome, delivery, leftIn, sentBytes } = ending;
    this.#total += 1;
    this.#endings.add(ending.reason, outcome.type, ending.firstEnder ?? "none");
    if ("bound" in outcome && outcome.bound !== null) this.#bounds.add(outcome.bound);
    if (sentBytes > 0) this.#deliveries.add(acknowledgedOf(ending), delivery.evidence);
    this.#leftIn.add(leftIn.state, leftIn.evidence);
    for (const { phase, seconds } of phasesOf(ending)) {
      if (phase === "open") this.#open.add(seconds);
      else this.#closing[CLOSING_PHASES.indexOf(phase)]?.add(seconds);
    }
    this.#receivedBytes += ending.receivedBytes;
    this.#sentBytes += sentBytes;
    this.#discardedBytes += ending.discardedBytes;
    this.#unsentBytes += ending.unsentBytes;
  }

  get families(): readonly MetricFamily[] {
    const closing = CLOSING_PHASES.flatMap((phase, index) => {
      const histogram = this.#closing[index];
      return histogram === undefined ? [] : [histogram.sample([phase])];
    });
    return [
      { declaration: ENDINGS, samples: this.#endings.samples("used") },
      { declaration: BOUNDS, samples: this.#bounds.samples("all") },
      { declaration: DELIVERIES, samples: this.#deliveries.samples("all") },
      { declaration: LEFT_IN, samples: this.#leftIn.samples("all") },
      { declaration: OPEN, samples: [this.#open.sample([])] },
      { declaration: CLOSING, samples: closing },
      single(RECEIVED, this.#receivedBytes),
      single(SENT, this.#sentBytes),
      single(DISCARDED, this.#discardedBytes),
      single(UNSENT, this.#unsentBytes),
    ];
  }

  get totals(): EndingTotals {
    return {
      total: this.#total,
      byReason: this.#endings.totals(0),
      byOutcome: this.#endings.totals(1),
      byFirstEnder: this.#endings.totals(2),
      byBound: this.#bounds.totals(0),
      byAcknowledged: this.#deliveries.totals(0),
      discardedBytes: this.#discardedBytes,
      unsentBytes: this.#unsentBytes,
    };
  }
}

/** The phases that a connection went through, with the time in each. */
export function* phasesOf({ durations }: Ending): Generator<{
  readonly phase: "open" | (typeof CLOSING_PHASES)[number];
  readonly seconds: number;
}> {
  const { openMs, flushingMs, lingeringMs, heldMs } = durations;
  yield { phase: "open", seconds: openMs / 1_000 };
  // Times have microseconds: a phase that took none of them was not entered.
  if (flushingMs > 0) yield { phase: "flushing", seconds: flushingMs / 1_000 };
  if (lingeringMs > 0) yield { phase: "lingering", seconds: lingeringMs / 1_000 };
  if (heldMs > 0) yield { phase: "held", seconds: heldMs / 1_000 };
}

function acknowledgedOf({ delivery }: Ending): Acknowledged {
  if (delivery.isAcknowledged === null) return "unknown";
  return delivery.isAcknowledged ? "yes" : "no";
}
