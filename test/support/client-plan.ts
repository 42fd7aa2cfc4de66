// What a real client is asked to do, and what it says it saw. Types only: the programs of
// test/support/programs read and write the same as JSON.

export interface ClientRequest {
  /** On the server at 127.0.0.1. */
  readonly target: string;
  /** 0: a GET without content, otherwise a POST. */
  readonly uploadBytes: number;
  readonly coding: "length" | "chunked";
  /** Length of one more field line; 0: there is none. */
  readonly fieldBytes: number;
}

export interface ClientPlan {
  readonly port: number;
  /** Carried out one after another, whatever becomes of the one before. */
  readonly requests: readonly ClientRequest[];
  /**
   * `"kept"`: all of them through one pool of persistent connections. `"none"`: a pool for each, as
   * far as the client knows such a thing; fetch has one only.
   */
  readonly pooling: "kept" | "none";
}

/** Status and length of a body that the client takes to be whole, or its error. */
export type Seen = readonly [status: number, bodyBytes: number] | readonly [string, string];

export function get(target: string): ClientRequest {
  return { target, uploadBytes: 0, coding: "length", fieldBytes: 0 };
}
