import type { EndpointUser } from "../simulation/endpoint-user.ts";
import type { TcpEndpoint } from "../simulation/tcp-endpoint.ts";
import type { World } from "../simulation/world.ts";
import type { ClientProfile } from "./client-profile.ts";
import { ResponseProgress } from "./response-progress.ts";
import type { Act } from "./run-watcher.ts";

// One connection of a client: it sends requests, reads responses, and says what it sees. What is
// done about that is the visitor's business.

/** What goes out for one request. */
export interface RequestParts {
  readonly requestLine: string;
  readonly head: Uint8Array;
  readonly uploadBytes: number;
}

export interface ConnectionOwner {
  /** For whoever writes a trace. */
  noteAct(connection: VisitorConnection, act: Act, detail?: string): void;
  /** A response is complete. */
  handleResponse(connection: VisitorConnection): void;
  /** The server's FIN. */
  handleServerEnd(connection: VisitorConnection): void;
  /** RST, no answer, or no connection at all. */
  handleFailure(connection: VisitorConnection): void;
}

/** Content that is sent is zeros, a piece at a time. */
const PIECE = new Uint8Array(16_384);

export class VisitorConnection implements EndpointUser {
  readonly endpoint: TcpEndpoint;
  readonly progress: ResponseProgress;
  hasConnected = false;
  /** The server's FIN has been seen, or a failure. */
  isOver = false;
  isClosed = false;
  readonly #world: World;
  readonly #profile: ClientProfile;
  readonly #parts: RequestParts;
  readonly #owner: ConnectionOwner;
  #requestCount = 0;
  #answeredCount = 0;
  /** Of these, how many have been begun to be sent. */
  #begunCount = 0;
  #unsentHead: Uint8Array | null = null;
  #unsentBytes = 0;
  #isPausing = false;
  #willHalfClose = false;

  constructor(
    world: World,
    endpoint: TcpEndpoint,
    profile: ClientProfile,
    parts: RequestParts,
    owner: ConnectionOwner,
  ) {
    this.#world = world;
    this.endpoint = endpoint;
    this.#profile = profile;
    this.#parts = parts;
    this.#owner = owner;
    this.progress = new ResponseProgress(profile.version);
    endpoint.user = this;
  }

  /** Responses that the owner was told of. */
  get answeredCount(): number {
    return this.#answeredCount;
  }
  get openCount(): number {
    return this.#requestCount - this.#answeredCount;
  }
  /** Another request may be sent on it. */
  get isUsable(): boolean {
    return !this.isClosed && !this.isOver && this.progress.isPersistent && !this.#willHalfClose;
  }
  get #isSending(): boolean {
    const isUnbegun = this.#begunCount < this.#requestCount;
    return isUnbegun || this.#unsentHead !== null || this.#unsentBytes > 0;
  }

  /** Sends a request as soon as there is room. */
  ask(isLast: boolean): void {
    this.#requestCount += 1;
    this.#willHalfClose = isLast && this.#profile.visit.halfCloses === true;
    if (this.endpoint.isConnected) this.#send();
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#owner.noteAct(this, "close");
    this.endpoint.close();
  }

  handleReady(): void {
    if (this.isClosed) return;
    this.hasConnected ||= this.endpoint.isConnected;
    const { error } = this.endpoint;
    if (!this.hasConnected && error === null) return;
    this.#send();
    const isBlind = this.#profile.visit.isBlind === true && this.#isSending;
    if (!isBlind) this.#read();
    if (this.isClosed || this.isOver) return;
    if (error !== null) {
      this.isOver = true;
      this.#owner.handleFailure(this);
    } else if (this.endpoint.isAtEnd) {
      this.isOver = true;
      this.#owner.handleServerEnd(this);
    }
  }

  #read(): void {
    for (const bytes of this.endpoint.read()) {
      this.progress.receive(bytes);
      while (this.#answeredCount < this.progress.completeCount) {
        this.#answeredCount += 1;
        this.#owner.handleResponse(this);
        if (this.isClosed) return;
      }
    }
  }

  #send(): void {
    while (this.endpoint.error === null && !this.#isPausing && !this.isClosed) {
      if (this.#unsentHead !== null) {
        if (!this.#sendHead(this.#unsentHead)) return;
      } else if (this.#unsentBytes > 0) {
        const piece = PIECE.subarray(0, Math.min(PIECE.byteLength, this.#unsentBytes));
        const taken = this.endpoint.write(piece);
        if (taken === 0) return;
        this.#unsentBytes -= taken;
      } else if (this.#begunCount < this.#requestCount) {
        this.#begunCount += 1;
        this.#unsentHead = this.#parts.head;
        this.#unsentBytes = this.#parts.uploadBytes;
        this.#owner.noteAct(this, "request", this.#parts.requestLine);
      } else {
        if (this.#willHalfClose) this.#halfClose();
        return;
      }
    }
  }

  #halfClose(): void {
    if (this.endpoint.send.finAt !== null) return;
    this.#owner.noteAct(this, "half-close");
    this.endpoint.shutdownWrite();
  }

  /** False: there is no room now, or it takes a pause. */
  #sendHead(head: Uint8Array): boolean {
    const { dripMs = 0 } = this.#profile.visit;
    const taken = this.endpoint.write(dripMs > 0 ? head.subarray(0, 1) : head);
    if (taken === 0) return false;
    this.#unsentHead = taken === head.byteLength ? null : head.subarray(taken);
    if (dripMs === 0 || this.#unsentHead === null) return true;
    this.#isPausing = true;
    this.#world.after(dripMs, () => {
      this.#isPausing = false;
      this.#send();
    });
    return false;
  }
}
