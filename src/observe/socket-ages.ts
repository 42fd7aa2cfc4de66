import type { SocketLine } from "./socket-line.ts";

// How long a socket has been in its state, as far as we have seen it: no table tells ages.
//
// The four-tuple says which connection it is, and the inode that it is still the same one: a peer
// may use its port again.

/** Sockets that are remembered. Past it, ages are unknown. */
export const AGE_LIMIT = 20_000;

interface Sighting {
  readonly state: SocketLine["state"];
  readonly inode: number | null;
  readonly firstSeenAtMs: number;
}

export class AgeKeeper {
  #sightings = new Map<string, Sighting>();
  readonly #limit: number;
  #nowMs = 0;

  constructor(limit: number = AGE_LIMIT) {
    this.#limit = limit;
  }

  /** Takes what is there at `nowMs`, and forgets what is not. */
  update(lines: readonly SocketLine[], nowMs: number): void {
    const next = new Map<string, Sighting>();
    for (const line of lines) {
      if (next.size >= this.#limit) break;
      const key = keyOf(line);
      const known = this.#sightings.get(key);
      const { state, inode } = line;
      const isSame = known !== undefined && known.state === state && isSameSocket(known, inode);
      next.set(key, { state, inode, firstSeenAtMs: isSame ? known.firstSeenAtMs : nowMs });
    }
    this.#sightings = next;
    this.#nowMs = nowMs;
  }

  /** At the last update; 0: first seen then. `null`: it is not remembered. */
  ageMs(line: SocketLine): number | null {
    const known = this.#sightings.get(keyOf(line));
    return known === undefined ? null : this.#nowMs - known.firstSeenAtMs;
  }
}

function keyOf({ localAddress, localPort, peerAddress, peerPort }: SocketLine): string {
  return `${localAddress} ${localPort} ${peerAddress} ${peerPort}`;
}

/** A socket that was let go loses its inode, and one that was accepted gets one. */
function isSameSocket({ state, inode }: Sighting, nowInode: number | null): boolean {
  if (inode === nowInode || nowInode === 0) return true;
  return inode === 0 && state === "close-wait";
}
