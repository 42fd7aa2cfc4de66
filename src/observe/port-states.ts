import { OWNERSHIPS, type Ownership, SOCKET_STATES, type SocketState } from "./socket-line.ts";
import { type SnapshotResult, takeSnapshot } from "./socket-table.ts";

// How many connections of one listening port are in each TCP state, and whose they are. Sockets
// outlive their connections in a process, so only the kernel can say.

/** The states of connections, opening ones included. */
export type ConnectionState = Exclude<SocketState, "listen">;

export const CONNECTION_STATES: readonly ConnectionState[] = SOCKET_STATES.filter(
  (state) => state !== "listen",
);

/** Sockets of one state with one kind of owner. */
export interface SocketCount {
  readonly state: ConnectionState;
  readonly owner: Ownership;
  readonly count: number;
}

/** Who can say what sockets a listening port has. `null`: nobody, on this system. */
export interface SocketStates {
  read(port: number): Promise<readonly SocketCount[] | null>;
}

/** Takes a snapshot of the kernel's table for each call. */
export const KERNEL_SOCKET_STATES: SocketStates = {
  async read(port) {
    return countsOf(await takeSnapshot({ port, states: CONNECTION_STATES }));
  },
};

/** What is there; a state without sockets is left out. */
export function countsOf(snapshot: SnapshotResult): readonly SocketCount[] | null {
  if (snapshot.type === "failed") return null;
  return CONNECTION_STATES.flatMap((state) =>
    OWNERSHIPS.map((owner) => ({ state, owner, count: snapshot.states[state][owner] })),
  ).filter(({ count }) => count > 0);
}
