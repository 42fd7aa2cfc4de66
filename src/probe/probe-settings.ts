// The numbers of a run, with their bounds.

export interface ProbeSettings {
  /** Longest wait for what should come at once. Milliseconds. */
  readonly answerMs: number;
  /** Longest wait for a time-out of the server, such as that of an idle connection. */
  readonly holdMs: number;
  /** What a server holds for longer is without bound; less says nothing. Milliseconds. */
  readonly boundMs: number;
  /** Size of the uploads that a server is expected to refuse. */
  readonly uploadBytes: number;
  /** Connections that may be open at one time. */
  readonly connectionLimit: number;
  /** Connections of the whole run. */
  readonly totalConnectionLimit: number;
  /** Bytes that the whole run may send. */
  readonly sendLimitBytes: number;
  /** Time of the whole run; what has not run by then is "not reached". */
  readonly durationLimitMs: number;
}

/** Apache holds a connection for 30 s, and Linux an orphan for 60 s behind that. */
export const DEFAULT_SETTINGS: ProbeSettings = {
  answerMs: 10_000,
  holdMs: 100_000,
  // nginx waits 60 s for a head or content, Apache 20 to 40 s.
  boundMs: 60_000,
  uploadBytes: 20_000_000,
  connectionLimit: 64,
  totalConnectionLimit: 2_000,
  sendLimitBytes: 2 * 1024 ** 3,
  durationLimitMs: 300_000,
};
