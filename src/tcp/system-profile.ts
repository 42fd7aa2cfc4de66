// What an operating system does with a connection whose peer does not end its side.
//
// RFC 9293 §3.3.2 gives FIN-WAIT-2 no time limit, so each system decides. "unknown" means that no
// source was found: nothing here is guessed.

/**
 * How long a socket may stay in FIN-WAIT-2: milliseconds, "none" for ever, "unknown", or a value
 * that is made of others.
 */
export type FinWait2Timeout = number | "none" | "unknown" | FinWait2Formula;

export interface FinWait2Formula {
  readonly formula: string;
  /** What it gives with the system's defaults. */
  readonly defaultMs: number | "unknown";
}

export interface SystemTunable {
  readonly name: string;
  /** What somebody would type, or do. */
  readonly command: string;
}

/** The keep-alive probes of TCP, where they are what ends such a connection. */
export interface KeepAliveDefaults {
  readonly idleMs: number | "unknown";
  readonly intervalMs: number | "unknown";
  readonly probeCount: number | "unknown";
}

export interface SystemSource {
  readonly document: string;
  readonly section: string;
  readonly year: number;
}

export interface SystemProfile {
  /** Stable, for scenarios and JSON: `freebsd-14`. */
  readonly id: string;
  readonly name: string;
  readonly versions: string;
  /** "page": a system of the Apache page. "today": one that is still maintained. */
  readonly era: "page" | "today";
  /** The value of `process.platform` on it, or null. */
  readonly platform: string | null;
  readonly finWait2: {
    /** A socket that the application half-closed and still has. */
    readonly owned: FinWait2Timeout;
    /** A socket that the application closed. */
    readonly orphan: FinWait2Timeout;
    /** Where it matters that close() came before the FIN was acknowledged: then. */
    readonly closedEarly?: FinWait2Timeout;
  };
  readonly tunable: SystemTunable | null;
  readonly keepAlive: KeepAliveDefaults | null;
  /** What an RST does to data that was received and not yet read. */
  readonly receivedOnReset: "kept" | "discarded" | "unknown";
  readonly timeWaitMs: number | "unknown";
  /** What happens when the memory for connection state is used up. */
  readonly memoryFull: "refuse" | "drop" | "crash" | "unknown";
  readonly source: SystemSource;
  /** What a reader of the values has to know, one or two sentences. */
  readonly note: string;
}
