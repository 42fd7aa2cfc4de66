import { FixtureConnection, type FixtureRequest } from "./fixture-connection.ts";

// Servers that are broken in ways that several topics want.

/** Closes behind its last response, as node:http does: what it has not read becomes RST. */
export class ClosesAtOnce extends FixtureConnection {
  protected override end(): void {
    this.isEnding = true;
    this.socket.pause();
    this.socket.destroySoon();
  }
}

/** Answers nothing, and resets whoever asks. */
export class ResetsRequests extends FixtureConnection {
  protected override handleRequest(): void {
    this.socket.resetAndDestroy();
  }
}

/** Refuses early, keeps the connection, and reads what comes as content. */
export class RefusesAndReadsOn extends FixtureConnection {
  protected override handleRequest(request: FixtureRequest): void {
    if (request.path !== "/refuse") {
      super.handleRequest(request);
      return;
    }
    this.send({ status: 413 }, request, []);
    this.current = { request, left: request.contentLength, isAnswered: true };
  }
}
