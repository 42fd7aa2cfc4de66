import type { EndpointUser } from "../../src/simulation/endpoint-user.ts";
import type { Host } from "../../src/simulation/host.ts";
import type { TcpEndpoint } from "../../src/simulation/tcp-endpoint.ts";
import type { World } from "../../src/simulation/world.ts";
import { ResponseParser } from "../support/response-parser.ts";

// One client of the swarm: it sends what its plan says, reads as its plan says, and ends, or does
// not end, as its plan says.

/** A piece of what is sent: so long after the one before, and behind so many responses. */
export interface Piece {
  readonly afterMs: number;
  readonly afterResponses: number;
  readonly bytes: Uint8Array;
}

export interface ClientPlan {
  readonly pieces: readonly Piece[];
  /** When it begins to read; Infinity: never. */
  readonly readsAfterMs: number;
  readonly halfCloses: boolean;
  /** What it does about the server's FIN: so long after it, or never. */
  readonly closesAfterMs: number;
  /** Sends RST then, or is gone without a word. */
  readonly resetsAtMs: number;
  readonly vanishesAtMs: number;
}

export class SwarmClient implements EndpointUser {
  readonly plan: ClientPlan;
  readonly endpoint: TcpEndpoint;
  readonly parser = new ResponseParser();
  receivedBytes = 0;
  hasSentFin = false;
  hasReset = false;
  hasVanished = false;
  sawFin = false;
  readonly #world: World;
  readonly #host: Host;
  #nextPiece = 0;
  #unsent: Uint8Array | null = null;
  #isWaiting = false;
  #hasBegun = false;
  #isReading = false;

  constructor(world: World, host: Host, server: string, plan: ClientPlan) {
    this.#world = world;
    this.#host = host;
    this.plan = plan;
    this.endpoint = host.connect({ address: server, port: 80 });
    this.endpoint.user = this;
    this.#at(plan.readsAfterMs, () => {
      this.#isReading = true;
      this.handleReady();
    });
    this.#at(plan.resetsAtMs, () => {
      this.hasReset = true;
      this.endpoint.abort();
    });
    this.#at(plan.vanishesAtMs, () => {
      this.hasVanished = true;
      this.#host.wayIn.cut();
      this.#host.wayOut.cut();
    });
  }

  /** Nothing of this client is a reason for losing anything. */
  get isHonest(): boolean {
    const { readsAfterMs, closesAfterMs, resetsAtMs, vanishesAtMs } = this.plan;
    const isPatient = resetsAtMs === Infinity && vanishesAtMs === Infinity;
    return readsAfterMs < 10_000 && closesAfterMs < 1_000 && isPatient;
  }
  get completeCount(): number {
    return this.parser.responses.filter(({ isComplete }) => isComplete).length;
  }

  /** The program ends, whatever is under way. */
  exit(): void {
    this.hasSentFin = true;
    this.endpoint.close();
  }

  handleReady(): void {
    this.#hasBegun ||= this.endpoint.isConnected || this.endpoint.error !== null;
    if (!this.#hasBegun) return;
    this.#send();
    if (!this.#isReading) return;
    for (const bytes of this.endpoint.read()) {
      this.receivedBytes += bytes.byteLength;
      this.parser.receive(Buffer.from(bytes));
    }
    this.#send();
    if (!this.endpoint.isAtEnd || this.sawFin) return;
    this.sawFin = true;
    this.#at(this.plan.closesAfterMs, () => this.exit());
  }

  #send(): void {
    while (!this.#isWaiting && this.endpoint.error === null) {
      if (this.#unsent === null && !this.#takePiece()) return;
      if (this.#unsent === null) continue;
      const taken = this.endpoint.write(this.#unsent);
      if (taken === 0) return;
      const isWhole = taken === this.#unsent.byteLength;
      this.#unsent = isWhole ? null : this.#unsent.subarray(taken);
    }
  }

  /** False: there is none now. */
  #takePiece(): boolean {
    const piece = this.plan.pieces[this.#nextPiece];
    if (piece === undefined) {
      if (this.plan.halfCloses && !this.hasSentFin) {
        this.hasSentFin = true;
        this.endpoint.shutdownWrite();
      }
      return false;
    }
    if (this.completeCount < piece.afterResponses) return false;
    this.#nextPiece += 1;
    this.#isWaiting = true;
    this.#at(piece.afterMs, () => {
      this.#isWaiting = false;
      this.#unsent = piece.bytes;
      this.#send();
    });
    return false;
  }

  #at(delayMs: number, happen: () => void): void {
    if (delayMs !== Infinity) this.#world.after(delayMs, happen);
  }
}
