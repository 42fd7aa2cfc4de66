import { closeSync, openSync } from "node:fs";

// Whether the terminal that a server was started in is still there.

/**
 * A terminal that is closed sends the same signal, and then nobody wants the server any more. Only
 * the signal itself ends it well: Node aborts when it exits normally without its terminal.
 */
export function endByHangUp(): void {
  process.removeAllListeners("SIGHUP");
  process.kill(process.pid, "SIGHUP");
}

/** Tells whether the terminal that there was at the start has been closed since. */
export function watchTerminal(): () => boolean {
  // Under nohup, which shields from that signal, standard error is no terminal.
  const hadTerminal = process.stderr.isTTY === true && hasTerminal();
  return () => hadTerminal && !hasTerminal();
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch (error) {
    // ENXIO: there is none any more. On systems without this file there is nothing to know.
    return !(error instanceof Error && "code" in error && error.code === "ENXIO");
  }
}
