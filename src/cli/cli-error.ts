// Failures that the user of a command can mend.

/** A sentence for the terminal, and the exit code. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

export function isUsageError(error: unknown): error is UsageError {
  return error instanceof UsageError;
}

/** What the system's error codes mean to somebody at a terminal. */
const MEANINGS: { readonly [code: string]: string } = {
  EACCES: "permission denied",
  EADDRINUSE: "another program has it; choose another with --port, or 0 for any",
  EADDRNOTAVAIL: "this machine has no such address",
  EISDIR: "it is a directory",
  EAI_AGAIN: "the name cannot be resolved",
  ENOENT: "there is no such file",
  ENOTDIR: "a part of the path is no directory",
  ENOTFOUND: "there is no such name",
};

/** The reason inside `error`, as a phrase. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? String(error.code) : "";
  return MEANINGS[code] ?? error.message;
}
