// Waiting with a deadline. A miss throws with the state at that moment, so that a failing test says
// what had happened instead of what had not.

/** Longest wait of a test for something that happens at once on an idle machine. */
export const DEADLINE_MS = 8_000;

/**
 * The value of `promise`, if it comes in time.
 *
 * @throws {Error} It does not; the message quotes `describe()`.
 */
export async function within<T>(
  promise: Promise<T>,
  what: string,
  describe: () => string = () => "",
  deadlineMs: number = DEADLINE_MS,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const miss = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`Waited ${deadlineMs} ms in vain for ${what}. ${describe()}`));
    }, deadlineMs);
  });
  try {
    return await Promise.race([promise, miss]);
  } finally {
    clearTimeout(timer);
  }
}

/** Looks again and again, for what the kernel does without telling anybody. */
export async function poll(
  what: string,
  isReached: () => boolean,
  describe: () => string = () => "",
  deadlineMs: number = DEADLINE_MS,
): Promise<void> {
  const deadlineAtMs = performance.now() + deadlineMs;
  while (!isReached()) {
    if (performance.now() > deadlineAtMs) {
      throw new Error(`Waited ${deadlineMs} ms in vain for ${what}. ${describe()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A promise that somebody else settles, for handlers that wait for a step of the scenario. */
export class Signal<T = void> {
  readonly promise: Promise<T>;
  readonly #resolve: (value: T) => void;

  constructor() {
    let resolvePromise: (value: T) => void = () => {};
    this.promise = new Promise((resolve) => {
      resolvePromise = resolve;
    });
    this.#resolve = resolvePromise;
  }

  fire(value: T): void {
    this.#resolve(value);
  }
}
