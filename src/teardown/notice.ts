import type { PressureChange } from "./pressure.ts";

// What a server tells its operator while it runs, apart from the endings of connections.

export type ServerNotice =
  /** Said once, at the start: deadlines are kept by the process, and evidence is inferred. */
  | { readonly type: "socket-options-absent"; readonly reason: string }
  /** Mode `"so-linger"` is asked for, and would stop the event loop. */
  | { readonly type: "so-linger-unavailable" }
  /** The runtime does not say what `attach` needs to hear: the server is its alone again. */
  | { readonly type: "attach-unavailable"; readonly reason: string }
  | ({ readonly type: "pressure" } & PressureChange);

/** One line for a log. */
export function noticeText(notice: ServerNotice): string {
  switch (notice.type) {
    case "socket-options-absent":
      return (
        `Socket options cannot be reached (${notice.reason}): finwait keeps FIN-WAIT-2 deadlines ` +
        "itself, and reports deliveries as inferred or unknown"
      );
    case "so-linger-unavailable":
      return 'Mode "so-linger" needs socket options: connections end by mode "lingering" instead';
    case "attach-unavailable":
      return `Connections end as if finwait were not attached: ${notice.reason}`;
    case "pressure":
      return pressureText(notice);
  }
}

const PRESSURE_TEXTS: { readonly [L in PressureChange["level"]]: string } = {
  none: "idle connections are kept for the whole time again",
  "shorter-idle": "idle connections are kept for a quarter of the time",
  "shortest-idle": "idle connections are kept for a second",
  "no-persistence": "no connection persists",
};

function pressureText({ level, source, usedPercent }: PressureChange): string {
  return `Pressure ${level}: ${usedPercent} % of ${source} in use, ${PRESSURE_TEXTS[level]}`;
}
