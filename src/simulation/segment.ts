import type { TransportEndpoint } from "../transport/transport.ts";

// One TCP segment. Sequence numbers are plain counts from the SYN, which is number 0: they neither
// start at random nor wrap, because nothing in a world lasts so long or attacks so well.

export interface Segment {
  readonly from: TransportEndpoint;
  readonly to: TransportEndpoint;
  /** The number of the first byte, or of the SYN or FIN where there is none. */
  readonly sequence: number;
  /** The next number that the sender wants; `null`: no acknowledgment. */
  readonly acknowledgment: number | null;
  readonly isSyn: boolean;
  readonly isFin: boolean;
  readonly isReset: boolean;
  /** Bytes that the sender has room for. */
  readonly windowBytes: number;
  readonly bytes: Uint8Array;
}

/** IPv4 and TCP without options. */
const HEADER_BYTES = 40;

export function sizeOf(segment: Segment): number {
  return HEADER_BYTES + segment.bytes.byteLength;
}

/** How many numbers it uses up. */
export function lengthOf({ bytes, isSyn, isFin }: Segment): number {
  return bytes.byteLength + (isSyn ? 1 : 0) + (isFin ? 1 : 0);
}

/** At least one: what the segment is there for. */
export function flagsOf({ isSyn, isFin, isReset, bytes }: Segment): readonly string[] {
  const flags = [isSyn ? "SYN" : "", isFin ? "FIN" : "", isReset ? "RST" : ""].filter(Boolean);
  if (flags.length === 0) flags.push(bytes.byteLength > 0 ? "PSH" : "ACK");
  return flags;
}

/** As packet traces write it: `FIN 5001:5002 ack 18 win 65535`. */
export function segmentText(segment: Segment): string {
  const { isReset, acknowledgment, sequence, windowBytes } = segment;
  const parts = [flagsOf(segment).join(","), `${sequence}:${sequence + lengthOf(segment)}`];
  if (acknowledgment !== null) parts.push(`ack ${acknowledgment}`);
  if (!isReset) parts.push(`win ${windowBytes}`);
  return parts.join(" ");
}
