import { ENDING_METRICS, type EndingMetrics } from "../observe/ending-metrics.ts";
import {
  type MetricDeclaration,
  type MetricFamily,
  type NumberMetric,
  single,
} from "../observe/metric-family.ts";
import { CONNECTION_STATES } from "../observe/port-states.ts";
import { OWNERSHIPS } from "../observe/socket-line.ts";
import type { ConnectionPhaseCounts } from "../teardown/connection-snapshot.ts";
import type { Status } from "./status.ts";

// Everything that is measured of a server, as metric families. Gauges are taken from one look at
// the server, at the moment of the scrape.

const PHASES: readonly (keyof ConnectionPhaseCounts)[] = [
  "handshaking",
  "idle",
  "reading",
  "responding",
  "discarding",
  "flushing",
  "lingering",
  "held",
  "releasing",
];
const SERVER_PHASES: readonly Status["phase"][] = ["serving", "announcing", "closing", "closed"];
const PRESSURE_LEVELS: readonly Status["pressure"][] = [
  "none",
  "shorter-idle",
  "shortest-idle",
  "no-persistence",
];

interface ServerMetric {
  readonly declaration: NumberMetric;
  read(status: Status): MetricFamily;
}

type Labels = NumberMetric["labels"];

function simple(
  type: NumberMetric["type"],
  name: string,
  help: string,
  value: (status: Status) => number,
): ServerMetric {
  const declaration: NumberMetric = { type, name, help, labels: {} };
  return { declaration, read: (status) => single(declaration, value(status)) };
}

function labeled(
  type: NumberMetric["type"],
  name: string,
  help: string,
  labels: Labels,
  samples: (status: Status) => readonly (readonly [labels: readonly string[], value: number])[],
): ServerMetric {
  const declaration: NumberMetric = { type, name, help, labels };
  return {
    declaration,
    read: (status) => ({
      declaration,
      samples: samples(status).map(([values, value]) => ({ labels: values, value })),
    }),
  };
}

/** 1 for the present value of a union, 0 for the others. */
function oneOf(values: readonly string[], present: string): (readonly [string[], number])[] {
  return values.map((value) => [[value], value === present ? 1 : 0]);
}

const METRICS: readonly ServerMetric[] = [
  labeled(
    "gauge",
    "finwait_phase",
    "1 for the phase that the server is in, from serving to closed.",
    { phase: SERVER_PHASES },
    ({ phase }) => oneOf(SERVER_PHASES, phase),
  ),
  labeled(
    "gauge",
    "finwait_pressure",
    "1 for the measures in force because a limit is near.",
    { level: PRESSURE_LEVELS },
    ({ pressure }) => oneOf(PRESSURE_LEVELS, pressure),
  ),
  labeled(
    "gauge",
    "finwait_connections",
    "Sockets that this process holds, by what their connections are doing.",
    { phase: PHASES },
    ({ connections }) => PHASES.map((phase) => [[phase], connections.byPhase[phase]]),
  ),
  simple(
    "gauge",
    "finwait_connection_limit",
    "Most connections at once (limits.connectionLimit).",
    ({ connections }) => connections.limit,
  ),
  labeled(
    "gauge",
    "finwait_sockets",
    "Sockets of the server's port in the kernel, by TCP state and owner. Absent where the kernel " +
      "cannot be asked.",
    { state: CONNECTION_STATES, owner: OWNERSHIPS },
    ({ connections: { byTcpState } }) =>
      byTcpState === null
        ? []
        : CONNECTION_STATES.flatMap((state) =>
            OWNERSHIPS.map((owner) => [[state, owner], byTcpState[state]?.[owner] ?? 0] as const),
          ),
  ),
  simple(
    "gauge",
    "finwait_lingering_connections",
    "Connections that wait for the peer's FIN after ours, held ones included.",
    ({ lingering }) => lingering.lingeringNowCount,
  ),
  simple(
    "gauge",
    "finwait_lingering_connections_peak",
    "The most that ever lingered at once.",
    ({ lingering }) => lingering.lingeringPeakCount,
  ),
  simple(
    "gauge",
    "finwait_lingering_connection_limit",
    "Most connections that may linger at once (close.lingerConnectionLimit).",
    ({ lingering }) => lingering.limit,
  ),
  simple(
    "counter",
    "finwait_lingered_total",
    "Connections that have begun to linger.",
    ({ lingering }) => lingering.lingeredCount,
  ),
  labeled(
    "counter",
    "finwait_linger_evictions_total",
    "Lingering connections that were released for younger ones, by the limit that was reached.",
    { limit: ["all", "address"] },
    ({ lingering }) => [
      [["all"], lingering.evictedCount],
      [["address"], lingering.evictedByAddressCount],
    ],
  ),
  simple(
    "counter",
    "finwait_linger_pressed_total",
    "Connections that got a short linger, because the pressure mark was passed.",
    ({ lingering }) => lingering.pressedCount,
  ),
  simple(
    "counter",
    "finwait_linger_turn_waits_total",
    "Times that reading for a lingering connection waited for the next turn.",
    ({ lingering }) => lingering.turnWaitCount,
  ),
  simple(
    "counter",
    "finwait_responses_total",
    "Requests whose responses were given whole.",
    ({ requests }) => requests.finishedCount,
  ),
  simple(
    "counter",
    "finwait_lost_requests_total",
    "Requests that reached the server and got no whole response through its doing.",
    ({ requests }) => requests.lostCount,
  ),
  labeled(
    "gauge",
    "finwait_learned_clients",
    "Kinds of clients that are remembered, by whether they answer our FIN.",
    { verdict: ["sound", "broken"] },
    ({ learnedClients: { total, brokenCount } }) => [
      [["sound"], total - brokenCount],
      [["broken"], brokenCount],
    ],
  ),
  simple(
    "gauge",
    "finwait_socket_options_available",
    "1 if socket options can be reached, so that the kernel keeps deadlines and gives evidence.",
    ({ socketOptions }) => (socketOptions === null ? 0 : 1),
  ),
];

/** Every metric, in the order in which it is shown. */
export const METRIC_DECLARATIONS: readonly MetricDeclaration[] = [
  ...METRICS.map(({ declaration }) => declaration),
  ...ENDING_METRICS,
];

export function metricFamilies(status: Status, endings: EndingMetrics): readonly MetricFamily[] {
  return [...METRICS.map((metric) => metric.read(status)), ...endings.families];
}
